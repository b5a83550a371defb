// The hash of a container's element: one function for every table of this process.
#pragma once

#include <cstdint>
#include <string_view>

namespace windlass::types {

// Seeded once for the process, so that nobody can prepare elements that collide.
uint64_t HashElement(std::string_view element);

// The bits in opposite order. Scans count their cursors upwards from the most
// significant bit of the mask, so that leaves split or joined in between are met
// again rather than missed.
uint64_t ReverseBits(uint64_t bits);

}  // namespace windlass::types
