// The first line of a script: "#!lua name=... flags=...".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::scripting {

enum ScriptFlag : uint32_t {
  kNoWrites = 1 << 0,        // no-writes
  kAllowOom = 1 << 1,        // allow-oom
  kAllowStale = 1 << 2,      // allow-stale
  kNoCluster = 1 << 3,       // no-cluster
  kAllowCrossSlot = 1 << 4,  // allow-cross-slot-keys
  kCompatible = 1 << 5,      // a script without such a line: its commands are judged one by one
};

struct FlagWord {
  std::string_view word;
  uint32_t flag;
};
inline constexpr FlagWord kFlagWords[] = {{"no-writes", kNoWrites},
                                          {"allow-oom", kAllowOom},
                                          {"allow-stale", kAllowStale},
                                          {"no-cluster", kNoCluster},
                                          {"allow-cross-slot-keys", kAllowCrossSlot}};
// 0 if there is no such flag.
uint32_t FlagOf(std::string_view word);

// The flags of a script for EVAL and the bytes of its first line that are not Lua.
struct ScriptHead {
  uint32_t flags = kCompatible;
  size_t length = 0;
};
base::Result<ScriptHead> ReadScriptHead(std::string_view script);

// The engine's and the library's name, and the length of the line, of a function library.
struct LibraryHead {
  std::string engine;
  std::string name;
  size_t length = 0;
};
base::Result<LibraryHead> ReadLibraryHead(std::string_view code);

}  // namespace windlass::scripting
