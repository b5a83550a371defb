// Clients that wait for a key to hold something: BLPOP and its kind. What commands
// ask for; server/key_waiter.h does it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "node/commands/command.h"
#include "node/slot/slot_set.h"
#include "node/types/type.h"

namespace windlass::commands {

struct KeyWait {
  std::span<const std::string_view> keys;
  types::Type type;
  int64_t deadline_ms = 0;    // unix milliseconds, 0: none; then the reply is a null array
  bool also_if_gone = false;  // also when a key is no more, or of another type
  std::span<const std::string_view> command = {};  // to be executed; empty: as it was typed
};

class KeyWaits {
 public:
  virtual ~KeyWaits() = default;
  // The handler returns without a reply. When one of the keys changed and holds a
  // value of this type, the command is executed again; among those who wait for a
  // key, the one that waited longest comes first. It may wait again then: it keeps
  // its deadline, and is tried again when a key changes once more.
  virtual void Wait(Call& call, const KeyWait& wait) = 0;
  // A key is worth trying although its value has not changed.
  virtual void MarkReady(int db, std::string_view key) = 0;
  // Whether this client waits for a key: its command is counted when that ends.
  virtual bool Waits(const client::Client& client) const = 0;
  // Runs the commands of clients whose keys have become ready. Call when no command
  // is being executed.
  virtual void ServeReady() = 0;
  // These slots have left this node: clients that wait for keys of them are told
  // where to wait.
  virtual void Redirect(const slot::SlotSet& slots) = 0;
};

// False: nobody may wait here (EXEC), and no reply was written.
bool WaitForKeys(Call& call, const KeyWait& wait);
bool WaitForKeys(Call& call, std::span<const std::string_view> keys, types::Type type, int64_t deadline_ms);
// A timeout in seconds, fractions allowed, as a deadline; 0: none. Nothing: the
// error reply was written.
std::optional<int64_t> ParseDeadline(Call& call, std::string_view text);

}  // namespace windlass::commands
