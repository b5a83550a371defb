// The names by which the operator's objects and labels are known. They are part
// of the API: people select by them.
#pragma once

#include <optional>
#include <string>

namespace windlass::api {

inline constexpr char kGroupVersion[] = "windlass.dev/v1alpha1";
inline constexpr char kFinalizer[] = "windlass.dev/cluster";

inline constexpr char kLabelCluster[] = "windlass.dev/cluster";
inline constexpr char kLabelShard[] = "windlass.dev/shard";
inline constexpr char kLabelRole[] = "windlass.dev/role";
inline constexpr char kRoleMaster[] = "master";
inline constexpr char kRoleReplica[] = "replica";
inline constexpr char kRoleEmpty[] = "empty";  // a master without slots
inline constexpr char kLabelNode[] = "windlass.dev/node";  // the pod's name, where a Service selects by it
inline constexpr char kLabelManagedBy[] = "app.kubernetes.io/managed-by";
inline constexpr char kLabelInstance[] = "app.kubernetes.io/instance";
inline constexpr char kLabelName[] = "app.kubernetes.io/name";
inline constexpr char kManager[] = "windlass-operator";
// Every object of ours: what the informers ask for.
inline constexpr char kManagedSelector[] = "app.kubernetes.io/managed-by=windlass-operator";

inline constexpr char kAnnotationTemplate[] = "windlass.dev/template-hash";
inline constexpr char kAnnotationNodeId[] = "windlass.dev/node-id";
// How long the earlier password in a node secret is accepted, RFC 3339.
inline constexpr char kAnnotationOverlapUntil[] = "windlass.dev/overlap-until";
// The settings that a node was last told, as reconcile/node_settings writes them.
inline constexpr char kAnnotationSettings[] = "windlass.dev/settings";

// What a person asks for, on a pod: that it be left alone and never be a master; that it
// take over from its master, once.
inline constexpr char kAnnotationFenced[] = "windlass.dev/fenced";
inline constexpr char kAnnotationTakeOver[] = "windlass.dev/take-over";
// On a RedisCluster: that slots be evened out, once.
inline constexpr char kAnnotationRebalance[] = "windlass.dev/rebalance";
// What a pod's container may use: as it is by its template hash, and as it was asked to
// become in place.
inline constexpr char kAnnotationResources[] = "windlass.dev/resources";
inline constexpr char kAnnotationResizeTo[] = "windlass.dev/resize-to";
// On a Service: which of its annotations, with commas between them, are there because the spec says so.
inline constexpr char kAnnotationGiven[] = "windlass.dev/annotations";
// On claims: whose data they hold. A cluster that takes them up again goes on under that id.
inline constexpr char kAnnotationClusterId[] = "windlass.dev/cluster-id";

inline constexpr int kRedisPort = 6379;
inline constexpr int kBusPort = 16379;

std::string NodeName(const std::string& cluster, int ordinal);  // <cluster>-<n>
// n of <cluster>-<n>; nothing if the name is not of that form.
std::optional<int> NodeOrdinal(const std::string& cluster, const std::string& name);
std::string ClientServiceName(const std::string& cluster);    // <cluster>
std::string NodesServiceName(const std::string& cluster);     // <cluster>-nodes, headless
std::string ExternalServiceName(const std::string& of);  // <cluster>-external, <pod>-external
// What stands after a pod's name in the name by which it is found in the network.
std::string NodeHostSuffix(const std::string& cluster, const std::string& name_space);  // .<cluster>-nodes.<namespace>.svc
std::string ConfigMapName(const std::string& cluster);        // <cluster>-config
std::string PasswordSecretName(const std::string& cluster);   // <cluster>-auth, key "password"
std::string NodeSecretName(const std::string& cluster);       // <cluster>-node, read by nodes
std::string BindingSecretName(const std::string& cluster);    // <cluster>-binding, for applications
std::string NetworkPolicyName(const std::string& cluster);    // <cluster>
std::string MasterBudgetName(const std::string& cluster);     // <cluster>-masters
std::string ReplicaBudgetName(const std::string& cluster, const std::string& shard);  // <cluster>-<shard>-replicas
// Selects this cluster's masters.
std::string MasterSelector(const std::string& cluster);

}  // namespace windlass::api
