// Pure builders: RedisCluster → the objects it needs. Equal inputs give equal
// objects. Every object is labelled as ours and, except for claims, owned by
// the RedisCluster; claims outlive it unless storage.onDelete says otherwise,
// which the finalizer sees to.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "operator/api/redis_cluster.h"

namespace windlass::resources {

using Json = nlohmann::json;

struct NodeIdentity {
  std::string name;   // of the pod, the claim and the announced host name
  std::string shard;  // the shard it is made for
};

// The secret with the generated password, for people and clients.
Json BuildPasswordSecret(const api::RedisCluster& cluster, const std::string& password);
// Of the nodes; empty: none.
struct Passwords {
  std::string current;
  std::string earlier;    // accepted beside it for a while after a change
  int64_t until_ms = 0;   // Unix time at which the earlier one may be dropped; 0: there is none
};
// What nodes include from their configuration: the password, out of sight of `ps`;
// and what the operator must know to go on with a change of passwords.
Json BuildNodeSecret(const api::RedisCluster& cluster, const Passwords& passwords);
// From the cached object; current is empty if it is not of this form.
Passwords PasswordsIn(const Json& node_secret);
Json BuildConfigMap(const api::RedisCluster& cluster);
Json BuildClientService(const api::RedisCluster& cluster);
// Headless: gives every node a name, ready or not.
Json BuildNodesService(const api::RedisCluster& cluster);
// For clients outside: in front of all nodes, or of one.
Json BuildExternalService(const api::RedisCluster& cluster);
Json BuildExternalService(const api::RedisCluster& cluster, const std::string& pod);
// The name by which nodes tell of the node in this pod.
std::string AnnouncedName(const api::RedisCluster& cluster, const std::string& pod);
// Whether that is one by which clients find it.
bool IsToldByName(const api::RedisCluster& cluster);
// Evicted never, in so far as the operator can: it moves a master first when its
// node is cordoned. The two kinds select by role, so no pod is in two budgets,
// to which the eviction API would answer with an error.
Json BuildMasterBudget(const api::RedisCluster& cluster, int masters);
Json BuildReplicaBudget(const api::RedisCluster& cluster, const std::string& shard);
// What an application mounts to find the cluster and log in (servicebinding.io).
Json BuildBindingSecret(const api::RedisCluster& cluster, const std::string& password);
// The bus is for the cluster's own nodes, the clients' port for whom the spec names.
Json BuildNetworkPolicy(const api::RedisCluster& cluster);
// For the Prometheus operator. REQUIRES: spec.metrics.
Json BuildPodMonitor(const api::RedisCluster& cluster);
Json BuildClaim(const api::RedisCluster& cluster, const NodeIdentity& node);
// An image, and when it is fetched anew; an empty policy is left to Kubernetes.
struct NodeImage {
  std::string name;
  std::string pull_policy;
};
Json BuildPod(const api::RedisCluster& cluster, const NodeIdentity& node, const NodeImage& image);

// The directives that a change of the spec changes, by name: what a running node
// is told by CONFIG SET. Values as CONFIG SET takes them.
std::map<std::string, std::string> Settings(const api::Spec& spec);

// The text of redis.conf: those, and what is the same for every cluster.
std::string RedisConf(const api::Spec& spec);

// Of what a pod is made from, its identity left out: two pods with the same
// hash need no replacement. Pinned by a test, because a hash that changes with
// the operator's version would restart every node of every cluster. For the same
// reason an image that the spec does not name is not in it: that of a new operator
// holds for the pods it makes.
std::string TemplateHash(const api::RedisCluster& cluster);

// What the node's container may use, as an annotation keeps it, and read back; nothing
// if the text is none of ours.
std::string ResourcesText(const api::Resources& resources);
std::optional<api::Resources> ResourcesFromText(const std::string& text);
// As a container has it.
Json ResourcesJson(const api::Resources& resources);

}  // namespace windlass::resources
