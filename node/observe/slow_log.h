// The slow log: the last commands that took longer than the threshold.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::observe {

class SlowLog {
 public:
  struct Entry {
    int64_t id;
    int64_t unix_seconds;
    int64_t duration_us;
    std::vector<std::string> args;  // shortened
    std::string peer;
    std::string client_name;
  };
  void Add(std::span<const std::string_view> args, int64_t unix_seconds, int64_t duration_us,
           std::string peer, std::string client_name, size_t max_entries);
  const std::deque<Entry>& entries() const { return entries_; }  // newest first
  int64_t next_id() const { return next_id_; }
  void Clear() { entries_.clear(); }
  void Trim(size_t max_entries);

 private:
  static constexpr size_t kMaxArgs = 32;
  static constexpr size_t kMaxArgBytes = 128;
  int64_t next_id_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace windlass::observe
