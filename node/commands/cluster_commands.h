// The CLUSTER family's handlers, a file for each subject.
#pragma once

#include <string>

#include "node/commands/command.h"
#include "node/slot/slot.h"

namespace windlass::commands {

class ClusterPort;

std::span<const CommandSpec> ClusterCommands();

// The port, or null after the reply that cluster mode is off.
ClusterPort* RequireCluster(Call& call);

// False: the reply is written.
bool ParseSlot(Call& call, std::string_view text, slot::SlotId* slot);

// --- cluster_admin_commands.cc
void ClusterMeet(Call& call);
void ClusterForget(Call& call);
void ClusterReplicate(Call& call);
void ClusterAddSlots(Call& call);
void ClusterAddSlotsRange(Call& call);
void ClusterDelSlots(Call& call);
void ClusterDelSlotsRange(Call& call);
void ClusterFlushSlots(Call& call);
void ClusterBumpEpoch(Call& call);
void ClusterSetConfigEpoch(Call& call);
void ClusterReset(Call& call);
void ClusterFailover(Call& call);
void ClusterSaveConfig(Call& call);

// --- cluster_setslot.cc
void ClusterSetSlot(Call& call);

// --- cluster_slot_stats_command.cc
void ClusterSlotStats(Call& call);

// --- slot_migration_commands.cc
void ClusterMigrateSlots(Call& call);
void ClusterGetSlotMigrations(Call& call);
void ClusterCancelSlotMigrations(Call& call);
void ClusterSyncSlots(Call& call);

// --- cluster_report_commands.cc
std::string ClusterInfoText(const ClusterPort& port);  // the text of CLUSTER INFO
void ClusterInfo(Call& call);
void ClusterNodes(Call& call);
void ClusterSlots(Call& call);
void ClusterShards(Call& call);
void ClusterLinks(Call& call);
void ClusterReplicas(Call& call);
void ClusterMyId(Call& call);
void ClusterMyShardId(Call& call);
void ClusterKeySlot(Call& call);
void ClusterCountKeysInSlot(Call& call);
void ClusterGetKeysInSlot(Call& call);
void ClusterCountFailureReports(Call& call);

}  // namespace windlass::commands
