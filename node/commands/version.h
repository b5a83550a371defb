// The versions a node tells: Redis's, which clients parse to know what they may
// use, and its own.
#pragma once

#include <string_view>

namespace windlass::commands {

inline constexpr std::string_view kRedisVersion = "7.2.4";
inline constexpr std::string_view kWindlassVersion = "0.1.0";

}  // namespace windlass::commands
