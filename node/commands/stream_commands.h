// The handlers of the commands on streams, for their table; and what they share.
#pragma once

#include <string_view>

#include "node/commands/command.h"
#include "node/commands/containers.h"
#include "node/types/stream.h"

namespace windlass::commands {

// stream_read_commands.cc
void XReadCommand(Call& call);
void XReadGroupCommand(Call& call);
// XREAD's and XREADGROUP's keys, as their key specifications find them.
bool XReadKeys(std::span<const std::string_view> args, KeyPositions* out);
bool XReadGroupKeys(std::span<const std::string_view> args, KeyPositions* out);

// stream_group_commands.cc
void XAckCommand(Call& call);
std::span<const CommandSpec> XGroupSubcommands();

// stream_pending_commands.cc
void XPendingCommand(Call& call);
void XClaimCommand(Call& call);
void XAutoClaimCommand(Call& call);

// stream_info_command.cc
std::span<const CommandSpec> XInfoSubcommands();

// A group's change told to the log in a form that repeats it exactly.
class GroupEffects {
 public:
  GroupEffects(Call& call, std::string_view key, std::string_view group) : call_(call), key_(key), group_(group) {}
  // An entry was given to a consumer, or, if the stream has it no more, dropped.
  void Claim(types::StreamId id, const types::StreamPending& pending, types::StreamId last_id);
  void SetId(const types::StreamGroup& group);
  void CreateConsumer(std::string_view consumer);

 private:
  Call& call_;
  const std::string_view key_;
  const std::string_view group_;
};

// The consumer of this name, new if need be, seen now. `created`, if not null: whether
// it is new.
types::StreamConsumer& SeenConsumer(Call& call, keyspace::ObjectEdit* edit, types::StreamGroup* group,
                                    std::string_view name, bool* created = nullptr);

}  // namespace windlass::commands
