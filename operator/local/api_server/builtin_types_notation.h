// The text of the built-in types; its grammar is in builtin_types.cc.
#pragma once

namespace windlass::api_server {

extern const char* const kBuiltinNotation;

}  // namespace windlass::api_server
