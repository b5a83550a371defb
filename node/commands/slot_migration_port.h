// What commands need of atomic slot migration; server/ implements it. A node
// outside cluster mode has none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/base/result.h"
#include "node/cluster/admin.h"
#include "node/cluster/node_id.h"
#include "node/slot/slot_set.h"

namespace windlass::client {
struct Client;
}

namespace windlass::commands {

struct Call;

// A group of ranges for one target, of CLUSTER MIGRATESLOTS.
struct MigrationOrder {
  slot::SlotSet slots;
  cluster::NodeId target;
};

// A job as CLUSTER GETSLOTMIGRATIONS tells of it. Times in Unix seconds.
struct MigrationReport {
  std::string name;
  bool importing = false;
  std::string slot_ranges;
  std::string target_node;
  std::string source_node;
  int64_t create_time = 0;
  int64_t last_update_time = 0;
  int64_t last_ack_time = 0;
  std::string state;
  std::string message;
  int64_t remaining_bytes = 0;  // sent and not acknowledged
};

class SlotMigrationPort {
 public:
  virtual ~SlotMigrationPort() = default;
  // All of them begin, or none and the error line says why.
  virtual base::Result<void> Migrate(const std::vector<MigrationOrder>& orders) = 0;
  // Every export that can still be ended by this node alone.
  virtual base::Result<void> Cancel() = 0;
  virtual std::vector<MigrationReport> Report() const = 0;  // newest first
  // Whether CLUSTER SETSLOT is free to do this: the slot is in no migration that it would upset.
  virtual base::Result<void> MaySet(const cluster::SetSlotCommand& command) const = 0;
  // DEBUG SLOTMIGRATION: the process is killed before a step of this name.
  virtual void DieBefore(std::string step) = 0;
  // A command that an import's source sent had an error for a reply.
  virtual void OnStreamRefused(const client::Client& source, std::string_view command) = 0;
  // CLUSTER SYNCSLOTS: what nodes say to each other.
  virtual void Sync(Call& call) = 0;
};

}  // namespace windlass::commands
