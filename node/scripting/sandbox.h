// What scripts can reach, and that they cannot change it.
//
// Lua 5.1 has no read-only tables. A table that is to be one is replaced by an empty
// stand-in whose metatable looks things up in the real one and refuses assignments;
// the functions that go past metatables (rawset, next, ...) are replaced by ones that
// know stand-ins.
#pragma once

#include <cstdint>

struct lua_State;

namespace windlass::scripting {

// Lua's libraries, those of libraries.h, cjson and bit, as globals, less what reaches
// outside. Globals can still be added. `random_state`: see ReplaceRandom.
void OpenLibraries(lua_State* lua, uint64_t* random_state);
// Puts stand-ins in the place of all global tables and of the globals themselves. From
// now on scripts can neither add nor change globals, and reading one that is absent is
// an error.
void Seal(lua_State* lua);
// Sets a global of sealed globals to the value on top, and pops it.
void SetSealedGlobal(lua_State* lua, const char* name);

}  // namespace windlass::scripting
