// ClusterDriver: replicas are told of slots that are opened, closed and given away.
#include <array>
#include <string>
#include <vector>

#include "node/replication/primary_side.h"
#include "node/replication/replica_side.h"
#include "node/server/cluster_driver.h"

namespace windlass::server {
namespace {

using Kind = cluster::SetSlotCommand::Kind;

const char* WordOf(Kind kind) {
  switch (kind) {
    case Kind::kMigrating: return "MIGRATING";
    case Kind::kImporting: return "IMPORTING";
    case Kind::kStable: return "STABLE";
    case Kind::kNode: return "NODE";
    case Kind::kAllStable: break;
  }
  return "";
}

}  // namespace

base::Result<std::string> ClusterDriver::Check(const cluster::SetSlotCommand& command) const { return core_->Check(command); }

bool ClusterDriver::TellReplicas(const cluster::SetSlotCommand& command) {
  replication::PrimarySide& primary = *node_->primary_side;
  if (primary.Count() == 0 || !primary.AllMirrorSetSlot() || node_->replica_side->following()) return false;
  const std::string slot = std::to_string(command.slot);
  std::vector<std::string_view> words{"CLUSTER", "SETSLOT", slot, WordOf(command.kind)};
  if (!command.id.empty()) words.push_back(command.id);
  primary.Tell(words);
  return true;
}

void ClusterDriver::TellReplicasAsItIs(slot::SlotId slot) {
  for (const cluster::SetSlotCommand& command : core_->AsItIs(slot)) {
    if (!TellReplicas(command)) return;
  }
}

void ClusterDriver::MirrorNothingOpen() {
  Do(core_->Execute(NowMs(), cluster::SetSlotCommand{0, Kind::kAllStable, "", true}).effects);
}

// A replica that has come since does not know yet what is open, and what is not any more.
void ClusterDriver::TellOpenSlots() {
  const uint64_t online = node_->primary_side->put_online();
  if (online == told_online_ || !core_->IsMaster() || node_->sessions->CurrentPause() != commands::PauseMode::kNone) return;
  told_online_ = online;
  replication::PrimarySide& primary = *node_->primary_side;
  if (primary.Count() == 0 || node_->replica_side->following()) return;
  if (primary.AllKnowSlotJobs()) primary.Tell(std::array<std::string_view, 3>{"CLUSTER", "SYNCSLOTS", "STABLE"});
  for (const cluster::SetSlotCommand& open : core_->OpenSlots()) {
    if (!TellReplicas(open)) return;
  }
}

}  // namespace windlass::server
