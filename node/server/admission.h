// May this client run this command here and now? Asked before every command of a
// connected client; a refusal is the text of an error reply.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/command.h"
#include "node/commands/ports.h"

namespace windlass::server {

class MemoryLimit;

enum class Verdict { kServe, kRefuse, kHold };

class Admission {
 public:
  Admission(commands::Node* node, MemoryLimit* memory);

  // kServe: *slot is the slot of the keys (0 outside cluster mode).
  // kRefuse: *error is the reply. kHold: a pause holds it back; ask again later.
  Verdict Judge(const client::Client& client, const commands::CommandSpec& spec,
                std::span<const std::string_view> args, slot::SlotId* slot, std::string* error);

  // The flags of this call: what a script declares stands above its command's.
  uint64_t FlagsOf(const commands::CommandSpec& spec, std::span<const std::string_view> args) const;

  // Over the limit with nothing to evict, as of the last command or turn: for what
  // grows the data without being judged here, commands of scripts and arriving slots.
  bool OverMemoryLimit() const;
  // Writes are refused since the data cannot be kept on disk; *error says so.
  bool RefusesWrites(std::string* error) const;
  // There are fewer replicas than min-replicas-to-write.
  bool LacksReplicas() const;

 private:
  Verdict JudgeSlot(const client::Client& client, const commands::CommandSpec& spec,
                    std::span<const std::string_view> args, slot::SlotId* slot, std::string* error);
  Verdict JudgeExec(const client::Client& client, const commands::CommandSpec& spec, std::string* error);
  // REQUIRES: key_views_ are the keys, all of `slot`, which is not simply served.
  Verdict AskSlot(const client::Client& client, const commands::CommandSpec& spec, uint64_t flags, slot::SlotId slot,
                  std::string* error);
  bool RefusedByRole(const client::Client& client, const commands::CommandSpec& spec, uint64_t flags,
                     std::string* error) const;
  bool RefusedByRules(const client::Client& client, const commands::CommandSpec& spec,
                      std::span<const std::string_view> args, std::string* error) const;
  bool RefusedByHealth(const client::Client& client, const commands::CommandSpec& spec, uint64_t flags,
                       std::string* error) const;
  bool RefusedByGuard(const client::Client& client, const commands::CommandSpec& spec,
                      std::string* error) const;

  bool RefusedByMemory(const client::Client& client, const commands::CommandSpec& spec, uint64_t flags) const;

  commands::Node* node_;
  MemoryLimit* memory_;
  std::vector<commands::KeyPosition> keys_;
  std::vector<std::string_view> key_views_;
  const int64_t& replica_read_only_;
  const int64_t& replica_serve_stale_data_;
  const int64_t& min_replicas_to_write_;
  const int64_t& stop_writes_on_bgsave_error_;
  const int64_t& debug_command_;
  const int64_t& module_command_;
};

}  // namespace windlass::server
