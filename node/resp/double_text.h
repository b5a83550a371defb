// Doubles as replies print them: a short text that reads back, in the forms that clients
// have seen since Redis 7.2.
#pragma once

#include <cstddef>
#include <string>

namespace windlass::resp {

inline constexpr size_t kDoubleText = 64;  // the longest text, and what may frame it

// "3", "0.00001", "1.5e-7", "100000000", "1e+19", "inf". Returns the length.
size_t PutDouble(char* out, double value);
// The same, but whole numbers too get an exponent where it is shorter: "1e+8".
size_t PutShortest(char* out, double value);

}  // namespace windlass::resp
