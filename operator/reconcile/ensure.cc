// See ensure.h.
#include "operator/reconcile/ensure.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/api/names.h"
#include "operator/base/text.h"
#include "operator/reconcile/passwords.h"
#include "operator/reconcile/retire.h"
#include "operator/resources/builders.h"
#include "operator/resources/diff.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kWriteTime{2000};

std::string KeyOf(const api::RedisCluster& cluster, const std::string& name) {
  return cluster.metadata.name_space + "/" + name;
}

bool IsOurs(const api::RedisCluster& cluster, const Json& object) {
  for (const Json& owner : object.at("metadata").value("ownerReferences", Json::array())) {
    if (owner.value("uid", "") == cluster.metadata.uid) return true;
  }
  return false;
}

void CreateOne(const Context& context, const api::RedisCluster& cluster, const kube::Kind& kind,
               informer::Store* store, const Json& wanted) {
  const std::string name = wanted.at("metadata").at("name").get<std::string>();
  RequireLease(context, kWriteTime);
  try {
    store->Observe(context.client.Create(kind, cluster.metadata.name_space, wanted));
    return;
  } catch (const kube::KubeError& error) {
    if (!error.already_exists()) throw;
  }
  const auto live = context.client.Get(kind, cluster.metadata.name_space, name);
  if (!live) return;  // gone again: the next pass makes it
  if (!IsOurs(cluster, *live)) {
    throw base::Failure(std::string(kind.kind) + " " + name + " exists and is not this cluster's; rename one of the two");
  }
  store->Observe(*live);
}

void EnsureOne(const Context& context, const api::RedisCluster& cluster, const kube::Kind& kind,
               informer::Store* store, const Json& wanted) {
  const std::string name = wanted.at("metadata").at("name").get<std::string>();
  const informer::Object held = store->Find(KeyOf(cluster, name));
  if (held == nullptr) return CreateOne(context, cluster, kind, store, wanted);
  // In a list, as which a started operator reads them, objects do not say what they are.
  Json said = wanted;
  said.erase("apiVersion");
  said.erase("kind");
  if (!resources::FirstDifference(said, *held)) return;
  RequireLease(context, kWriteTime);
  store->Observe(context.client.MergePatch(kind, cluster.metadata.name_space, name, wanted));
}

// A master without slots is not one that clients or an autoscaler should count.
// Of one that is not seen in the cluster, what was last seen holds.
std::string RoleOf(const Member& member) {
  if (!member.joined || member.doubted) return member.pod ? member.pod->role : "";
  return !member.master ? api::kRoleReplica : member.slots == 0 ? api::kRoleEmpty : api::kRoleMaster;
}

Json WantedPatch(const Member& member) {
  Json patch = Json::object();
  const PodFact& pod = *member.pod;
  if (!member.shard.empty() && pod.shard != member.shard) patch["labels"][api::kLabelShard] = member.shard;
  if (const std::string role = RoleOf(member); pod.role != role) patch["labels"][api::kLabelRole] = role;
  // It was done, or it is too late: it is one-time.
  if (pod.take_over && member.answers && member.master) patch["annotations"][api::kAnnotationTakeOver] = nullptr;
  if (member.answers && pod.node_id != member.id) patch["annotations"][api::kAnnotationNodeId] = member.id;
  return patch;
}

void DeleteByUid(const Context& context, const kube::Kind& kind, const std::string& name_space, const Json& object) {
  kube::DeleteOptions options;
  options.uid = object.at("metadata").value("uid", "");
  context.client.Delete(kind, name_space, object.at("metadata").value("name", ""), options);
}

}  // namespace

void RequireLease(const Context& context, std::chrono::milliseconds duration) {
  if (!context.fence.HeldFor(duration)) throw base::Failure("the lease does not cover what is to be done: not acting");
}

namespace {

// The first family that a Service has and is to have, if they differ.
std::optional<std::pair<std::string, std::string>> OtherFamily(const Json& wanted, const informer::Object& held) {
  const Json first = wanted.at("spec").value("ipFamilies", Json::array());
  const Json live = held == nullptr ? Json::array() : held->value("spec", Json::object()).value("ipFamilies", Json::array());
  if (first.empty() || live.empty() || first[0] == live[0]) return std::nullopt;
  return std::pair{live[0].get<std::string>(), first[0].get<std::string>()};
}

// Those that the spec gave it and does not any more; whatever else is there is somebody else's.
void TakeBackAnnotations(const informer::Object& held, Json* wanted) {
  if (held == nullptr) return;
  const Json live = held->at("metadata").value("annotations", Json::object());
  for (const std::string& name : base::SplitNonEmpty(live.value(api::kAnnotationGiven, ""), ',')) {
    Json& annotations = (*wanted)["metadata"]["annotations"];
    if (!annotations.contains(name) && live.contains(name)) annotations[name] = nullptr;
  }
}

// A Service keeps its first family for good: one that is to have another stays as it is.
void EnsureService(const Context& context, const api::RedisCluster& cluster, Json wanted) {
  const informer::Object held = context.caches.services.Find(KeyOf(cluster, wanted.at("metadata").at("name").get<std::string>()));
  TakeBackAnnotations(held, &wanted);
  if (OtherFamily(wanted, held)) {
    wanted["spec"].erase("ipFamilies");
    wanted["spec"].erase("ipFamilyPolicy");
  }
  EnsureOne(context, cluster, kube::kServices, &context.caches.services, wanted);
}

void EnsureNetworkPolicy(const Context& context, const api::RedisCluster& cluster) {
  informer::Store& store = context.caches.network_policies;
  if (cluster.spec.network_policy.enabled) {
    return EnsureOne(context, cluster, kube::kNetworkPolicies, &store, resources::BuildNetworkPolicy(cluster));
  }
  const informer::Object held = store.Find(KeyOf(cluster, api::NetworkPolicyName(cluster.metadata.name)));
  if (held == nullptr || !IsOurs(cluster, *held) || held->at("metadata").contains("deletionTimestamp")) return;
  RequireLease(context, kWriteTime);
  DeleteByUid(context, kube::kNetworkPolicies, cluster.metadata.name_space, *held);
}

}  // namespace

void EnsureObjects(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords) {
  const Caches& caches = context.caches;
  EnsureOne(context, cluster, kube::kSecrets, &caches.secrets, resources::BuildNodeSecret(cluster, passwords));
  EnsureOne(context, cluster, kube::kConfigMaps, &caches.config_maps, resources::BuildConfigMap(cluster));
  EnsureService(context, cluster, resources::BuildNodesService(cluster));
  EnsureService(context, cluster, resources::BuildClientService(cluster));
  const std::string password = BindingPassword(context, cluster, passwords);
  EnsureOne(context, cluster, kube::kSecrets, &caches.secrets, resources::BuildBindingSecret(cluster, password));
  EnsureNetworkPolicy(context, cluster);
}

std::string ObjectsStamp(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords) {
  if (passwords.until_ms != 0) return "";  // which one applications are given changes with what nodes were told
  const api::Metadata& metadata = cluster.metadata;
  std::string stamp = metadata.uid + " " + metadata.resource_version + " " + MarkOf(passwords);
  const Caches& caches = context.caches;
  for (const informer::Store* store : {&caches.secrets, &caches.config_maps, &caches.services, &caches.network_policies}) {
    stamp += "/" + store->StampOf(metadata.name_space, metadata.name);
  }
  return stamp;
}

std::string FamilyDrift(const Context& context, const api::RedisCluster& cluster) {
  if (cluster.spec.network.ip_families.empty()) return "";  // then a Service is not told of any
  const auto other = OtherFamily(resources::BuildClientService(cluster),
                                 context.caches.services.Find(KeyOf(cluster, api::ClientServiceName(cluster.metadata.name))));
  if (!other) return "";
  return "spec.network.ipFamilies: " + other->second + " is not the first family of the Services, " + other->first +
         ", and a Service keeps it: put " + other->first + " first, or delete the Services to have them made anew";
}

void EnsureFinalizer(const Context& context, const api::RedisCluster& cluster) {
  auto finalizers = cluster.metadata.finalizers;
  if (std::find(finalizers.begin(), finalizers.end(), api::kFinalizer) != finalizers.end()) return;
  RequireLease(context, kWriteTime);
  finalizers.push_back(api::kFinalizer);
  const Json metadata = {{"finalizers", finalizers}, {"resourceVersion", cluster.metadata.resource_version}};
  context.caches.clusters.Observe(context.client.MergePatch(kube::kRedisClusters, cluster.metadata.name_space,
                                                            cluster.metadata.name, {{"metadata", metadata}}));
}

void EnsurePodLabels(const Context& context, const World& world) {
  for (const Member& member : world.members) {
    if (!member.pod || member.doubted) continue;
    const Json patch = WantedPatch(member);
    if (patch.empty()) continue;
    RequireLease(context, kWriteTime);
    try {
      context.caches.pods.Observe(context.client.MergePatch(kube::kPods, world.cluster->metadata.name_space,
                                                            member.name, {{"metadata", patch}}));
    } catch (const kube::KubeError& error) {
      if (!error.not_found()) throw;
    }
  }
}

void EnsureBudgets(const Context& context, const World& world, std::string* ensured) {
  const api::RedisCluster& cluster = *world.cluster;
  int masters = 0;
  std::set<std::string> with_replicas;
  for (const Member& member : world.members) {
    if (!member.pod) continue;
    const std::string role = RoleOf(member);
    masters += role == api::kRoleMaster;
    if (role == api::kRoleReplica && !member.shard.empty()) with_replicas.insert(member.shard);
  }
  std::string stamp = cluster.metadata.uid + " " + cluster.metadata.resource_version + " " + std::to_string(masters);
  for (const std::string& shard : with_replicas) stamp += " " + shard;
  stamp += "/" + context.caches.budgets.StampOf(cluster.metadata.name_space, cluster.metadata.name);
  if (*ensured == stamp) return;
  std::vector<Json> wanted;
  if (cluster.spec.disruption_budget == api::Budget::kManaged && !cluster.status.cluster_id.empty()) {
    wanted.push_back(resources::BuildMasterBudget(cluster, masters));
    for (const std::string& shard : with_replicas) wanted.push_back(resources::BuildReplicaBudget(cluster, shard));
  }
  std::set<std::string> names;
  for (const Json& budget : wanted) {
    names.insert(budget.at("metadata").at("name").get<std::string>());
    EnsureOne(context, cluster, kube::kBudgets, &context.caches.budgets, budget);
  }
  for (const auto& held : context.caches.budgets.WithLabel(cluster.metadata.name_space, cluster.metadata.name)) {
    const bool unwanted = names.count(held->at("metadata").value("name", "")) == 0;
    if (!unwanted || !IsOurs(cluster, *held) || held->at("metadata").contains("deletionTimestamp")) continue;
    RequireLease(context, kWriteTime);
    DeleteByUid(context, kube::kBudgets, cluster.metadata.name_space, *held);
  }
  *ensured = stamp;
}

void EnsureExternal(const Context& context, const World& world) {
  const api::RedisCluster& cluster = *world.cluster;
  std::set<std::string> wanted;
  if (cluster.spec.network.external.type != api::External::Type::kNone) {
    wanted.insert(cluster.metadata.name);
    EnsureService(context, cluster, resources::BuildExternalService(cluster));
    for (const Member& member : world.members) {
      if (member.leaving() || !wanted.insert(member.name).second) continue;
      EnsureService(context, cluster, resources::BuildExternalService(cluster, member.name));
    }
  }
  for (const auto& held : context.caches.services.WithLabel(cluster.metadata.name_space, cluster.metadata.name)) {
    const std::string of = held->at("metadata").at("labels").value(api::kLabelNode, "");
    if (of.empty() || wanted.count(of) != 0 || !IsOurs(cluster, *held) || held->at("metadata").contains("deletionTimestamp")) continue;
    RequireLease(context, kWriteTime);
    DeleteByUid(context, kube::kServices, cluster.metadata.name_space, *held);
  }
}

void ForgetRebalance(const Context& context, const api::RedisCluster& cluster) {
  RequireLease(context, kWriteTime);
  const Json patch = {{"metadata", {{"annotations", {{api::kAnnotationRebalance, nullptr}}}}}};
  context.caches.clusters.Observe(context.client.MergePatch(kube::kRedisClusters, cluster.metadata.name_space, cluster.metadata.name, patch));
}

void MarkClaims(const Context& context, const World& world) {
  const std::string& id = world.status().cluster_id;
  if (id.empty()) return;
  for (const Member& member : world.members) {
    if (!member.claim || member.volume.cluster_id == id) continue;
    RequireLease(context, kWriteTime);
    const Json patch = {{"metadata", {{"annotations", {{api::kAnnotationClusterId, id}}}}}};
    try {
      context.caches.claims.Observe(context.client.MergePatch(kube::kClaims, world.cluster->metadata.name_space, member.name, patch));
    } catch (const kube::KubeError& error) {
      if (!error.not_found()) throw;
    }
  }
}

std::string EnsurePodMonitor(const Context& context, const api::RedisCluster& cluster) {
  const std::string& space = cluster.metadata.name_space;
  const bool wanted = cluster.spec.metrics && cluster.spec.metrics->pod_monitor;
  try {
    // Not watched, for few have its kind: it is looked up.
    const auto held = context.client.Get(kube::kPodMonitors, space, cluster.metadata.name);
    if (held && !IsOurs(cluster, *held)) {
      return wanted ? "PodMonitor " + cluster.metadata.name + " exists and is not this cluster's; rename one of the two" : "";
    }
    if (!wanted) {
      if (!held) return "";
      RequireLease(context, kWriteTime);
      DeleteByUid(context, kube::kPodMonitors, space, *held);
      return "";
    }
    const Json monitor = resources::BuildPodMonitor(cluster);
    if (held && !resources::FirstDifference(monitor, *held)) return "";
    RequireLease(context, kWriteTime);
    if (held) {
      context.client.MergePatch(kube::kPodMonitors, space, cluster.metadata.name, monitor);
    } else {
      context.client.Create(kube::kPodMonitors, space, monitor);
    }
    return "";
  } catch (const kube::KubeError& error) {
    if (!wanted) return "";  // as before there were any, or an older role
    if (error.not_found()) return "metrics.podMonitor needs the Prometheus operator's PodMonitor, which is not installed here; install it, or set it to false";
    if (error.status() == 403) return "metrics.podMonitor: " + std::string(error.what());
    throw;
  }
}

void DeleteRetiredClaims(const Context& context, const api::RedisCluster& cluster) {
  const std::string& space = cluster.metadata.name_space;
  for (const auto& claim : context.caches.claims.WithLabel(space, cluster.metadata.name)) {
    const Json& metadata = claim->at("metadata");
    const std::string mark = metadata.value("annotations", Json::object()).value(kAnnotationRetired, "");
    const bool has_pod = context.caches.pods.Find(informer::KeyOf(*claim)) != nullptr;
    if (mark != kRetiredDelete || has_pod || metadata.contains("deletionTimestamp")) continue;
    RequireLease(context, kWriteTime);
    DeleteByUid(context, kube::kClaims, space, *claim);
  }
}

namespace {

void TellOfKeptClaims(const Context& context, const api::RedisCluster& cluster) {
  std::string names;
  for (const auto& claim : context.caches.claims.WithLabel(cluster.metadata.name_space, cluster.metadata.name)) {
    names += (names.empty() ? "" : ", ") + claim->at("metadata").value("name", "");
  }
  if (names.empty()) return;
  const api::Metadata& metadata = cluster.metadata;
  context.events.Record({api::kGroupVersion, "RedisCluster", metadata.name_space, metadata.name, metadata.uid}, kube::EventType::kNormal,
                        "ClaimsKept", "kept: " + names.substr(0, 800) + "; a RedisCluster of the same name takes them up again, or delete them");
}

}  // namespace

bool Finalize(const Context& context, const api::RedisCluster& cluster) {
  const std::string& space = cluster.metadata.name_space;
  auto finalizers = cluster.metadata.finalizers;
  const auto ours = std::find(finalizers.begin(), finalizers.end(), api::kFinalizer);
  if (ours == finalizers.end()) return true;
  RequireLease(context, kWriteTime);
  const auto pods = context.caches.pods.WithLabel(space, cluster.metadata.name);
  for (const auto& pod : pods) {
    if (!pod->at("metadata").contains("deletionTimestamp")) DeleteByUid(context, kube::kPods, space, *pod);
  }
  if (!pods.empty()) return false;
  if (cluster.spec.storage && cluster.spec.storage->on_delete == api::Keep::kDelete) {
    for (const auto& claim : context.caches.claims.WithLabel(space, cluster.metadata.name)) {
      DeleteByUid(context, kube::kClaims, space, *claim);
    }
  } else {
    TellOfKeptClaims(context, cluster);
  }
  finalizers.erase(ours);
  try {
    context.client.MergePatch(kube::kRedisClusters, space, cluster.metadata.name, {{"metadata", {{"finalizers", finalizers}}}});
  } catch (const kube::KubeError& error) {
    if (!error.not_found()) throw;
  }
  return true;
}

}  // namespace windlass::reconcile
