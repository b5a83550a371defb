// The Lua 5.1 API as this folder uses it, and a few shorthands. Only for .cc files.
#pragma once

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

#include <string_view>

namespace windlass::scripting {

inline void PushText(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

// The string at `index`, which must be one.
inline std::string_view TextAt(lua_State* lua, int index) {
  size_t size = 0;
  const char* text = lua_tolstring(lua, index, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

}  // namespace windlass::scripting
