// CRC-64 with the Jones polynomial: the checksum of RDB files and DUMP payloads.
#pragma once

#include <cstdint>
#include <string_view>

namespace windlass::persistence {

// Continues `crc` (0 to start) over `bytes`.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace windlass::persistence
