// What was refused for lack of rights, newest first, repetitions counted.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "node/acl/selector.h"

namespace windlass::acl {

enum class DenialContext : uint8_t { kTopLevel, kMulti, kLua, kModule };

struct DenialEntry {
  uint64_t id = 0;
  int64_t count = 1;
  Denial denial = Denial::kCommand;
  DenialContext context = DenialContext::kTopLevel;
  std::string object;       // the command, key, channel, or AUTH
  std::string user;
  std::string client_info;  // a line of CLIENT LIST
  int64_t created_ms = 0;   // Unix time
  int64_t updated_ms = 0;
};

class DenialLog {
 public:
  // The same by the same user within a minute is counted where it is.
  void Add(DenialEntry entry, size_t max_entries);
  void Trim(size_t max_entries);
  void Clear() { entries_.clear(); }
  const std::deque<DenialEntry>& entries() const { return entries_; }

 private:
  std::deque<DenialEntry> entries_;
  uint64_t next_id_ = 0;
};

std::string_view NameOf(Denial denial);           // "command", "key", "channel", "auth"
std::string_view NameOf(DenialContext context);   // "toplevel", "multi", "lua", "module"

}  // namespace windlass::acl
