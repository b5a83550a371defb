// RedisCluster, windlass.dev/v1alpha1, as values. Defaults here are those of
// the CRD; tests/architecture compares the two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass::api {

struct Metadata {
  std::string name;
  std::string name_space;
  std::string uid;
  std::string resource_version;
  int64_t generation = 0;
  bool deleting = false;  // deletionTimestamp is set
  bool rebalance = false;  // annotation: asked for by a person
  std::vector<std::string> finalizers;
};

struct Resources {
  std::map<std::string, std::string> requests;
  std::map<std::string, std::string> limits;
  bool operator==(const Resources&) const = default;
};

struct Memory {
  int maxmemory_percent = 75;
  std::string eviction_policy = "noeviction";
  bool operator==(const Memory&) const = default;
};

enum class Keep { kRetain, kDelete };

// Of a node whose volume no machine can reach.
enum class OnUnschedulable { kWait, kRebuild };

struct Storage {
  std::string size;
  std::string class_name;  // empty: the cluster's default class
  Keep on_delete = Keep::kRetain;
  Keep on_scale_in = Keep::kDelete;
  OnUnschedulable on_unschedulable = OnUnschedulable::kWait;
  bool operator==(const Storage&) const = default;
};

// Absent: an append-only file if there is storage, else nothing.
struct Persistence {
  enum class Mode { kDefault, kAof, kRdb, kNone };
  enum class Fsync { kAlways, kEverySecond, kNo };
  Mode mode = Mode::kDefault;
  Fsync fsync = Fsync::kEverySecond;
  bool operator==(const Persistence&) const = default;
};

// Replicas that must have a write before it is acknowledged.
struct Durability {
  enum class OnShortage { kBlock, kDegrade };
  int min_acks = 0;
  OnShortage on_shortage = OnShortage::kDegrade;
  bool operator==(const Durability&) const = default;
};

struct Toleration {
  std::string key;
  std::string op;  // Exists, Equal or empty
  std::string value;
  std::string effect;
  std::optional<int64_t> seconds;
  bool operator==(const Toleration&) const = default;
};

enum class Spread { kRequired, kPreferred, kOff };

// What is passed through to the pods.
struct PodOptions {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> node_selector;
  std::vector<Toleration> tolerations;
  std::string affinity;  // JSON, as in a pod; empty: none
  std::string priority_class_name;
  std::string service_account_name;
  int64_t termination_grace_seconds = 60;
  Spread hosts = Spread::kPreferred;
  Spread zones = Spread::kPreferred;
  bool operator==(const PodOptions&) const = default;
};

struct Failover {
  enum class LostShard { kDefault, kBlock, kAccept };
  int node_timeout_ms = 5000;
  int migration_barrier = 0;  // 0: the bus moves no replica to another shard
  LostShard lost_shard = LostShard::kDefault;  // Block with storage, else Accept
  bool operator==(const Failover&) const = default;
};

struct Rebalance {
  enum class Mode { kAuto, kManual };
  enum class By { kSlots, kBytes, kLoad };
  Mode mode = Mode::kAuto;
  By by = By::kBytes;
  int tolerance_percent = 10;
  int parallel_moves = 3;
  std::string max_bytes_per_second;  // a quantity; empty: as fast as it goes
  bool operator==(const Rebalance&) const = default;
};

struct NetworkPolicy {
  bool enabled = true;
  std::vector<std::string> from;  // who may connect: JSON of NetworkPolicyPeers; empty: everybody
  bool operator==(const NetworkPolicy&) const = default;
};

enum class Endpoint { kIp, kHostname };

// How clients outside of Kubernetes reach the nodes.
struct External {
  enum class Type { kNone, kLoadBalancer };
  Type type = Type::kNone;
  std::string hostname_template;  // of a node's name there, with {pod}
  std::map<std::string, std::string> annotations;  // of the Services
  bool operator==(const External&) const = default;
};

struct Network {
  std::vector<std::string> ip_families;  // "IPv4", "IPv6", the first foremost; empty: Kubernetes' default
  Endpoint endpoint = Endpoint::kIp;     // by what nodes tell clients of each other
  External external;
  bool operator==(const Network&) const = default;
};

struct Auth {
  enum class Mode { kGenerated, kSecret, kNone };
  Mode mode = Mode::kGenerated;
  std::string secret_name;
  int overlap_seconds = 600;  // how long an earlier password is accepted after a change
  bool operator==(const Auth&) const = default;
};

enum class Budget { kManaged, kNone };

// Whether a shard that is rolled gets a node beside those it is to have.
enum class Surge { kAuto, kAlways, kNever };

// When shards may be begun.
struct UpdateWindow {
  std::string cron;       // when it opens
  std::string time_zone = "UTC";  // of which that is
  int duration_seconds = 3600;
  bool operator==(const UpdateWindow&) const = default;
};

struct Update {
  enum class Mode { kRolling, kOnDelete };
  Mode mode = Mode::kRolling;
  Surge surge = Surge::kAuto;  // Auto: a shard without replicas
  int canary_shards = 1;       // rolled one after the other, before the rest
  int parallel_shards = 1;     // of the rest, at once
  std::optional<UpdateWindow> window;  // absent: at any time
  bool operator==(const Update&) const = default;
};

enum class MetricType { kMemory, kCpu, kOpsPerSecond, kNetworkBytes, kEvictionsPerSecond };

struct ScaleMetric {
  enum class Statistic { kMax, kMean };
  MetricType type = MetricType::kMemory;
  int64_t target = 0;  // of one master; Memory and CPU: percent
  Statistic statistic = Statistic::kMax;
  bool operator==(const ScaleMetric&) const = default;
};

struct ScaleOut {
  int stabilization_seconds = 60;
  int cooldown_seconds = 120;
  int max_step = 2;
  int predict_seconds = 900;
  int urgent_memory_percent = 90;
  bool operator==(const ScaleOut&) const = default;
};

struct ScaleIn {
  bool enabled = true;
  int stabilization_seconds = 1800;
  int cooldown_seconds = 1800;
  int max_step = 1;
  int headroom_percent = 20;
  bool allow_eviction = false;
  bool operator==(const ScaleIn&) const = default;
};

// A time that comes again and again, with bounds of its own.
struct Schedule {
  std::string name;
  std::string cron;
  std::string time_zone = "UTC";
  int duration_seconds = 0;
  int min_shards = 0;  // 0: as otherwise
  int max_shards = 0;  // likewise
  bool operator==(const Schedule&) const = default;
};

struct Autoscaling {
  enum class Mode { kAuto, kRecommend };
  Mode mode = Mode::kAuto;
  int min_shards = 3;
  int max_shards = 0;
  std::vector<ScaleMetric> metrics;
  ScaleOut scale_out;
  ScaleIn scale_in;
  std::vector<Schedule> schedules;
  bool operator==(const Autoscaling&) const = default;
};

struct Metrics {
  int port = 9121;
  bool pod_monitor = false;
  bool operator==(const Metrics&) const = default;
};

struct Spec {
  int shards = 3;
  int replicas_per_shard = 1;
  std::string image;  // empty: the operator's
  Resources resources{{{"cpu", "100m"}, {"memory", "512Mi"}}, {{"memory", "512Mi"}}};
  Memory memory;
  std::optional<Storage> storage;
  Persistence persistence;
  Durability durability;
  std::map<std::string, std::string> config;
  Auth auth;
  NetworkPolicy network_policy;
  Network network;
  std::vector<std::string> image_pull_secrets;
  PodOptions pod;
  Failover failover;
  Rebalance rebalance;
  Budget disruption_budget = Budget::kManaged;
  Update update;
  bool paused = false;
  bool hibernated = false;
  std::optional<Metrics> metrics;  // absent: not served
  bool deletion_protection = false;
  std::optional<Autoscaling> autoscaling;
  bool operator==(const Spec&) const = default;
};

struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  int64_t observed_generation = 0;
  std::string reason;
  std::string message;
  std::string last_transition_time;
};

struct ShardStatus {
  std::string name;
  std::string master;  // pod
  int slots = 0;
  int replicas = 0;
  int synced_replicas = 0;
  int64_t epoch = 0;
  std::string slot_ranges;  // "0-99,200", cut with "..." where it would be long
  bool operator==(const ShardStatus&) const = default;
};

// Slots that are to change hands. `from` and `to` are node ids.
struct Move {
  std::string slots;  // "0-99,200"
  std::string from;
  std::string to;
  std::string state;  // Pending, Moving, Done
  bool operator==(const Move&) const = default;
};

// What is being done, written before the first command of it.
struct Operation {
  std::string id;
  std::string kind;  // Form, ScaleOut, ScaleIn, Rebalance, Failover, Roll, Repair
  std::string step;
  std::string last_error;
  int64_t generation = 0;
  int from_shards = 0;
  int to_shards = 0;
  int progress_percent = 0;
  int attempts = 0;
  std::string started_at;
  std::string target;
  std::vector<Move> moves;
  std::string mark;    // of a roll: what nodes are to be made of, and how they are rolled
  std::string halted;  // of a roll: why it goes no further; empty: it does
};

struct AutoscalingStatus {
  int seen_spec_shards = 0;
  int desired_shards = 0;
  std::string reason;
  std::string message;
  std::string last_scale_time;
  std::string cooldown_until;
  bool operator==(const AutoscalingStatus&) const = default;
};

struct Status {
  int64_t observed_generation = 0;
  std::string phase;
  std::string cluster_id;
  int shards = 0;
  int target_shards = 0;
  int ready_shards = 0;
  int nodes = 0;
  int ready_nodes = 0;
  std::string revision;  // of the pod template, see resources::TemplateHash
  int updated_nodes = 0;  // made from it
  std::string selector;
  std::vector<Condition> conditions;
  std::vector<ShardStatus> shard_statuses;
  std::optional<Operation> operation;
  std::optional<AutoscalingStatus> autoscaling;
  std::string internal_service;
  std::string external_service;  // empty: there is none
  std::string secret_name;
  std::string binding_name;  // a secret that applications can mount
  std::string lost_slots;    // "0-99,200": nobody is left who held them
  std::vector<std::string> orphan_claims;  // kept of nodes that were taken out
};

struct RedisCluster {
  Metadata metadata;
  Spec spec;
  Status status;
  std::string key() const { return metadata.name_space + "/" + metadata.name; }
};

// Sets the condition of this type; its time moves only when its status does.
// Returns whether the status changed.
bool SetCondition(Status* status, Condition condition, const std::string& now);
const Condition* FindCondition(const Status& status, const std::string& type);

}  // namespace windlass::api
