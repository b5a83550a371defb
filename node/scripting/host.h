// What a script needs of the server it runs in.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace windlass::scripting {

// Where the effects of a script's commands go; bits of redis.set_repl.
inline constexpr int kReplNone = 0;
inline constexpr int kReplAof = 1;
inline constexpr int kReplReplicas = 2;
inline constexpr int kReplAll = 3;

class Host {
 public:
  virtual ~Host() = default;
  // Runs a command; its reply, or why it may not run, is appended to *reply in RESP of
  // `protocol`.
  virtual void Call(std::span<const std::string_view> args, int protocol, std::string* reply) = 0;
  // redis.acl_check_cmd. 1 allowed, 0 not, -1: no such command.
  virtual int MayCall(std::span<const std::string_view> args) = 0;
  virtual void SetReplication(int flags) = 0;
  // Levels of redis.log: 0 debug to 3 warning.
  virtual void Log(int level, std::string_view text) = 0;
  // A library's code is about to run, not in the name of a script.
  virtual void LoadingLibrary() = 0;
  // Asked every now and then while Lua runs. True: the script is to end.
  virtual bool Interrupted() = 0;
};

}  // namespace windlass::scripting
