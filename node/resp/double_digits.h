// The decimal digits of a double, found by Grisu2 (F. Loitsch, "Printing Floating-Point
// Numbers Quickly and Accurately with Integers", 2010).
//
// They read back as the same double, and one time in a thousand there are more than the
// fewest that would. That is why this is not std::to_chars: servers of this protocol have
// printed these digits since Redis 7.2, and digests and logged scores hold them.
#pragma once

#include <cstddef>

namespace windlass::resp {

struct DoubleDigits {
  char text[20];     // without a point; neither the first nor the last is a zero by need
  size_t count = 0;  // 1 to 18
  int power = 0;     // of ten, of the last digit
};

// REQUIRES: value > 0 and finite
DoubleDigits DigitsOf(double value);

}  // namespace windlass::resp
