// Every family of this program. See command_table.h.
#include "node/commands/families.h"

#include "node/commands/bitmap_commands.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/command_table.h"
#include "node/commands/container_families.h"
#include "node/commands/hyperloglog_commands.h"
#include "node/commands/key_commands.h"
#include "node/commands/migrate_command.h"
#include "node/commands/persistence_commands.h"
#include "node/commands/pubsub_commands.h"
#include "node/commands/replication_commands.h"
#include "node/commands/script_commands.h"
#include "node/commands/sort_command.h"
#include "node/commands/string_commands.h"

namespace windlass::commands {

std::vector<std::span<const CommandSpec>> CommandFamilies() {
  return {AclCommands(),        DebugCommands(),       MemoryCommands(),     ClientCommands(),     CommandCommands(),
          SlowLogCommands(),    LatencyCommands(),
          ConnectionCommands(), ConfigCommands(),      ServerCommands(),      TransactionCommands(),
          BitmapCommands(),     HyperLogLogCommands(), SortCommands(),        ModuleCommands(),
          StringCommands(),     KeyCommands(),         MigrateCommands(),     ClusterCommands(),
          PersistenceCommands(), ReplicationCommands(), HashCommands(),       ListCommands(),       SetCommands(),
          SortedSetCommands(),   GeoCommands(),         StreamCommands(),     PubSubCommands(),     ScriptCommands(),
          FunctionCommands()};
}

}  // namespace windlass::commands
