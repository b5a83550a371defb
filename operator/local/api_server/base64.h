// Base64 as JSON carries bytes in it.
#pragma once

#include <string>
#include <string_view>

namespace windlass::api_server {

std::string Base64(std::string_view bytes);

}  // namespace windlass::api_server
