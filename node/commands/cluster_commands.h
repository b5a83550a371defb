// The CLUSTER family's handlers, in three files: what changes the cluster
// (cluster_admin_commands.cc), what tells of it (cluster_report_commands.cc) and
// atomic migration (slot_migration_commands.cc).
#pragma once

#include <string>

#include "node/commands/command.h"

namespace windlass::commands {

class ClusterPort;

std::span<const CommandSpec> ClusterCommands();

// The port, or null after the reply that cluster mode is off.
ClusterPort* RequireCluster(Call& call);

// --- cluster_admin_commands.cc
void ClusterMeet(Call& call);
void ClusterForget(Call& call);
void ClusterReplicate(Call& call);
void ClusterAddSlots(Call& call);
void ClusterAddSlotsRange(Call& call);
void ClusterDelSlots(Call& call);
void ClusterDelSlotsRange(Call& call);
void ClusterFlushSlots(Call& call);
void ClusterSetSlot(Call& call);
void ClusterBumpEpoch(Call& call);
void ClusterSetConfigEpoch(Call& call);
void ClusterReset(Call& call);
void ClusterFailover(Call& call);
void ClusterSaveConfig(Call& call);

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
