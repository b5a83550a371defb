// Kubernetes quantities ("512Mi", "100m", "1.5G") as whole units.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace windlass::api {

// The value rounded down to a whole number of units (bytes); nothing if the
// text is no quantity, is negative or does not fit 63 bits.
std::optional<int64_t> ParseQuantity(std::string_view text);

}  // namespace windlass::api
