// One Lua state in its sandbox: compiles scripts and runs them.
//
// Loop thread. Does not nest: a script cannot run another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/resp/reply_writer.h"

struct lua_State;
struct lua_Debug;

namespace windlass::scripting {

class Host;
struct Calls;

class Interpreter {
 public:
  struct Options {
    Host* host;
    std::string_view version;  // what redis.REDIS_VERSION says
    int version_number;
    // For function libraries: called with the state before it is sealed.
    std::function<void(lua_State*)> prepare;
    // Of math.random, shared by several; null: one of its own.
    uint64_t* random_state = nullptr;
  };
  explicit Interpreter(const Options& options);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Compiles a chunk; a reference to the function, or the compiler's message.
  base::Result<int> Compile(std::string_view text, const char* chunk_name);
  void Forget(int reference);

  struct Run {
    int function;
    std::string_view name;  // told in errors
    std::span<const std::string_view> keys;
    std::span<const std::string_view> args;
    bool as_globals;  // KEYS and ARGV are globals; else the function's arguments
    std::string_view killed;  // the error of a script that was interrupted
  };
  struct Outcome {
    bool failed = false;
    bool counted = false;  // the error replied is one that was counted already
  };
  // Runs and writes the one reply.
  Outcome Execute(const Run& run, resp::ReplyWriter* reply);
  // Runs a chunk for what it does; an error as Execute would tell it.
  base::Result<void> ExecuteChunk(int function, std::string_view killed);

  size_t memory_bytes() const;
  void CollectGarbage();
  lua_State* lua() { return lua_; }

 private:
  static void OnCount(lua_State* lua, lua_Debug* debug);
  int ProtectedCall(int arguments, int results, std::string_view killed);

  std::unique_ptr<Calls> calls_;
  lua_State* lua_;
  std::string_view killed_;
};

}  // namespace windlass::scripting
