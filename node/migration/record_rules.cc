// See record_rules.h.
#include "node/migration/record_rules.h"

namespace windlass::migration {

bool OwnsAnyOf(const cluster::ClusterCore& core, const slot::SlotSet& slots) {
  return core.OwnSlots().Intersects(slots);
}

bool OwnsAllOf(const cluster::ClusterCore& core, const slot::SlotSet& slots) {
  slot::SlotSet missing = slots;
  missing -= core.OwnSlots();
  return missing.empty();
}

bool Outstanding(const cluster::ClusterCore& core, const JobRecord& record) {
  const slot::SlotSet& slots = record.job.slots;
  for (int s = slots.Next(0); s >= 0; s = slots.Next(s + 1)) {
    const auto owner = core.OwnerOf(static_cast<slot::SlotId>(s));
    if (!owner) return true;
    if (!(*owner == record.job.target) && !(core.ShardOf(*owner) == record.job.target_shard)) return true;
  }
  return false;
}

bool GoneFrom(const cluster::ClusterCore& core, const Job& job) {
  for (int s = job.slots.Next(0); s >= 0; s = job.slots.Next(s + 1)) {
    const auto owner = core.OwnerOf(static_cast<slot::SlotId>(s));
    if (!owner || *owner == job.source || core.ShardOf(*owner) == core.MyShardId()) return false;
  }
  return true;
}

std::vector<cluster::Grant> OutstandingGrants(const cluster::ClusterCore& core, const JobRecords& records) {
  std::vector<cluster::Grant> grants;
  for (const auto& [name, record] : records.all()) {
    if (record.kind != RecordKind::kGrant || !Outstanding(core, record)) continue;
    grants.push_back({record.job.slots, record.job.target, record.job.target_shard});
  }
  return grants;
}

slot::SlotSet HiddenSlots(const cluster::ClusterCore& core, const JobRecords& records) {
  slot::SlotSet hidden = records.SlotsOf(RecordKind::kImport);
  hidden |= records.SlotsOf(RecordKind::kImportGranted);
  hidden |= records.SlotsOf(RecordKind::kDrop);
  const cluster::NodeId head = core.MyMaster().value_or(core.MyId());
  const slot::SlotSet all = hidden;
  all.ForEach([&](slot::SlotId slot) {
    const auto owner = core.OwnerOf(slot);
    if (owner && *owner == head) hidden.Remove(slot);
  });
  return hidden;
}

Fate FateOf(const cluster::ClusterCore& core, const JobRecord& record, bool data_complete) {
  const slot::SlotSet& slots = record.job.slots;
  const Fate drop = OwnsAnyOf(core, slots) ? Fate::kForget : Fate::kEmptySlots;
  switch (record.kind) {
    case RecordKind::kGrant:
      return Outstanding(core, record) ? Fate::kAskOutcome : drop;
    case RecordKind::kImportGranted:
      if (OwnsAllOf(core, slots)) return Fate::kForget;
      return data_complete ? Fate::kTakeSlots : Fate::kDropImport;
    case RecordKind::kImport:
      return OwnsAnyOf(core, slots) ? Fate::kForget : Fate::kDropImport;
    case RecordKind::kDrop:
      break;
  }
  return drop;
}

Outcome OutcomeOf(const cluster::ClusterCore& core, const JobRecord* record, bool settled,
                  const cluster::NodeId& source_shard, const slot::SlotSet& slots) {
  if (record != nullptr && record->kind != RecordKind::kDrop) return Outcome::kPending;
  if (!settled) return Outcome::kPending;
  for (int s = slots.Next(0); s >= 0; s = slots.Next(s + 1)) {
    const auto owner = core.OwnerOf(static_cast<slot::SlotId>(s));
    if (owner && !(core.ShardOf(*owner) == source_shard)) return Outcome::kClaimed;
  }
  return Outcome::kNone;
}

bool SourceOwnsAll(const cluster::ClusterCore& core, const Job& job) {
  for (int s = job.slots.Next(0); s >= 0; s = job.slots.Next(s + 1)) {
    const auto owner = core.OwnerOf(static_cast<slot::SlotId>(s));
    if (!owner || !(*owner == job.source)) return false;
  }
  return true;
}

slot::SlotSet TakenByMaster(const cluster::ClusterCore& core, const JobRecord& record) {
  slot::SlotSet taken;
  if (record.kind != RecordKind::kImportGranted || core.IsMaster() || !(core.MyShardId() == record.job.target_shard)) return taken;
  record.job.slots.ForEach([&](slot::SlotId slot) {
    const auto owner = core.OwnerOf(slot);
    if (!owner || *owner == record.job.source || core.ShardOf(*owner) == record.job.source_shard) taken.Add(slot);
  });
  return taken;
}

slot::SlotSet TakenFromMaster(const cluster::ClusterCore& core, const JobRecord& record) {
  slot::SlotSet taken;
  if (record.kind != RecordKind::kDrop || core.IsMaster() || !(core.MyShardId() == record.job.source_shard)) return taken;
  record.job.slots.ForEach([&](slot::SlotId slot) {
    if (core.OwnerOf(slot) == core.MyMaster()) taken.Add(slot);
  });
  return taken;
}

std::optional<std::string> WhyNotSet(const cluster::ClusterCore& core, const Job& job, const cluster::SetSlotCommand& command) {
  using Kind = cluster::SetSlotCommand::Kind;
  if (command.kind == Kind::kStable || command.kind == Kind::kAllStable) return std::nullopt;
  const auto owner = core.OwnerOf(command.slot);
  if (command.kind == Kind::kNode && owner && owner->str() == command.id) return std::nullopt;
  return "ERR Slot " + std::to_string(command.slot) + " is in atomic migration " + job.name + " from " + job.source.str() + " to " +
         job.target.str() + ": wait for its end, or end it by CLUSTER CANCELSLOTMIGRATIONS at its source";
}

}  // namespace windlass::migration
