// Base64, SHA-256 and random text, on OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace windlass::base {

std::string Base64Encode(std::string_view bytes);
// Throws std::invalid_argument if the text is not base64.
std::string Base64Decode(std::string_view text);

// For a part of a URI: letters, digits and -._~ stay as they are.
std::string PercentEncode(std::string_view text);

// Lower-case hexadecimal, 64 digits.
std::string Sha256Hex(std::string_view bytes);

// `length` letters and digits from the kernel's entropy: passwords.
std::string RandomPassword(int length);

}  // namespace windlass::base
