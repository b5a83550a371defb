// A number for everything that happened, in order: two runs with the same one were
// the same to the last byte of the last packet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace windlass::sim {

class TraceHash {
 public:
  void Add(uint64_t number) { Add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number)); }
  void Add(std::string_view bytes) {
    pending_.append(bytes);
    if (pending_.size() >= kBlock) Fold();
  }
  uint64_t value();

 private:
  static constexpr size_t kBlock = 64 << 10;
  void Fold();

  std::string pending_;
  uint64_t hash_ = 0;  // of all blocks before, each hashed with the one before as seed
};

}  // namespace windlass::sim
