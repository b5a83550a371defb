// Passwords are kept as their SHA-256 in hexadecimal, and compared in constant time.
#pragma once

#include <string>
#include <string_view>

namespace windlass::acl {

std::string HashPassword(std::string_view password);
bool IsPasswordHash(std::string_view text);  // 64 lower-case hexadecimal digits
bool SameHash(std::string_view a, std::string_view b);
// `bits` of good randomness, rounded up to whole hexadecimal digits.
std::string GeneratePassword(int bits);

}  // namespace windlass::acl
