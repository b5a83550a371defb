// See interpreter.h.
#include "node/scripting/interpreter.h"

#include <cstring>
#include <new>

#include "node/scripting/host.h"
#include "node/scripting/lua_api.h"
#include "node/scripting/redis_library.h"
#include "node/scripting/reply_maker.h"
#include "node/scripting/sandbox.h"

namespace windlass::scripting {
namespace {

constexpr int kInstructionsBetweenLooks = 100000;
constexpr char kSelf[] = "windlass.interpreter";

// As tostring would tell it, less metamethods.
std::string TextOf(lua_State* lua, int index) {
  if (lua_isstring(lua, index) != 0) return std::string(TextAt(lua, index));
  if (lua_isboolean(lua, index)) return lua_toboolean(lua, index) != 0 ? "true" : "false";
  if (lua_isnil(lua, index)) return "nil";
  lua_pushfstring(lua, "%s: %p", luaL_typename(lua, index), lua_topointer(lua, index));
  std::string text(TextAt(lua, -1));
  lua_pop(lua, 1);
  return text;
}

// The error value becomes a table that tells where it was raised.
int Annotate(lua_State* lua) {
  lua_settop(lua, 1);
  lua_Debug place;
  std::memset(&place, 0, sizeof place);
  bool known = lua_getstack(lua, 1, &place) != 0 && lua_getinfo(lua, "nSl", &place) != 0;
  if (known && std::strcmp(place.what, "C") == 0) {
    known = lua_getstack(lua, 2, &place) != 0 && lua_getinfo(lua, "nSl", &place) != 0;
  }
  if (!lua_istable(lua, 1)) {
    const std::string text = "ERR " + TextOf(lua, 1);
    lua_createtable(lua, 0, 3);
    PushText(lua, text);
    lua_setfield(lua, -2, "err");
    lua_replace(lua, 1);
  }
  if (known) {
    lua_pushstring(lua, place.source);
    lua_setfield(lua, 1, "source");
    lua_pushinteger(lua, place.currentline);
    lua_setfield(lua, 1, "line");
  }
  return 1;
}

void PushTexts(lua_State* lua, std::span<const std::string_view> texts) {
  lua_createtable(lua, static_cast<int>(texts.size()), 0);
  int i = 0;
  for (const std::string_view text : texts) {
    PushText(lua, text);
    lua_rawseti(lua, -2, ++i);
  }
}

std::string Place(const ScriptError& error, std::string_view name) {
  if (error.source.empty() || error.line.empty()) return "";
  return " script: " + std::string(name) + ", on " + error.source + ":" + error.line + ".";
}

}  // namespace

Interpreter::Interpreter(const Options& options) : calls_(std::make_unique<Calls>()), lua_(luaL_newstate()) {
  if (lua_ == nullptr) throw std::bad_alloc();
  calls_->host = options.host;
  calls_->version = options.version;
  calls_->version_number = options.version_number;
  lua_pushlightuserdata(lua_, this);
  lua_setfield(lua_, LUA_REGISTRYINDEX, kSelf);
  OpenLibraries(lua_, options.random_state != nullptr ? options.random_state : &calls_->random_state);
  OpenRedis(lua_, calls_.get());
  if (options.prepare) options.prepare(lua_);
  Seal(lua_);
}

Interpreter::~Interpreter() { lua_close(lua_); }

base::Result<int> Interpreter::Compile(std::string_view text, const char* chunk_name) {
  if (CompileText(lua_, text, chunk_name) != 0) {
    std::string message(TextAt(lua_, -1));
    lua_pop(lua_, 1);
    return base::Error{std::move(message)};
  }
  return luaL_ref(lua_, LUA_REGISTRYINDEX);
}

void Interpreter::Forget(int reference) { luaL_unref(lua_, LUA_REGISTRYINDEX, reference); }

void Interpreter::OnCount(lua_State* lua, lua_Debug*) {
  lua_getfield(lua, LUA_REGISTRYINDEX, kSelf);
  Interpreter* self = static_cast<Interpreter*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  if (!self->calls_->host->Interrupted()) return;
  // At every line from now on: a pcall in the script must not keep it alive.
  lua_sethook(lua, OnCount, LUA_MASKLINE, 0);
  lua_createtable(lua, 0, 1);
  PushText(lua, "ERR " + std::string(self->killed_));
  lua_setfield(lua, -2, "err");
  lua_error(lua);
}

int Interpreter::ProtectedCall(int arguments, int results, std::string_view killed) {
  killed_ = killed;
  calls_->protocol = 2;
  lua_pushcfunction(lua_, Annotate);
  lua_insert(lua_, -(arguments + 2));
  const int handler = lua_gettop(lua_) - arguments - 1;
  lua_sethook(lua_, OnCount, LUA_MASKCOUNT, kInstructionsBetweenLooks);
  const int status = lua_pcall(lua_, arguments, results, handler);
  lua_sethook(lua_, nullptr, 0, 0);
  lua_remove(lua_, handler);
  return status;
}

Interpreter::Outcome Interpreter::Execute(const Run& run, resp::ReplyWriter* reply) {
  const int base = lua_gettop(lua_);
  int arguments = 0;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, run.function);
  PushTexts(lua_, run.keys);
  if (run.as_globals) SetSealedGlobal(lua_, "KEYS");
  PushTexts(lua_, run.args);
  if (run.as_globals) {
    SetSealedGlobal(lua_, "ARGV");
  } else {
    arguments = 2;
  }
  Outcome outcome;
  if (ProtectedCall(arguments, 1, run.killed) == 0) {
    outcome.counted = lua_istable(lua_, -1) && ErrorAt(lua_, -1).counted;
    WriteReply(lua_, calls_->protocol, reply);
  } else if (!lua_istable(lua_, -1)) {
    outcome.failed = true;
    const std::string text = lua_isstring(lua_, -1) != 0 ? std::string(TextAt(lua_, -1)) : "execution failure";
    reply->Error("ERR Error running script " + std::string(run.name) + ", " + text.substr(0, 100));
  } else {
    const ScriptError error = ErrorAt(lua_, -1);
    outcome = {true, error.counted};
    reply->Error((error.message.empty() ? "ERR unknown error" : error.message) + Place(error, run.name));
  }
  lua_settop(lua_, base);
  return outcome;
}

base::Result<void> Interpreter::ExecuteChunk(int function, std::string_view killed) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, function);
  if (ProtectedCall(0, 0, killed) == 0) return {};
  const ScriptError error = ErrorAt(lua_, -1);
  lua_pop(lua_, 1);
  return base::Error{error.message};
}

size_t Interpreter::memory_bytes() const {
  return static_cast<size_t>(lua_gc(lua_, LUA_GCCOUNT, 0)) * 1024 + static_cast<size_t>(lua_gc(lua_, LUA_GCCOUNTB, 0));
}

void Interpreter::CollectGarbage() { lua_gc(lua_, LUA_GCCOLLECT, 0); }

}  // namespace windlass::scripting
