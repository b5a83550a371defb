// See status.h.
#include "operator/reconcile/status.h"

#include <algorithm>
#include <cstdio>

#include "operator/api/names.h"
#include "operator/api/validation.h"
#include "operator/base/text.h"
#include "operator/base/time.h"
#include "operator/reconcile/phases.h"
#include "operator/reconcile/rivals.h"
#include "operator/reconcile/roll_plan.h"

namespace windlass::reconcile {
namespace {

constexpr size_t kOrphansTold = 64;

bool ShardReady(const World& world, const Shard& shard) {
  return shard.owner != nullptr && !shard.contested && !shard.owner->loading && shard.owner->serves &&
         shard.synced_replicas >= world.spec().replicas_per_shard;
}

// As many as a status of hundreds of shards has room for.
std::string RangesText(const slot::SlotSet& slots) {
  constexpr size_t kLongest = 200;
  std::string all;
  for (const slot::SlotRange& range : slots.Ranges()) {
    const std::string text = slot::ToString(range);
    if (all.size() + text.size() + 1 > kLongest) return all + ",...";
    all += (all.empty() ? "" : ",") + text;
  }
  return all;
}

std::string Plural(int count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

void CountShards(const World& world, api::Status* status) {
  status->shards = status->ready_shards = status->nodes = status->ready_nodes = 0;
  status->shard_statuses.clear();
  for (const Shard& shard : world.shards) {
    status->shards += shard.owner != nullptr || shard.owner_missing;
    status->ready_shards += ShardReady(world, shard);
    api::ShardStatus row;
    row.name = shard.name;
    row.master = shard.leader == nullptr ? "" : shard.leader->name;
    row.slots = shard.slots.size();
    row.slot_ranges = RangesText(shard.slots);
    for (const Member* member : shard.members) row.replicas += member->joined && !member->master;
    row.synced_replicas = shard.synced_replicas;
    row.epoch = shard.leader == nullptr ? 0 : static_cast<int64_t>(shard.leader->config_epoch);
    status->shard_statuses.push_back(std::move(row));
  }
  status->revision = world.template_hash;
  status->updated_nodes = 0;
  for (const Member& member : world.members) {
    status->nodes += member.pod.has_value();
    status->updated_nodes += member.pod.has_value() && !member.outdated;
    status->ready_nodes += member.joined && !member.loading;
  }
}

// Whose master is gone, and what is to happen about it.
std::string MissingOwner(const World& world, const Shard& shard) {
  int replicas = 0;
  std::string name;
  for (const Member* member : shard.members) {
    replicas += member->answers && member->joined && !member->master;
    const topology::Node* node = member->id.empty() ? nullptr : world.view.Find(member->id);
    if (!member->answers && node != nullptr && !node->slots.empty()) name = " " + member->name;
  }
  return shard.name + ": its master" + name + " does not answer; " +
         (replicas == 0 ? std::string("no replica of it answers either: waiting for one of them to come back")
                        : Plural(replicas, "replica") + " may be elected once it has been silent for " +
                              std::to_string(world.spec().failover.node_timeout_ms) + " ms");
}

// Slots that nobody is left to serve, and what to do.
std::string Loss(const World& world, const std::string& lost) {
  return "slots " + lost + " are lost: every node that held them is gone with its data; " +
         (api::AcceptsLoss(world.spec())
              ? "spec.failover.lostShard accepts that, and they are served again, empty, once there is a shard for them"
              : "bring the data back, or set spec.failover.lostShard to Accept to have them served again, empty");
}

// Nodes that are silent, or those that say what cannot be so; empty if there are none.
std::string Odd(const World& world, bool silent) {
  constexpr int kTold = 3;
  std::vector<std::string> told;
  int count = 0;
  for (const Oddity& oddity : world.oddities) {
    if (oddity.silent == silent && count++ < kTold) told.push_back(oddity.text);
  }
  if (count > kTold) told.push_back("and " + Plural(count - kTold, "node") + " more");
  return base::Join(told, "; ");
}

// What is wrong that the operator cannot count as work in progress; empty if nothing.
std::string Trouble(const World& world) {
  const bool formed = !world.status().cluster_id.empty();
  if (world.spec().hibernated) return "";
  // What is not known now is as it was when it was.
  const auto known = world.LostSlots();
  const std::string lost = known ? LostSlotsText(*known) : world.status().lost_slots;
  if (formed && !lost.empty()) return Loss(world, lost);
  if (const std::string odd = Odd(world, false); !odd.empty()) return odd;
  const std::string silent = Odd(world, true);
  for (const Shard& shard : world.shards) {
    if (shard.owner_missing) return MissingOwner(world, shard) + (silent.empty() ? "" : "; " + silent);
  }
  if (!silent.empty()) return silent;
  for (const Shard& shard : world.shards) {
    if (shard.contested) return shard.name + ": two of its nodes claim slots, until the one with the older claim steps down";
    if (!formed || shard.owner == nullptr) continue;  // on its way up
    if (shard.owner->loading) return shard.name + ": its master " + shard.owner->name + " is loading its data";
    if (!shard.owner->serves) {
      return shard.name + ": its master " + shard.owner->name +
             " answers, but does not serve: it is cut off from the others, or was restarted and waits for a replica that may hold more";
    }
  }
  if (formed) {
    // Unknown is not lost: without an answer nothing is known of the slots.
    if (world.Answering().empty()) return "no node answers";
    if (const int lost = world.view.Uncovered().size(); lost > 0) return Plural(lost, "slot") + " without an owner";
    for (const Ghost& ghost : world.ghosts) {
      if (ghost.slots > 0) return Plural(ghost.slots, "slot") + " owned by a node that is gone (" + (ghost.name.empty() ? ghost.id : ghost.name) + ")";
    }
  }
  for (const Member& member : world.members) {
    if (member.claim && !member.volume.problem.empty()) return member.name + ": " + member.volume.problem;
    if (member.pod && !member.pod->problem.empty()) return member.name + ": " + member.pod->problem;
  }
  return "";
}

bool Available(const World& world) {
  slot::SlotSet owned;
  for (const Member* owner : world.Owners()) {
    if (!owner->loading && owner->serves) owned |= world.view.Find(owner->id)->slots;
  }
  return owned.size() == slot::kSlotCount;
}

void Say(const World& world, api::Status* status, const char* type, bool truth, const std::string& reason, const std::string& message) {
  api::SetCondition(status, {type, truth ? "True" : "False", world.cluster->metadata.generation, reason, message, ""},
                    base::Rfc3339(world.now_ms));
}

// What of the spec the nodes do not have, and why; empty if they have all of it.
std::string Drift(const World& world) {
  int waiting = 0;
  for (const Member& member : world.members) {
    if (!member.pod) continue;
    if (!member.pod->settings.refused.empty()) return member.name + " refused " + member.pod->settings.refused;
    waiting += member.outdated;
  }
  if (const std::string drift = VolumeDrift(world); !drift.empty()) return drift;
  if (!world.family_drift.empty()) return world.family_drift;
  if (waiting == 0) return "";
  const bool rolls = world.spec().update.mode == api::Update::Mode::kRolling;
  return Plural(waiting, "node") + (waiting == 1 ? " is" : " are") + " not made from what the spec says now; " +
         (rolls ? "the operator replaces them" : "delete their pods to have them replaced");
}

std::string NewId(int64_t now_ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(now_ms));
  return text;
}

void FillOperation(const World& world, api::Status* status) {
  if (!status->operation || !status->operation->id.empty()) return;
  status->operation->id = NewId(world.now_ms);
  status->operation->generation = world.cluster->metadata.generation;
  status->operation->started_at = base::Rfc3339(world.now_ms);
}

}  // namespace

api::Status Summarize(const World& world, const StepResult& result, const std::string& waiting_for) {
  api::Status status = world.status();
  status.observed_generation = world.cluster->metadata.generation;
  status.operation = result.operation;
  FillOperation(world, &status);
  // Of claims that were taken up again, the earlier one.
  if (result.formed && status.cluster_id.empty()) status.cluster_id = world.claimed_cluster_id;
  if (result.formed && status.cluster_id.empty()) status.cluster_id = NewId(world.now_ms) + "-" + world.cluster->metadata.uid.substr(0, 8);
  status.target_shards = world.target_shards;
  status.selector = api::MasterSelector(world.cluster->metadata.name);
  status.internal_service = api::ClientServiceName(world.cluster->metadata.name);
  const bool outside = world.spec().network.external.type != api::External::Type::kNone;
  status.external_service = outside ? api::ExternalServiceName(world.cluster->metadata.name) : "";
  const auto& auth = world.spec().auth;
  status.secret_name = auth.mode == api::Auth::Mode::kGenerated ? api::PasswordSecretName(world.cluster->metadata.name) : auth.secret_name;
  status.binding_name = api::BindingSecretName(world.cluster->metadata.name);
  status.orphan_claims = world.orphan_claims;
  status.orphan_claims.resize(std::min(status.orphan_claims.size(), kOrphansTold));
  // What is not known now stays as it was.
  if (const auto lost = world.LostSlots(); lost && !status.cluster_id.empty()) status.lost_slots = LostSlotsText(*lost);
  CountShards(world, &status);

  const std::string trouble = Trouble(world);
  const bool formed = !status.cluster_id.empty();
  const bool complete = status.ready_shards == world.target_shards && static_cast<int>(world.shards.size()) == world.target_shards;
  const bool ready = formed && complete && !status.operation && trouble.empty();
  const std::string counts = std::to_string(status.ready_shards) + " of " + Plural(world.target_shards, "shard") + " ready";
  const bool asleep = world.spec().hibernated && status.nodes == 0;
  const std::string doing = world.spec().hibernated ? "Hibernated" : status.operation ? status.operation->kind : formed ? "Repairing" : "Forming";
  const std::string step = status.operation && !status.operation->step.empty() ? status.operation->step : waiting_for;

  Say(world, &status, "Ready", ready, ready ? "AllShardsReady" : trouble.empty() ? doing : "Degraded", trouble.empty() ? counts : counts + "; " + trouble);
  const bool available = Available(world);
  Say(world, &status, "Available", available, available ? "AllSlotsServed" : "SlotsNotServed", available ? "every slot has a master that answers" : "some slots have no master that answers");
  Say(world, &status, "Progressing", !ready, ready ? "Settled" : doing, ready ? "nothing to do" : step.empty() ? counts : step);
  Say(world, &status, "Degraded", formed && !trouble.empty(), trouble.empty() ? "NoTrouble" : "Trouble", trouble.empty() ? "no trouble seen" : trouble);

  api::SetCondition(&status, RivalCondition(*world.cluster, world.rivals), base::Rfc3339(world.now_ms));

  std::string drift = Drift(world);
  if (drift.empty()) drift = world.monitor_refused;
  Say(world, &status, "ConfigDrift", !drift.empty(), drift.empty() ? "AsInSpec" : "NotAsInSpec", drift.empty() ? "every node is as the spec says" : drift);

  const auto hold = HoldOf(world, status.operation);
  const std::string cost = CostOfRoll(world);
  Say(world, &status, "UpdateHeld", hold.has_value(), hold ? hold->reason : cost.empty() ? "NothingHeld" : "ShardsStop",
      hold ? hold->message : cost.empty() ? "no pod that is out of date is kept" : cost);

  const bool overlap = world.overlap_until_ms != 0;
  Say(world, &status, "CredentialsCurrent", !overlap, overlap ? "EarlierPasswordAccepted" : "OnePassword",
      overlap ? "the earlier password is accepted too, until " + base::Rfc3339(world.overlap_until_ms) + " or until every node knows the new one" : "no earlier password is accepted");

  std::string fenced;
  for (const Member& member : world.members) fenced += member.fenced() ? (fenced.empty() ? "" : ", ") + member.name : "";
  Say(world, &status, "Fenced", !fenced.empty(), fenced.empty() ? "NoneFenced" : "PodsFenced", fenced.empty() ? "no pod is fenced" : "left alone, and no masters: " + fenced);

  const std::string crowding = ZoneCrowding(world);
  Say(world, &status, "PlacementSatisfied", crowding.empty(), crowding.empty() ? "AsWanted" : "MastersCrowded", crowding.empty() ? "masters are spread over the zones as far as can be" : crowding);

  const std::string& refused = result.refused.empty() ? world.creation_refused : result.refused;
  const bool blocked = !refused.empty() && NodesMissing(world);
  Say(world, &status, "ScaleBlocked", blocked, blocked ? "CreationRefused" : "NothingBlocked", blocked ? refused : "no pod or claim is refused");

  const bool rolling = status.operation && status.operation->kind == "Roll";
  if (rolling && status.nodes > 0) status.operation->progress_percent = 100 * status.updated_nodes / status.nodes;
  const bool scaling = status.operation ? status.operation->kind != "Form" && status.operation->kind != "Failover" && status.operation->kind != "Spread" && status.operation->kind != "TakeOver" : static_cast<int>(world.shards.size()) != world.target_shards;
  status.phase = world.spec().paused ? "Paused" : asleep ? "Hibernated" : !formed ? "Forming" : ready ? "Ready" : !available ? "Degraded" : rolling ? "Rolling" : scaling ? "Scaling" : "Recovering";
  return status;
}

api::Status SummarizeInvalid(const api::RedisCluster& cluster, const std::string& why, int64_t now_ms) {
  api::Status status = cluster.status;
  status.observed_generation = cluster.metadata.generation;
  api::SetCondition(&status, {"Ready", "False", cluster.metadata.generation, "InvalidSpec", why, ""}, base::Rfc3339(now_ms));
  return status;
}

std::vector<Happening> Changes(const api::Status& before, const api::Status& after) {
  std::vector<Happening> changes;
  const api::Condition* old_trouble = api::FindCondition(before, "Degraded");
  const api::Condition* trouble = api::FindCondition(after, "Degraded");
  const bool was = old_trouble != nullptr && old_trouble->status == "True";
  const bool is = trouble != nullptr && trouble->status == "True";
  if (is && !was) changes.push_back({true, "Degraded", trouble->message});
  for (const api::ShardStatus& row : after.shard_statuses) {
    for (const api::ShardStatus& old : before.shard_statuses) {
      const bool changed = row.name == old.name && row.master != old.master && !row.master.empty() && !old.master.empty();
      if (changed && row.slots > 0) changes.push_back({false, "MasterChanged", row.name + ": " + row.master + " has taken over from " + old.master});
    }
  }
  const bool halted = after.operation && !after.operation->halted.empty();
  const bool was_halted = before.operation && !before.operation->halted.empty();
  const api::Condition* held = api::FindCondition(after, "UpdateHeld");
  if (halted && !was_halted) changes.push_back({true, "RollHalted", held == nullptr ? after.operation->halted : held->message});
  if (was_halted && !halted && after.operation && after.operation->kind == "Roll") changes.push_back({false, "RollResumed", "the roll goes on"});
  if (before.lost_slots.empty() && !after.lost_slots.empty()) {
    changes.push_back({true, "ShardLost", trouble == nullptr ? after.lost_slots : trouble->message});
  }
  if (!after.orphan_claims.empty() && before.orphan_claims.size() < after.orphan_claims.size()) {
    changes.push_back({false, "ClaimsKept", "claims of nodes that were taken out are kept, and nothing uses them: " +
                                                base::Join(after.orphan_claims, ", ").substr(0, 800) + "; delete them when their data are not needed"});
  }
  if (was && !is) changes.push_back({false, "Recovered", "no trouble seen any more"});
  return changes;
}

bool WorthWritingNow(const api::Status& before, const api::Status& after) {
  const auto condition_differs = [&](const api::Condition& condition) {
    const api::Condition* old = api::FindCondition(before, condition.type);
    return old == nullptr || old->status != condition.status || old->reason != condition.reason;
  };
  for (const api::Condition& condition : after.conditions) {
    if (condition_differs(condition)) return true;
  }
  if (before.operation.has_value() != after.operation.has_value()) return true;
  // An intent is acted on once it is read back: it is never held up.
  if (after.operation && before.operation->target != after.operation->target) return true;
  if (after.operation && (before.operation->id != after.operation->id || before.operation->last_error != after.operation->last_error)) return true;
  if (after.operation && (before.operation->mark != after.operation->mark || before.operation->halted != after.operation->halted)) return true;
  if (before.autoscaling.has_value() != after.autoscaling.has_value()) return true;
  if (after.autoscaling && (before.autoscaling->desired_shards != after.autoscaling->desired_shards ||
                            before.autoscaling->seen_spec_shards != after.autoscaling->seen_spec_shards)) {
    return true;
  }
  for (const Happening& change : Changes(before, after)) {
    if (change.reason == "MasterChanged") return true;
  }
  return before.observed_generation != after.observed_generation || before.phase != after.phase ||
         before.cluster_id != after.cluster_id || before.lost_slots != after.lost_slots ||
         before.orphan_claims != after.orphan_claims || before.binding_name != after.binding_name || before.shards != after.shards ||
         before.target_shards != after.target_shards || before.ready_shards != after.ready_shards ||
         before.ready_nodes != after.ready_nodes || before.nodes != after.nodes ||
         before.updated_nodes != after.updated_nodes || before.revision != after.revision;
}

}  // namespace windlass::reconcile
