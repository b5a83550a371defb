// See reconciler.h.
#include "operator/reconcile/reconciler.h"

#include <nlohmann/json.hpp>

#include "node/base/clock.h"
#include "operator/api/json.h"
#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/api/validation.h"
#include "operator/base/log.h"
#include "operator/base/text.h"
#include "operator/base/time.h"
#include "operator/reconcile/ensure.h"
#include "operator/reconcile/execute.h"
#include "operator/reconcile/observe.h"
#include "operator/reconcile/passwords.h"
#include "operator/reconcile/phases.h"
#include "operator/reconcile/rivals.h"
#include "operator/reconcile/scaling.h"
#include "operator/reconcile/status.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

// After a step; while something of Kubernetes is waited for; and of what is not acted on.
constexpr milliseconds kAtOnce{20};
constexpr milliseconds kBusy{200};
constexpr milliseconds kIdle{1000};
constexpr int64_t kProgressEveryMs = 5000;
constexpr int64_t kCreateAgainMs = 5000;  // after a refusal: nothing tells that a quota was raised
constexpr int64_t kGrowAgainMs = 30000;
constexpr int64_t kMonitorEveryMs = 60000;
constexpr int64_t kRivalsEveryMs = 60000;
constexpr int64_t kWholePassEveryMs = 300000;
constexpr int64_t kConnectMs = 500;
constexpr int64_t kCommandMs = 3000;

int64_t MonotonicMs() { return base::SystemClock().MonotonicUs() / 1000; }

// Whether anything is as it was not, but for what the load of the moment says.
bool Differs(api::Status before, api::Status after) {
  before.autoscaling.reset();
  after.autoscaling.reset();
  return api::StatusToJson(before) != api::StatusToJson(after);
}

std::map<topology::Address, std::string> OwnersOf(const World& world) {
  std::map<topology::Address, std::string> owners;
  for (const Shard& shard : world.shards) {
    if (shard.owner != nullptr) owners[shard.owner->address] = shard.name;
  }
  return owners;
}

api::RedisCluster OnlyMetadata(const Json& object) {
  api::RedisCluster cluster;
  cluster.metadata = api::MetadataFromJson(object);
  cluster.status = api::StatusFromJson(object.value("status", Json::object()));
  return cluster;
}

}  // namespace

std::shared_ptr<ClusterReconciler::Memory> ClusterReconciler::MemoryOf(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto& memory = memories_[key];
  if (memory == nullptr) memory = std::make_shared<Memory>(&link_budget_);
  return memory;
}

std::string ClusterReconciler::StampOf(const std::string& key) const {
  const size_t slash = key.find('/');
  return StampOfObjects(context_.caches, key.substr(0, slash), key.substr(slash + 1));
}

bool ClusterReconciler::StandsStill(const std::string& key, Memory* memory) {
  const Stillness& still = memory->still;
  if (still.objects.empty() || MonotonicMs() >= still.until_ms) return false;
  if (StampOf(key) != still.objects) return false;
  const auto reports = memory->links.Ask(still.addresses, still.options);
  if (WhatNodesSay(reports) != still.said) return false;
  // Last, for the API server may have to be asked, and a pass would do so again.
  const std::string& secret = still.password.name;
  if (!secret.empty() && VersionOfSecret(context_, key.substr(0, key.find('/')), secret) != still.password.version) return false;
  shard_figures_.Note(key, reports, memory->owners);
  return true;
}

void ClusterReconciler::RememberStillness(const World& world, const std::string& objects, const PasswordSource& password, redis::AdminOptions admin,
                                          std::optional<uint64_t> said, Memory* memory) {
  if (!said) return;
  Stillness still;
  still.objects = objects;
  still.password = password;
  still.said = *said;
  for (const topology::NodeReport& report : world.view.reports()) still.addresses.push_back(report.asked);
  still.options = QuestionsFor(admin, still.addresses.size());
  const bool looked_up = world.spec().metrics && world.spec().metrics->pod_monitor;
  still.until_ms = MonotonicMs() + (looked_up ? kMonitorEveryMs : kWholePassEveryMs);
  memory->still = std::move(still);
}

void ClusterReconciler::Event(const api::RedisCluster& cluster, kube::EventType type, const std::string& reason, const std::string& message) {
  const api::Metadata& metadata = cluster.metadata;
  context_.events.Record({api::kGroupVersion, "RedisCluster", metadata.name_space, metadata.name, metadata.uid}, type, reason, message);
}

controller::Outcome ClusterReconciler::Reconcile(const std::string& key) {
  if (context_.caches.clusters.VersionOf(key).empty()) {
    shard_figures_.Drop(key);
    const std::lock_guard lock(mutex_);
    memories_.erase(key);
    return {};
  }
  if (!context_.fence.HeldFor(milliseconds::zero())) return {kIdle};
  const auto memory = MemoryOf(key);
  memory->quiet.Begin(MonotonicMs());
  if (StandsStill(key, memory.get())) return {memory->quiet.UntilIdleLook(MonotonicMs()), workqueue::Why::kLook};
  memory->still = {};
  // Before anything is read: what changes meanwhile is then not taken for seen.
  const std::string objects = StampOf(key);
  const informer::Object object = context_.caches.clusters.Find(key);
  if (object == nullptr) return {milliseconds::zero()};  // gone since
  api::RedisCluster cluster;
  try {
    cluster = api::RedisClusterFromJson(*object);
  } catch (const api::FieldFailure& failure) {
    return Refuse(OnlyMetadata(*object), *object, failure.what());
  }
  try {
    if (cluster.metadata.deleting) {
      if (Finalize(context_, cluster)) return {};
      api::Status status = cluster.status;
      status.phase = "Deleting";
      WriteStatus(cluster, *object, status, memory.get());
      return {kBusy};
    }
    if (memory->valid_generation != cluster.metadata.generation) {
      if (const auto findings = api::Validate(cluster); !findings.empty()) return Refuse(cluster, *object, base::Join(findings, "; "));
      memory->valid_generation = cluster.metadata.generation;
    }
    const controller::Outcome outcome = Pass(cluster, *object, objects, memory.get());
    memory->last_error.clear();
    return outcome;
  } catch (const kube::KubeError& error) {
    throw;  // the API server's troubles are not the cluster's
  } catch (const std::exception& error) {
    // Told once; the worker logs every time.
    if (memory->last_error != error.what()) Event(cluster, kube::EventType::kWarning, "PassFailed", error.what());
    memory->last_error = error.what();
    throw;
  }
}

controller::Outcome ClusterReconciler::Refuse(const api::RedisCluster& cluster, const Json& object, const std::string& why) {
  const api::Status status = SummarizeInvalid(cluster, why, base::SystemClock().UnixMs());
  const api::Condition* before = api::FindCondition(cluster.status, "Ready");
  const bool told = before != nullptr && before->reason == "InvalidSpec" && before->message == why;
  // Another edit that leaves it as wrong as it was has been seen all the same.
  if (told && cluster.status.observed_generation == cluster.metadata.generation) return {};
  if (!told) Event(cluster, kube::EventType::kWarning, "InvalidSpec", why);
  Memory unused(nullptr);
  WriteStatus(cluster, object, status, &unused);
  return {};
}

void ClusterReconciler::MonitorIfDue(const api::RedisCluster& cluster, int64_t now_ms, Memory* memory) {
  const bool wanted = cluster.spec.metrics && cluster.spec.metrics->pod_monitor;
  const bool told = memory->monitor_generation == cluster.metadata.generation;
  if (told && (!wanted || now_ms - memory->monitor_seen_ms < kMonitorEveryMs)) return;
  memory->monitor_refused = EnsurePodMonitor(context_, cluster);
  memory->monitor_generation = cluster.metadata.generation;
  memory->monitor_seen_ms = now_ms;
}

void ClusterReconciler::FindRivalsIfDue(const api::RedisCluster& cluster, int64_t now_ms, Memory* memory) {
  if (!ScalesItself(cluster.spec)) return;
  if (memory->rivals_generation == cluster.metadata.generation && now_ms - memory->rivals_seen_ms < kRivalsEveryMs) return;
  memory->rivals = FindRivals(context_.client, cluster);
  memory->rivals_generation = cluster.metadata.generation;
  memory->rivals_seen_ms = now_ms;
}

void ClusterReconciler::WeighSlotsIfDue(const redis::AdminOptions& admin, World* world, Memory* memory) {
  if (world->spec().rebalance.by == api::Rebalance::By::kSlots) return;
  world->weighed_later = !SlotsToBeWeighed(*world, memory->slots_weighed_ms);
  if (!world->weighed_later) {
    memory->slot_weights = ReadSlotWeights(*world, admin, &memory->slot_loads);
    memory->slots_weighed_ms = world->now_ms;
  }
  world->slot_weights = memory->slot_weights;
}

controller::Outcome ClusterReconciler::Pass(const api::RedisCluster& cluster, const Json& object, const std::string& objects, Memory* memory) {
  const bool acts = !cluster.spec.paused;
  if (!acts && cluster.status.cluster_id.empty()) {
    api::Status status = cluster.status;
    status.phase = "Paused";
    WriteStatus(cluster, object, status, memory);
    return {kIdle};
  }
  if (acts) EnsureFinalizer(context_, cluster);
  PasswordSource source;
  const resources::Passwords passwords = EnsurePasswords(context_, cluster, base::SystemClock().UnixMs(), &source);
  if (acts) {
    // Of before: what is written now, by whomever, is compared at the next pass.
    const std::string stamp = ObjectsStamp(context_, cluster, passwords);
    if (stamp.empty() || stamp != memory->objects_ensured) EnsureObjects(context_, cluster, passwords);
    memory->objects_ensured = stamp;
    DeleteRetiredClaims(context_, cluster);
  }

  redis::AdminOptions admin;
  admin.credentials.password = passwords.current;
  if (passwords.until_ms != 0) admin.earlier = redis::Credentials{"", passwords.earlier};
  admin.connect_ms = kConnectMs;
  admin.command_ms = kCommandMs;
  Observation seen = Observe(context_, cluster, admin, &memory->links);
  const auto said = WhatNodesSay(seen.reports);
  seen.target_shards = autoscale::TargetShards(cluster);
  seen.passwords = MarkOf(passwords);
  seen.overlap_until_ms = passwords.until_ms;
  seen.creation_refused = memory->creation_refused;
  seen.may_create = memory->creation_refused.empty() || seen.now_ms >= memory->create_again_ms;
  const bool resize_refused = !memory->resize_refused.empty() && memory->resize_refused_for == resources::TemplateHash(cluster);
  if (resize_refused) seen.resize_refused = memory->resize_refused;
  seen.family_drift = FamilyDrift(context_, cluster);
  seen.growth_refused = memory->growth_refused;
  seen.may_grow = memory->growth_refused.empty() || seen.now_ms >= memory->grow_again_ms;
  World world = BuildWorld(std::move(seen));
  memory->owners = OwnersOf(world);
  shard_figures_.Note(cluster.key(), world.view.reports(), memory->owners);
  world.oddities = memory->patience.Lasting(Oddities(world), MonotonicMs());
  world.moves_rest = world.now_ms < memory->moves_rest_until_ms;
  if (acts) WeighSlotsIfDue(admin, &world, memory);
  if (acts) MonitorIfDue(cluster, world.now_ms, memory);
  world.monitor_refused = memory->monitor_refused;
  FindRivalsIfDue(cluster, world.now_ms, memory);
  world.rivals = memory->rivals;
  if (acts) {
    EnsurePodLabels(context_, world);
    EnsureBudgets(context_, world, &memory->budgets_ensured);
    EnsureExternal(context_, world);
    MarkClaims(context_, world);
  }
  const std::optional<Step> step = acts ? Decide(world) : Wait{"spec.paused: nothing is changed"};
  StepResult result;
  result.operation = world.operation();
  std::exception_ptr failure;
  if (step) {
    try {
      result = Executor(context_, admin).Do(world, *step);
    } catch (const kube::KubeError&) {
      throw;
    } catch (const base::Failure& error) {
      if (result.operation) result.operation->last_error = error.what();
      failure = std::current_exception();
    }
  }
  if (step && std::holds_alternative<CreateNodes>(*step) && !failure) {
    memory->creation_refused = result.refused;
    memory->create_again_ms = world.now_ms + kCreateAgainMs;
  }
  if (const auto limit = api::ParseQuantity(cluster.spec.rebalance.max_bytes_per_second); limit && result.bytes_moved > 0) {
    memory->moves_rest_until_ms = world.now_ms + static_cast<int64_t>(1000.0 * static_cast<double>(result.bytes_moved) / static_cast<double>(*limit));
  }
  if (!result.resize_refused.empty()) {
    memory->resize_refused = result.resize_refused;
    memory->resize_refused_for = world.template_hash;
  }
  if (step && std::holds_alternative<GrowClaims>(*step) && !failure) {
    memory->growth_refused = result.growth_refused;
    memory->grow_again_ms = world.now_ms + kGrowAgainMs;
  }
  const auto* wait = step ? std::get_if<Wait>(&*step) : nullptr;
  api::Status status = Summarize(world, result, wait == nullptr ? "" : wait->why);
  if (world.spec().autoscaling) {
    const auto& samples = memory->scaling.history.samples();
    WatchHotSlots(world, samples.empty() ? nullptr : &samples.back(), admin, &memory->scaling.hot);
    status.autoscaling = DecideScaling(world, &memory->scaling);
    const auto& before = cluster.status.autoscaling;
    if (before && before->desired_shards != status.autoscaling->desired_shards) {
      Event(cluster, kube::EventType::kNormal, "Autoscaling", status.autoscaling->message);
    }
  } else {
    status.autoscaling.reset();
  }
  api::SetCondition(&status, ActiveCondition(world, memory->scaling.history), base::Rfc3339(world.now_ms));
  for (const Happening& change : Changes(cluster.status, status)) {
    Event(cluster, change.warning ? kube::EventType::kWarning : kube::EventType::kNormal, change.reason, change.message);
  }
  const bool as_it_was = WriteStatus(cluster, object, status, memory);
  if (result.acted || (!as_it_was && Differs(cluster.status, status))) memory->quiet.Disturb(MonotonicMs());
  // Slots are on their way to where they should be, or there already.
  const bool planned = status.operation && !status.operation->moves.empty();
  if (acts && cluster.metadata.rebalance && (planned ? cluster.status.operation.has_value() : status.phase == "Ready")) ForgetRebalance(context_, cluster);
  // A number for every slot, of no use before they are weighed again.
  if (!status.operation && status.shards == status.target_shards) std::vector<double>().swap(memory->slot_weights);
  if (failure) std::rethrow_exception(failure);
  if (as_it_was && MayStandStill(world, step, status)) RememberStillness(world, objects, source, admin, said, memory);
  return NextLook(cluster, status, result.acted, memory);
}

controller::Outcome ClusterReconciler::NextLook(const api::RedisCluster& cluster, const api::Status& status, bool acted, Memory* memory) {
  const int64_t now_ms = MonotonicMs();
  if (acted) {
    memory->quiet.UntilBusyLook(now_ms);
    return {kAtOnce};
  }
  const bool idle = status.phase == "Ready" || status.phase == "Hibernated" || status.phase == "Paused";
  if (!idle || memory->patience.any()) return {memory->quiet.UntilBusyLook(now_ms)};
  const milliseconds look = memory->quiet.UntilIdleLook(now_ms);
  if (!cluster.spec.autoscaling) return {look, workqueue::Why::kLook};
  return {std::min(look, milliseconds(SampleEveryMs(*cluster.spec.autoscaling))), workqueue::Why::kLook};
}

bool ClusterReconciler::WriteStatus(const api::RedisCluster& cluster, const Json& object, const api::Status& status, Memory* memory) {
  const Json wanted = api::StatusToJson(status);
  const auto before = object.find("status");
  if (before != object.end() && wanted == *before) return true;
  const int64_t now_ms = base::SystemClock().UnixMs();
  const bool progress_due = now_ms - memory->status_written_ms >= kProgressEveryMs;
  if (!WorthWritingNow(cluster.status, status) && !progress_due) return false;
  RequireLease(context_, kBusy);
  // The version that was read: if somebody wrote since, this is out of date.
  const informer::Object held = context_.caches.clusters.Find(cluster.key());
  Json updated = object;
  // Our own finalizer may have been added since, by this pass.
  if (held != nullptr && (*held)["metadata"].value("generation", int64_t{0}) == cluster.metadata.generation &&
      held->value("status", Json::object()) == object.value("status", Json::object())) {
    updated = *held;
  }
  updated["status"] = wanted;
  context_.caches.clusters.Observe(context_.client.Update(kube::kRedisClusters, cluster.metadata.name_space, updated, "status"));
  memory->status_written_ms = now_ms;
  return false;
}

}  // namespace windlass::reconcile
