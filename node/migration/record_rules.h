// What a record of an atomic migration means, given who owns which slots now: the
// questions that a restart, a change of role, a new owner and a source in doubt
// raise. Pure; the answers are the same for the server and for a simulation of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/cluster/core.h"
#include "node/migration/export_machine.h"
#include "node/migration/job_records.h"

namespace windlass::migration {

bool OwnsAnyOf(const cluster::ClusterCore& core, const slot::SlotSet& slots);
bool OwnsAllOf(const cluster::ClusterCore& core, const slot::SlotSet& slots);

// Of a grant: some slot of it has not been seen with the target's shard.
bool Outstanding(const cluster::ClusterCore& core, const JobRecord& record);

// Of a grant that the target's shard calls claimed: all of it is with other shards, though it may
// have gone on from the target's before this one heard of its claim.
bool GoneFrom(const cluster::ClusterCore& core, const Job& job);

// All that the core has to know: slots this shard must not claim.
std::vector<cluster::Grant> OutstandingGrants(const cluster::ClusterCore& core, const JobRecords& records);

// Slots whose keys nobody may see here. Those that are this shard's are shown
// whatever a record says.
slot::SlotSet HiddenSlots(const cluster::ClusterCore& core, const JobRecords& records);

// What a node that has become the master, or was started as one, makes of a record.
enum class Fate {
  kForget,      // it says nothing any more
  kEmptySlots,  // their keys are not this shard's
  kAskOutcome,  // granted as the source: in doubt
  kTakeSlots,   // granted as the target: go on
  kDropImport,  // an import that bound nobody
};
// `data_complete`: nothing acknowledged can be missing from this node's data.
Fate FateOf(const cluster::ClusterCore& core, const JobRecord& record, bool data_complete);

// As the target, asked for a job by a source in doubt. kNone is a promise: whatever
// this node or its successor remembers of the job, it will not take the slots by it.
// So it is given only when nothing is left that could, on disk neither.
// `settled`: every record here is as it is on disk. REQUIRES: no import of that name
// is receiving, and this node is a master that may speak for its shard.
Outcome OutcomeOf(const cluster::ClusterCore& core, const JobRecord* record, bool settled,
                  const cluster::NodeId& source_shard, const slot::SlotSet& slots);

// As the target: the import goes on only while its source owns all the slots.
bool SourceOwnsAll(const cluster::ClusterCore& core, const Job& job);

// As a replica, of a grant to its master whose record is over: the slots that were taken by it.
// Without those that somebody else has had since.
slot::SlotSet TakenByMaster(const cluster::ClusterCore& core, const JobRecord& record);

// As a replica, of a job whose keys are to go here: the slots that were taken by it from this node's master, which it
// has not heard of.
slot::SlotSet TakenFromMaster(const cluster::ClusterCore& core, const JobRecord& record);

// The slot goes one way at a time. While it is in a job here, as the source or as the target,
// what CLUSTER SETSLOT would make of it is refused: the error line. Nothing where the command
// changes neither who has the slot nor who is to have it.
std::optional<std::string> WhyNotSet(const cluster::ClusterCore& core, const Job& job, const cluster::SetSlotCommand& command);

}  // namespace windlass::migration
