// The forty characters that name a node (and, in the same form, a shard).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/random.h"

namespace windlass::cluster {

class NodeId {
 public:
  static constexpr size_t kLength = 40;

  // The null id (forty zero bytes): "no node" on the bus.
  NodeId() : chars_{} {}
  // Forty lower-case hexadecimal digits; anything else is no id.
  static std::optional<NodeId> Parse(std::string_view text);
  // As the bus carries it, taken as it is. REQUIRES: bytes has kLength bytes.
  static NodeId FromBytes(const char* bytes) {
    NodeId id;
    std::memcpy(id.chars_.data(), bytes, kLength);
    return id;
  }
  static NodeId MakeRandom(base::Random& random);

  bool null() const { return chars_[0] == '\0'; }
  std::string_view view() const { return {chars_.data(), null() ? 0 : kLength}; }
  std::string str() const { return std::string(view()); }
  const char* bytes() const { return chars_.data(); }

  bool operator==(const NodeId& o) const { return std::memcmp(bytes(), o.bytes(), kLength) == 0; }
  std::strong_ordering operator<=>(const NodeId& o) const {
    return std::memcmp(bytes(), o.bytes(), kLength) <=> 0;
  }

 private:
  std::array<char, kLength> chars_;
};

struct NodeIdHash {
  size_t operator()(const NodeId& id) const {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, id.bytes(), sizeof a);
    std::memcpy(&b, id.bytes() + 16, sizeof b);
    return static_cast<size_t>((a ^ (b * 0x9E3779B97F4A7C15ULL)) * 0xFF51AFD7ED558CCDULL >> 7);
  }
};

}  // namespace windlass::cluster
