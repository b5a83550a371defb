// Parsing and making node ids.
#include "node/cluster/node_id.h"

namespace windlass::cluster {

std::optional<NodeId> NodeId::Parse(std::string_view text) {
  if (text.size() != kLength) return std::nullopt;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return FromBytes(text.data());
}

NodeId NodeId::MakeRandom(base::Random& random) {
  const std::string hex = random.Hex(kLength);
  return FromBytes(hex.data());
}

}  // namespace windlass::cluster
