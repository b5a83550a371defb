// CLUSTER subcommands that change the cluster: arguments to cluster::AdminCommand;
// the core checks, decides and says what to reply.
#include <string>

#include "node/cluster/core.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

constexpr std::string_view kInvalidSlot = "ERR Invalid or out of range slot";

bool ParseSlot(std::string_view text, slot::SlotId* slot) {
  int64_t value = 0;
  if (!ParseInt64(text, &value) || value < 0 || value >= slot::kSlotCount) return false;
  *slot = static_cast<slot::SlotId>(value);
  return true;
}

// args[2..] as single slots.
bool ParseSlots(Call& call, std::vector<slot::SlotRange>* ranges) {
  for (size_t i = 2; i < call.args.size(); ++i) {
    slot::SlotId slot = 0;
    if (!ParseSlot(call.args[i], &slot)) {
      call.reply.Error(kInvalidSlot);
      return false;
    }
    ranges->push_back({slot, slot});
  }
  return true;
}

// args[2..] as pairs of first and last slot.
bool ParseSlotPairs(Call& call, std::vector<slot::SlotRange>* ranges) {
  if (call.args.size() % 2 == 1) {
    call.reply.Error("ERR wrong number of arguments for '" + std::string(call.spec.name) + "' command");
    return false;
  }
  for (size_t i = 2; i + 1 < call.args.size(); i += 2) {
    slot::SlotRange range;
    if (!ParseSlot(call.args[i], &range.first) || !ParseSlot(call.args[i + 1], &range.last)) {
      call.reply.Error(kInvalidSlot);
      return false;
    }
    if (range.first > range.last) {
      call.reply.Error("ERR start slot number " + std::to_string(range.first) +
                       " is greater than end slot number " + std::to_string(range.last));
      return false;
    }
    ranges->push_back(range);
  }
  return true;
}

void Execute(Call& call, const cluster::AdminCommand& command) {
  if (ClusterPort* port = RequireCluster(call)) port->Execute(call, command);
}

template <typename Command>
void ExecuteOnSlots(Call& call, bool (*parse)(Call&, std::vector<slot::SlotRange>*)) {
  if (RequireCluster(call) == nullptr) return;
  Command command;
  if (parse(call, &command.slots)) Execute(call, command);
}

}  // namespace

void ClusterMeet(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  if (call.args.size() > 5) return ReplySubcommandSyntaxError(call);
  cluster::MeetCommand command;
  command.ip = call.args[2];
  if (!ParseInt64(call.args[3], &command.port)) {
    return call.reply.Error("ERR Invalid TCP base port specified: " + std::string(call.args[3]));
  }
  if (call.args.size() == 5) {
    int64_t bus_port = 0;
    if (!ParseInt64(call.args[4], &bus_port)) {
      return call.reply.Error("ERR Invalid TCP bus port specified: " + std::string(call.args[4]));
    }
    command.bus_port = bus_port;
  }
  Execute(call, command);
}

void ClusterForget(Call& call) { Execute(call, cluster::ForgetCommand{std::string(call.args[2])}); }

void ClusterReplicate(Call& call) {
  Execute(call, cluster::ReplicateCommand{std::string(call.args[2])});
}

void ClusterAddSlots(Call& call) { ExecuteOnSlots<cluster::AddSlotsCommand>(call, ParseSlots); }
void ClusterAddSlotsRange(Call& call) {
  ExecuteOnSlots<cluster::AddSlotsCommand>(call, ParseSlotPairs);
}
void ClusterDelSlots(Call& call) { ExecuteOnSlots<cluster::DelSlotsCommand>(call, ParseSlots); }
void ClusterDelSlotsRange(Call& call) {
  ExecuteOnSlots<cluster::DelSlotsCommand>(call, ParseSlotPairs);
}
void ClusterFlushSlots(Call& call) { Execute(call, cluster::FlushSlotsCommand{}); }

void ClusterSetSlot(Call& call) {
  using Kind = cluster::SetSlotCommand::Kind;
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  if (!port->core().IsMaster()) {
    return call.reply.Error("ERR Please use SETSLOT only with masters.");
  }
  cluster::SetSlotCommand command;
  if (!ParseSlot(call.args[2], &command.slot)) return call.reply.Error(kInvalidSlot);
  const std::string_view action = call.args[3];
  const size_t count = call.args.size();
  if (EqualsNoCase(action, "stable") && count == 4) {
    command.kind = Kind::kStable;
  } else if (EqualsNoCase(action, "migrating") && count == 5) {
    command.kind = Kind::kMigrating;
  } else if (EqualsNoCase(action, "importing") && count == 5) {
    command.kind = Kind::kImporting;
  } else if (EqualsNoCase(action, "node") && count == 5) {
    command.kind = Kind::kNode;
  } else {
    return call.reply.Error(
        "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
  }
  if (count == 5) command.id = call.args[4];
  Execute(call, command);
}

void ClusterBumpEpoch(Call& call) { Execute(call, cluster::BumpEpochCommand{}); }

void ClusterSetConfigEpoch(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  cluster::SetConfigEpochCommand command;
  if (!ParseInt64(call.args[2], &command.epoch)) return call.reply.Error(kNotInteger);
  Execute(call, command);
}

void ClusterReset(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  cluster::ResetCommand command;
  if (call.args.size() == 3) {
    command.hard = EqualsNoCase(call.args[2], "hard");
    if (!command.hard && !EqualsNoCase(call.args[2], "soft")) return call.reply.Error(kSyntaxError);
  }
  Execute(call, command);
}

void ClusterFailover(Call& call) {
  using Kind = cluster::FailoverCommand::Kind;
  if (RequireCluster(call) == nullptr) return;
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  cluster::FailoverCommand command;
  if (call.args.size() == 3) {
    if (EqualsNoCase(call.args[2], "force")) {
      command.kind = Kind::kForce;
    } else if (EqualsNoCase(call.args[2], "takeover")) {
      command.kind = Kind::kTakeover;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  Execute(call, command);
}

void ClusterSaveConfig(Call& call) { Execute(call, cluster::SaveConfigCommand{}); }

}  // namespace windlass::commands
