// Of the operator and its tools, which are released together.
#pragma once

namespace windlass::base {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace windlass::base
