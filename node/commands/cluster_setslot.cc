// CLUSTER SETSLOT. Replicas are told of an open or given slot before their master acts
// on it, so that one that is elected the next moment knows of it: as in Valkey 8
// (https://valkey.io/commands/cluster-setslot/), with its TIMEOUT and NOREPLICAS.
#include <optional>
#include <string>
#include <utility>

#include "node/cluster/core.h"
#include "node/commands/ack_wait.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/commands/slot_migration_port.h"
#include "node/replication/primary_side.h"
#include "node/replication/replication_log.h"

namespace windlass::commands {
namespace {

using Command = cluster::SetSlotCommand;

// Unless TIMEOUT says how long. A replica that is still taking in a large value (of a MIGRATE
// just before, say) is waited for, since not every tool asks again.
constexpr int64_t kStalledMs = 2000;
constexpr int64_t kLongestMs = 60000;

// args[3..]: an action, and TIMEOUT. False: the reply is written.
bool ParseAction(Call& call, Command* command, std::optional<int64_t>* timeout) {
  using Kind = Command::Kind;
  std::span<const std::string_view> args = call.args;
  if (args.size() >= 6 && EqualsNoCase(args[args.size() - 2], "timeout")) {
    int64_t timeout_ms = 0;
    if (!ParseInt64(args.back(), &timeout_ms)) {
      call.reply.Error("ERR timeout is not an integer or out of range");
      return false;
    }
    if (timeout_ms < 0) {
      call.reply.Error("ERR timeout is negative");
      return false;
    }
    *timeout = timeout_ms;
    args = args.first(args.size() - 2);
  }
  const std::string_view action = args[3];
  if (EqualsNoCase(action, "stable") && args.size() == 4) {
    command->kind = Kind::kStable;
  } else if (EqualsNoCase(action, "migrating") && args.size() == 5) {
    command->kind = Kind::kMigrating;
  } else if (EqualsNoCase(action, "importing") && args.size() == 5) {
    command->kind = Kind::kImporting;
  } else if (EqualsNoCase(action, "node") && args.size() == 5) {
    command->kind = Kind::kNode;
  } else {
    call.reply.Error("ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
    return false;
  }
  if (args.size() == 5) command->id = args[4];
  return true;
}

// Whether the command may be done now.
base::Result<void> MayDo(const Node& node, const ClusterPort& port, const Command& command) {
  if (const auto checked = port.Check(command); !checked.ok()) return base::Error{checked.error()};
  return node.slot_migrations->MaySet(command);
}

}  // namespace

void ClusterSetSlot(Call& call) {
  ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  Command command;
  command.from_master = call.client.Has(client::kMasterLink);
  if (!command.from_master && !port->core().IsMaster()) return call.reply.Error("ERR Please use SETSLOT only with masters.");
  std::optional<int64_t> timeout;
  if (!ParseSlot(call, call.args[2], &command.slot) || !ParseAction(call, &command, &timeout)) return;
  if (!command.from_master) {
    if (const auto may = MayDo(call.node, *port, command); !may.ok()) return call.reply.Error(may.error());
  }
  if (command.from_master || !port->TellReplicas(command)) return port->Execute(call, command);

  const replication::PrimarySide* primary = call.node.primary_side;
  const int64_t offset = call.node.repl_log->offset();
  AckWait wait;
  wait.timeout_ms = timeout.value_or(kLongestMs);
  if (!timeout) wait.patience = {offset, kStalledMs};
  // Those that have been silent for longer than min-replicas-max-lag are not waited for.
  wait.enough = [=] { return primary->AckedBy(offset) >= primary->GoodReplicas(); };
  wait.answer = [=, node = &call.node, enough = wait.enough, waits = !call.client.Has(client::kDenyBlocking)](client::Client& client) {
    const bool told = !waits || enough();
    const auto may = MayDo(*node, *port, command);  // once more: time has passed
    if (told && may.ok()) return port->Execute(client, command);
    port->TellReplicasAsItIs(command.slot);
    client.reply.Error(told ? may.error() : "NOREPLICAS Not enough good replicas to write.");
  };
  WaitForAcks(call, std::move(wait));
}

}  // namespace windlass::commands
