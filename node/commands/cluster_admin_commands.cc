// CLUSTER subcommands that change the cluster: arguments to cluster::AdminCommand;
// the core checks, decides and says what to reply.
#include <string>

#include "node/cluster/core.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

// args[2..] as single slots.
bool ParseSlots(Call& call, std::vector<slot::SlotRange>* ranges) {
  for (size_t i = 2; i < call.args.size(); ++i) {
    slot::SlotId slot = 0;
    if (!ParseSlot(call, call.args[i], &slot)) return false;
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
    if (!ParseSlot(call, call.args[i], &range.first) || !ParseSlot(call, call.args[i + 1], &range.last)) return false;
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

bool ParseSlot(Call& call, std::string_view text, slot::SlotId* slot) {
  int64_t value = 0;
  if (!ParseInt64(text, &value) || value < 0 || value >= slot::kSlotCount) {
    call.reply.Error("ERR Invalid or out of range slot");
    return false;
  }
  *slot = static_cast<slot::SlotId>(value);
  return true;
}

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
