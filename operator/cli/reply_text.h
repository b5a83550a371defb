// A reply as redis-cli prints it, and a line of input as it reads one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "operator/redis/reply.h"

namespace windlass::cli {

// For people: "(integer) 1", "\"quoted\"", "1) …"; ends with a newline.
std::string FormattedReply(const redis::Reply& reply);

// For programs: bare values, one a line; ends with a newline.
std::string RawReply(const redis::Reply& reply);

// Words of a line: "double quotes" with \n \r \t \a \b \xHH \\ \" escapes,
// 'single quotes' with \'; absent if a quote does not close, or something
// follows a closing quote without a space.
std::optional<redis::Command> SplitWords(std::string_view line);

}  // namespace windlass::cli
