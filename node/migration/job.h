// An atomic slot migration as both ends, and their replicas, know it: its name,
// what it moves between whom, and how far it is. The words are Valkey 9's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/cluster/node_id.h"
#include "node/slot/slot_set.h"

namespace windlass::migration {

inline constexpr size_t kJobNameDigits = 40;

// What does not change while the job lives.
struct Job {
  std::string name;  // 40 hexadecimal digits
  cluster::NodeId source;
  cluster::NodeId target;
  cluster::NodeId source_shard;
  cluster::NodeId target_shard;
  slot::SlotSet slots;
};

enum class ExportState {
  kConnecting,
  kAuthenticating,     // AUTH sent, its reply not yet read
  kEstablishing,       // ESTABLISH sent
  kWaitingToSnapshot,
  kSnapshotting,       // entries and commands in one stream
  kReplicating,        // commands only
  kPaused,             // the moving slots' clients wait for the last bytes and the grant
  kGranted,            // the target may take the slots: only its shard's word ends this
  kSuccess,
  kFailed,
  kCancelled,
};

enum class ImportState {
  kReceivingSnapshot,
  kWaitingForPaused,   // has the snapshot
  kRequested,          // has everything; waits for the grant
  kGranted,            // makes the grant safe, then takes the slots
  kCleaningUp,         // failed: what came is being dropped
  kSuccess,
  kFailed,
};

std::string_view StateWord(ExportState state);
std::string_view StateWord(ImportState state);
inline bool Ended(ExportState state) { return state >= ExportState::kSuccess; }
inline bool Ended(ImportState state) { return state >= ImportState::kSuccess; }

// "0-99 200-200", as GETSLOTMIGRATIONS and the record file have it.
std::string RangesText(const slot::SlotSet& slots);
// False: not such a text, or none.
bool ParseRanges(std::string_view text, slot::SlotSet* slots);

}  // namespace windlass::migration
