// What scripts can reach, and that they cannot change it.
//
// Lua 5.1 has no read-only tables. A table that is to be one is replaced by an empty
// stand-in whose metatable looks things up in the real one and refuses assignments;
// the functions that go past metatables (rawset, next, ...) are replaced by ones that
// know stand-ins.
#pragma once

#include <cstdint>
#include <string_view>

struct lua_State;

namespace windlass::scripting {

// Pushes the chunk or the error, as lua_load does. Compiled code, which nothing checks
// and which could go past the sandbox, is read as text, and so refused.
int CompileText(lua_State* lua, std::string_view text, const char* name);
// Lua's libraries, those of libraries.h, cjson and bit, as globals, less what reaches
// outside. Globals can still be added. `random_state`: see ReplaceRandom.
void OpenLibraries(lua_State* lua, uint64_t* random_state);
// Puts stand-ins in the place of all global tables and of the globals themselves. From
// now on scripts can neither add nor change globals, and reading one that is absent is
// an error.
void Seal(lua_State* lua);
// While a library is loaded it sees only the table on top, as `redis`, and none of the
// globals; pops it. Its functions see what Seal left.
void SetLoadGlobals(lua_State* lua);
void ShowLoadGlobals(lua_State* lua, bool show);
// Sets a global of sealed globals to the value on top, and pops it.
void SetSealedGlobal(lua_State* lua, const char* name);

}  // namespace windlass::scripting
