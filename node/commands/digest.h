// DEBUG DIGEST: a fingerprint of the data, equal on every server that holds the
// same keys, values and presence of expiry, whatever their order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using Digest = std::array<uint8_t, 20>;

Digest DigestOfAll(keyspace::Keyspace& keyspace);
// Of the value alone, as DEBUG DIGEST-VALUE gives it; zeros for an absent key.
Digest DigestOfValue(const keyspace::Entry* entry);
std::string HexOf(const Digest& digest);

}  // namespace windlass::commands
