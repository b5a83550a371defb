// Splitting, joining and reading numbers, strictly: a number with anything
// behind it is not a number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::base {

// Pieces between separators, empty ones dropped.
std::vector<std::string> SplitNonEmpty(std::string_view text, char separator);

// Lines without their "\n" or "\r\n".
std::vector<std::string_view> Lines(std::string_view text);

std::string Join(const std::vector<std::string>& parts, std::string_view separator);

std::string_view Trim(std::string_view text);

std::optional<int64_t> ParseInt(std::string_view text);
std::optional<uint64_t> ParseUint(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

}  // namespace windlass::base
