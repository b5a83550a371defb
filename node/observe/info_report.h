// INFO: an ordered list of sections, each written by whoever knows its facts.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::observe {

class InfoWriter {
 public:
  explicit InfoWriter(std::string* out) : out_(out) {}
  void Field(std::string_view name, std::string_view value);
  void Field(std::string_view name, int64_t value);
  void Field(std::string_view name, uint64_t value) { Field(name, static_cast<int64_t>(value)); }
  void Field(std::string_view name, int value) { Field(name, static_cast<int64_t>(value)); }
  void Field(std::string_view name, bool value) { Field(name, static_cast<int64_t>(value)); }
  void Field(std::string_view name, const char* value) { Field(name, std::string_view(value)); }
  void Fieldf(std::string_view name, const char* format, ...) __attribute__((format(printf, 3, 4)));
  void Bytes(std::string_view name, int64_t bytes);  // "1.50M"

 private:
  std::string* out_;
};

// "512B", "1.50K", "2.00M", "3.00G": used_memory_human and others.
std::string HumanBytes(int64_t bytes);

enum class Shown { kDefault, kAllOnly };  // commandstats, latencystats: only by name or "all"

class InfoReport {
 public:
  using Write = std::function<void(InfoWriter&)>;
  // `name` as in "# Replication"; matched without case. Order of INFO is the
  // order of `Order` below, whatever the order of registration.
  void Add(std::string_view name, Shown shown, Write write);
  std::string Render(std::span<const std::string_view> wanted) const;

 private:
  struct Section {
    std::string name;
    Shown shown;
    Write write;
    int rank;
  };
  std::vector<Section> sections_;  // sorted by rank
};

}  // namespace windlass::observe
