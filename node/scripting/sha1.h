// SHA-1 as 40 hex digits: the names of scripts.
#pragma once

#include <string>
#include <string_view>

namespace windlass::scripting {

std::string Sha1OfText(std::string_view text);

}  // namespace windlass::scripting
