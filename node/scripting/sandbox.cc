// See sandbox.h.
#include "node/scripting/sandbox.h"

#include <string>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

extern "C" {
int luaopen_cjson(lua_State* lua);
}

namespace windlass::scripting {
namespace {

constexpr char kStandIns[] = "windlass.stand_ins";  // registry: stand-in to real table
constexpr char kGlobals[] = "windlass.globals";     // registry: the real globals
constexpr char kLoadGlobals[] = "windlass.load_globals";  // registry: those of a library that is loaded
constexpr char kReadonly[] = "Attempt to modify a readonly table";

constexpr int64_t kMostUnpacked = 8000;  // values on a C stack of Lua's

// Globals that scripts keep.
constexpr const char* kKept[] = {
    "_G",     "_VERSION",     "assert", "bit",      "cjson",  "cmsgpack", "collectgarbage", "coroutine", "error",
    "gcinfo", "getmetatable", "ipairs", "load",     "loadstring", "math", "next",           "os",        "pairs",
    "pcall",  "rawequal",     "rawget", "rawset",   "redis",  "select",   "setmetatable",   "string",    "struct",
    "table",  "tonumber",     "tostring", "type",   "unpack", "xpcall"};

// Replaces the argument at `index` by the real table if it is a stand-in.
bool Uncover(lua_State* lua, int index) {
  if (!lua_istable(lua, index)) return false;
  lua_getfield(lua, LUA_REGISTRYINDEX, kStandIns);
  lua_pushvalue(lua, index);
  lua_rawget(lua, -2);
  lua_remove(lua, -2);
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    return false;
  }
  lua_replace(lua, index);
  return true;
}

int RefuseAssignment(lua_State* lua) { return luaL_error(lua, kReadonly); }

int Refuse(lua_State* lua) {
  lua_pushstring(lua, kReadonly);
  return lua_error(lua);
}

int AbsentGlobal(lua_State* lua) {
  const char* name = lua_tostring(lua, 2);
  return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'", name == nullptr ? "?" : name);
}

int Next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  Uncover(lua, 1);
  lua_settop(lua, 2);
  if (lua_next(lua, 1) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int Pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  Uncover(lua, 1);
  lua_pushcfunction(lua, Next);
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

int RawGet(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  Uncover(lua, 1);
  lua_settop(lua, 2);
  lua_rawget(lua, 1);
  return 1;
}

int RawSet(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  luaL_checkany(lua, 3);
  if (Uncover(lua, 1)) return Refuse(lua);
  lua_settop(lua, 3);
  lua_rawset(lua, 1);
  return 1;
}

int SetMetatable(lua_State* lua) {
  const int type = lua_type(lua, 2);
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  lua_settop(lua, 2);
  lua_pushvalue(lua, 1);
  if (Uncover(lua, 3)) return Refuse(lua);
  lua_settop(lua, 2);
  if (luaL_getmetafield(lua, 1, "__metatable") != 0) return luaL_error(lua, "cannot change a protected metatable");
  lua_setmetatable(lua, 1);
  return 1;
}

// Errors of commands are tables; scripts written for servers where they were strings
// get the string.
int PCall(lua_State* lua) {
  luaL_checkany(lua, 1);
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status != 0 && lua_istable(lua, -1)) {
    lua_getfield(lua, -1, "err");
    if (lua_isstring(lua, -1) != 0) {
      lua_replace(lua, -2);
    } else {
      lua_pop(lua, 1);
    }
  }
  lua_pushboolean(lua, status == 0 ? 1 : 0);
  lua_insert(lua, 1);
  return lua_gettop(lua);
}

int LoadText(lua_State* lua, std::string_view text, const char* name) {
  if (CompileText(lua, text, name) == 0) return 1;
  lua_pushnil(lua);
  lua_insert(lua, -2);
  return 2;
}

int LoadString(lua_State* lua) {
  size_t size;
  const char* text = luaL_checklstring(lua, 1, &size);
  return LoadText(lua, std::string_view(text, size), luaL_optstring(lua, 2, text));
}

int Load(lua_State* lua) {
  const char* name = luaL_optstring(lua, 2, "=(load)");
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  std::string text;
  for (;;) {
    lua_pushvalue(lua, 1);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) break;
    if (lua_isstring(lua, -1) == 0) return luaL_error(lua, "reader function must return a string");
    const std::string_view part = TextAt(lua, -1);
    if (part.empty()) break;
    text += part;
    lua_pop(lua, 1);
  }
  return LoadText(lua, text, name);
}

// Lua's own counts what it is to return in an int, past whose end it can be led.
int Unpack(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const int first = luaL_optint(lua, 2, 1);
  const int last = lua_isnoneornil(lua, 3) ? static_cast<int>(lua_objlen(lua, 1)) : luaL_checkint(lua, 3);
  if (first > last) return 0;
  const int64_t count = int64_t{last} - first + 1;
  if (count > kMostUnpacked || lua_checkstack(lua, static_cast<int>(count)) == 0) {
    return luaL_error(lua, "too many results to unpack");
  }
  for (int64_t i = first; i <= last; ++i) lua_rawgeti(lua, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

void Open(lua_State* lua, lua_CFunction open, const char* name) {
  lua_pushcfunction(lua, open);
  lua_pushstring(lua, name);
  lua_call(lua, 1, 0);
}

void OpenAs(lua_State* lua, lua_CFunction open, const char* name) {
  lua_pushcfunction(lua, open);
  lua_call(lua, 0, 1);
  lua_setglobal(lua, name);
}

// Of the system's clocks scripts see one, which tells nothing of the date.
void KeepClockOnly(lua_State* lua) {
  lua_getglobal(lua, "os");
  lua_newtable(lua);
  lua_getfield(lua, -2, "clock");
  lua_setfield(lua, -2, "clock");
  lua_setglobal(lua, "os");
  lua_pop(lua, 1);
}

void DropWhatIsNotKept(lua_State* lua) {
  lua_newtable(lua);  // the kept ones
  for (const char* name : kKept) {
    lua_getglobal(lua, name);
    lua_setfield(lua, -2, name);
  }
  lua_pushnil(lua);
  while (lua_next(lua, LUA_GLOBALSINDEX) != 0) {
    lua_pop(lua, 1);
    lua_pushvalue(lua, -1);
    lua_rawget(lua, -3);
    const bool kept = !lua_isnil(lua, -1);
    lua_pop(lua, 1);
    if (kept) continue;
    lua_pushvalue(lua, -1);
    lua_pushnil(lua);
    lua_rawset(lua, LUA_GLOBALSINDEX);  // clearing is allowed while going through
  }
  lua_pop(lua, 1);
}

// Replaces the table on top by a stand-in.
void Cover(lua_State* lua) {
  lua_newtable(lua);  // real, stand-in
  lua_newtable(lua);  // real, stand-in, metatable
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, RefuseAssignment);
  lua_setfield(lua, -2, "__newindex");
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "__metatable");  // to those who ask, the stand-in itself
  lua_setmetatable(lua, -2);
  lua_getfield(lua, LUA_REGISTRYINDEX, kStandIns);
  lua_pushvalue(lua, -2);
  lua_pushvalue(lua, -4);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
  lua_remove(lua, -2);
}

// Reading what is not in the table on top is an error.
void RefuseAbsent(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, AbsentGlobal);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

}  // namespace

int CompileText(lua_State* lua, std::string_view text, const char* name) {
  std::string escaped;
  if (!text.empty() && text[0] == LUA_SIGNATURE[0]) {
    escaped = " " + std::string(text);
    text = escaped;
  }
  // Lua's compiler holds values that its collector does not know of.
  lua_gc(lua, LUA_GCSTOP, 0);
  const int status = luaL_loadbuffer(lua, text.data(), text.size(), name);
  lua_gc(lua, LUA_GCRESTART, 0);
  return status;
}

void OpenLibraries(lua_State* lua, uint64_t* random_state) {
  lua_newtable(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, kStandIns);
  Open(lua, luaopen_base, "");
  Open(lua, luaopen_table, LUA_TABLIBNAME);
  Open(lua, luaopen_string, LUA_STRLIBNAME);
  Open(lua, luaopen_math, LUA_MATHLIBNAME);
  Open(lua, luaopen_os, LUA_OSLIBNAME);
  KeepClockOnly(lua);
  OpenAs(lua, luaopen_cjson, "cjson");
  OpenAs(lua, OpenBit, "bit");
  OpenAs(lua, OpenCmsgpack, "cmsgpack");
  OpenAs(lua, OpenStruct, "struct");
  lua_getglobal(lua, "math");
  ReplaceRandom(lua, random_state);
  lua_pop(lua, 1);
  DropWhatIsNotKept(lua);
  static constexpr luaL_Reg kOwn[] = {{"next", Next},     {"pairs", Pairs},   {"rawget", RawGet},
                                      {"rawset", RawSet}, {"setmetatable", SetMetatable},
                                      {"pcall", PCall},   {"load", Load},     {"loadstring", LoadString}, {"unpack", Unpack}};
  for (const luaL_Reg& entry : kOwn) {
    lua_pushcfunction(lua, entry.func);
    lua_setglobal(lua, entry.name);
  }
}

void Seal(lua_State* lua) {
  for (const char* name : kKept) {
    lua_getglobal(lua, name);
    if (lua_istable(lua, -1) && std::string_view(name) != "_G") {
      Cover(lua);
      lua_pushvalue(lua, -1);
      lua_setglobal(lua, name);
    }
    lua_pop(lua, 1);
  }
  // Methods of strings are found in the real table; who asks for it gets the stand-in.
  lua_pushstring(lua, "");
  if (lua_getmetatable(lua, -1) != 0) {
    lua_newtable(lua);
    lua_getglobal(lua, "string");
    lua_setfield(lua, -2, "__index");
    Cover(lua);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  RefuseAbsent(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, LUA_REGISTRYINDEX, kGlobals);
  Cover(lua);
  lua_getfield(lua, LUA_REGISTRYINDEX, kGlobals);
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "_G");
  lua_pop(lua, 1);
  lua_replace(lua, LUA_GLOBALSINDEX);
}

void SetLoadGlobals(lua_State* lua) {
  RefuseAbsent(lua);
  Cover(lua);
  lua_newtable(lua);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "redis");
  RefuseAbsent(lua);
  lua_setfield(lua, LUA_REGISTRYINDEX, kLoadGlobals);
}

void ShowLoadGlobals(lua_State* lua, bool show) {
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  lua_getmetatable(lua, -1);
  lua_getfield(lua, LUA_REGISTRYINDEX, show ? kLoadGlobals : kGlobals);
  lua_setfield(lua, -2, "__index");
  lua_pop(lua, 2);
}

void SetSealedGlobal(lua_State* lua, const char* name) {
  lua_getfield(lua, LUA_REGISTRYINDEX, kGlobals);
  lua_insert(lua, -2);
  lua_pushstring(lua, name);
  lua_insert(lua, -2);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
}

}  // namespace windlass::scripting
