// See validation.h.
#include "operator/api/validation.h"

#include <algorithm>
#include <set>

#include "operator/api/directives.h"
#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/base/cron.h"
#include "operator/base/time_zone.h"

namespace windlass::api {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kLeastMemoryLimit = 16 * kMiB;

class Findings {
 public:
  void Range(const std::string& field, int64_t value, int64_t least, int64_t most) {
    if (value >= least && value <= most) return;
    Add(field, std::to_string(value), "use " + std::to_string(least) + " to " + std::to_string(most));
  }
  void Add(const std::string& field, const std::string& value, const std::string& remedy) {
    list.push_back(field + ": " + (value.empty() ? "(unset)" : value) + " is invalid: " + remedy);
  }
  std::vector<std::string> list;
};

void CheckResources(const Spec& spec, Findings* findings) {
  for (const auto* side : {&spec.resources.requests, &spec.resources.limits}) {
    const std::string path = side == &spec.resources.requests ? "spec.resources.requests." : "spec.resources.limits.";
    for (const auto& [name, text] : *side) {
      if (!ParseQuantity(text)) findings->Add(path + name, "\"" + text + "\"", "use a quantity, such as 512Mi");
    }
  }
  const auto limit = spec.resources.limits.find("memory");
  if (limit == spec.resources.limits.end()) {
    findings->Add("spec.resources.limits.memory", "", "set it, because maxmemory is a share of it");
  } else if (const auto bytes = ParseQuantity(limit->second); bytes && *bytes < kLeastMemoryLimit) {
    findings->Add("spec.resources.limits.memory", "\"" + limit->second + "\"", "use 16Mi or more");
  }
}

void CheckAutoscaling(const Spec& spec, Findings* findings) {
  const Autoscaling& scaling = *spec.autoscaling;
  const std::string path = "spec.autoscaling.";
  findings->Range(path + "minShards", scaling.min_shards, 1, 1000);
  findings->Range(path + "maxShards", scaling.max_shards, 1, 1000);
  if (scaling.min_shards > scaling.max_shards) {
    findings->Add(path + "minShards", std::to_string(scaling.min_shards), "use at most maxShards, " + std::to_string(scaling.max_shards));
  }
  if (scaling.min_shards < 3 && spec.replicas_per_shard > 0) {
    findings->Add(path + "minShards", std::to_string(scaling.min_shards), "fewer than 3 shards have no majority to elect a replica; use 3 or more, or replicasPerShard 0");
  }
  if (scaling.metrics.empty()) findings->Add(path + "metrics", "[]", "give at least one metric");
  std::set<MetricType> seen;
  for (size_t i = 0; i < scaling.metrics.size(); ++i) {
    const ScaleMetric& metric = scaling.metrics[i];
    const std::string at = path + "metrics[" + std::to_string(i) + "].";
    if (!seen.insert(metric.type).second) findings->Add(at + "type", "repeated", "give each type once");
    if (metric.target < 1) findings->Add(at + "target", std::to_string(metric.target), "use 1 or more");
    if (metric.type == MetricType::kCpu && metric.target > 100) findings->Add(at + "target", std::to_string(metric.target), "a CPU target is a percentage, use 1 to 100");
    if (metric.type == MetricType::kEvictionsPerSecond && spec.memory.eviction_policy == "noeviction") {
      findings->Add(at + "type", "EvictionsPerSecond", "with memory.evictionPolicy noeviction nothing is evicted; use a Memory target instead");
    }
    if (metric.type != MetricType::kMemory) continue;
    if (metric.target > 100) findings->Add(at + "target", std::to_string(metric.target), "a Memory target is a percentage, use 1 to 100");
    if (spec.memory.eviction_policy != "noeviction") {
      findings->Add("spec.memory.evictionPolicy", spec.memory.eviction_policy, "use noeviction with a Memory target, because an evicting cache is always full, or an EvictionsPerSecond target instead");
    }
  }
  findings->Range(path + "scaleOut.stabilizationSeconds", scaling.scale_out.stabilization_seconds, 0, 86400);
  findings->Range(path + "scaleOut.cooldownSeconds", scaling.scale_out.cooldown_seconds, 0, 86400);
  findings->Range(path + "scaleOut.maxStep", scaling.scale_out.max_step, 1, 100);
  findings->Range(path + "scaleOut.predictSeconds", scaling.scale_out.predict_seconds, 0, 86400);
  findings->Range(path + "scaleOut.urgentMemoryPercent", scaling.scale_out.urgent_memory_percent, 1, 100);
  findings->Range(path + "scaleIn.stabilizationSeconds", scaling.scale_in.stabilization_seconds, 0, 86400);
  findings->Range(path + "scaleIn.cooldownSeconds", scaling.scale_in.cooldown_seconds, 0, 86400);
  findings->Range(path + "scaleIn.maxStep", scaling.scale_in.max_step, 1, 100);
  findings->Range(path + "scaleIn.headroomPercent", scaling.scale_in.headroom_percent, 0, 99);
}

void CheckSchedules(const Spec& spec, Findings* findings) {
  const Autoscaling& scaling = *spec.autoscaling;
  if (scaling.schedules.size() > 16) findings->Add("spec.autoscaling.schedules", std::to_string(scaling.schedules.size()) + " entries", "use at most 16");
  std::set<std::string> names;
  for (size_t i = 0; i < scaling.schedules.size(); ++i) {
    const Schedule& schedule = scaling.schedules[i];
    const std::string at = "spec.autoscaling.schedules[" + std::to_string(i) + "].";
    if (schedule.name.empty()) findings->Add(at + "name", "", "give each schedule a name");
    if (!names.insert(schedule.name).second) findings->Add(at + "name", "\"" + schedule.name + "\"", "give each schedule a name of its own");
    if (const auto cron = base::Cron::Parse(schedule.cron); !cron) findings->Add(at + "cron", "\"" + schedule.cron + "\"", cron.error());
    if (base::FindTimeZone(schedule.time_zone) == nullptr) {
      findings->Add(at + "timeZone", "\"" + schedule.time_zone + "\"", "the operator's time zone database has no such zone; use a name such as UTC or Europe/Berlin");
    }
    findings->Range(at + "durationSeconds", schedule.duration_seconds, 60, 604800);
    if (schedule.min_shards == 0 && schedule.max_shards == 0) findings->Add(at + "minShards", "", "give minShards, maxShards or both, or the schedule does nothing");
    if (schedule.min_shards != 0) findings->Range(at + "minShards", schedule.min_shards, 1, 1000);
    if (schedule.max_shards != 0) findings->Range(at + "maxShards", schedule.max_shards, 1, 1000);
    if (schedule.min_shards != 0 && schedule.max_shards != 0 && schedule.min_shards > schedule.max_shards) {
      findings->Add(at + "minShards", std::to_string(schedule.min_shards), "use at most its maxShards, " + std::to_string(schedule.max_shards));
    }
    for (const int bound : {schedule.min_shards, schedule.max_shards}) {
      if (bound == 0 || bound >= 3 || spec.replicas_per_shard == 0) continue;
      findings->Add(at + (bound == schedule.min_shards ? "minShards" : "maxShards"), std::to_string(bound),
                    "fewer than 3 shards have no majority to elect a replica; use 3 or more, or replicasPerShard 0");
    }
  }
}

void CheckConfig(const Spec& spec, Findings* findings) {
  if (spec.config.size() > 64) findings->Add("spec.config", std::to_string(spec.config.size()) + " entries", "use at most 64");
  for (const auto& [name, value] : spec.config) {
    const bool name_ok = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!name_ok) {
      findings->Add("spec.config", "\"" + name + "\"", "a directive is written in lower-case letters, digits and dashes");
    } else if (IsReservedDirective(name)) {
      findings->Add("spec.config." + name, "\"" + value + "\"", "the operator sets this directive itself; use the field that stands for it");
      continue;  // some of them, as include, read files
    }
    // A newline would smuggle a second directive into redis.conf.
    if (value.size() > 1024 || value.find_first_of("\r\n") != std::string::npos || value.find('\0') != std::string::npos) {
      findings->Add("spec.config." + name, "(value)", "use one line of at most 1024 characters");
    } else if (!IsDirective(name)) {
      // Another image may know more directives than our own node does.
      if (spec.image.empty()) findings->Add("spec.config." + name, "\"" + value + "\"", "the node knows no such directive; correct or remove it");
    } else if (const auto error = DirectiveError(name, value)) {
      findings->Add("spec.config." + name, "\"" + value + "\"", "the node says: " + *error);
    }
  }
}

void CheckDurability(const Spec& spec, Findings* findings) {
  if (spec.durability.min_acks < 0 || spec.durability.min_acks > spec.replicas_per_shard) {
    findings->Add("spec.durability.minAcks", std::to_string(spec.durability.min_acks),
                  "use 0 to replicasPerShard, " + std::to_string(spec.replicas_per_shard));
  }
  if (spec.hibernated && (!spec.storage || spec.persistence.mode == Persistence::Mode::kNone)) {
    findings->Add("spec.hibernated", "true", "nothing would be left of the data; it needs storage, and a persistence.mode other than None");
  }
  findings->Range("spec.rebalance.tolerancePercent", spec.rebalance.tolerance_percent, 0, 100);
  findings->Range("spec.rebalance.parallelMoves", spec.rebalance.parallel_moves, 1, 64);
  const std::string& most = spec.rebalance.max_bytes_per_second;
  if (!most.empty() && ParseQuantity(most).value_or(0) < 1024) {
    findings->Add("spec.rebalance.maxBytesPerSecond", "\"" + most + "\"", "use a quantity of 1Ki or more, such as 50Mi");
  }
}

void CheckWindow(const UpdateWindow& window, Findings* findings) {
  const std::string path = "spec.update.window.";
  if (const auto cron = base::Cron::Parse(window.cron); !cron) findings->Add(path + "cron", "\"" + window.cron + "\"", cron.error());
  if (base::FindTimeZone(window.time_zone) == nullptr) {
    findings->Add(path + "timeZone", "\"" + window.time_zone + "\"", "the operator's time zone database has no such zone; use a name such as UTC or Europe/Berlin");
  }
  findings->Range(path + "durationSeconds", window.duration_seconds, 60, 604800);
}

void CheckUpdate(const Spec& spec, Findings* findings) {
  findings->Range("spec.update.canaryShards", spec.update.canary_shards, 0, 1000);
  findings->Range("spec.update.parallelShards", spec.update.parallel_shards, 1, 100);
  if (spec.update.window) CheckWindow(*spec.update.window, findings);
  if (spec.update.surge != Surge::kNever || spec.replicas_per_shard > 0) return;
  if (!spec.storage || spec.persistence.mode == Persistence::Mode::kNone) {
    findings->Add("spec.update.surge", "Never",
                  "the only copy of a shard would be lost with its pod; use Auto, or replicasPerShard of 1 or more, or storage with a persistence.mode other than None");
  }
}

// Labels by which the operator knows its objects cannot be the user's.
bool IsOurLabel(const std::string& name) {
  return name.rfind("windlass.dev/", 0) == 0 || name == "app.kubernetes.io/managed-by" || name == "app.kubernetes.io/instance" ||
         name == "app.kubernetes.io/name";
}

void CheckExternal(const External& external, Findings* findings) {
  const std::string field = "spec.network.external.hostnameTemplate";
  const std::string& text = external.hostname_template;
  const bool outside = external.type == External::Type::kLoadBalancer;
  if (outside != !text.empty()) {
    findings->Add(field, text, "it goes with type LoadBalancer, and only with it, because nodes tell clients names there");
  } else if (outside && !HostPatternFromText(text)) {
    findings->Add(field, "\"" + text + "\"", "use a host name of lower-case letters, digits, dashes and dots with {pod} once, such as {pod}.redis.example.com");
  }
  for (const auto& [name, value] : external.annotations) {
    if (IsOurLabel(name)) findings->Add("spec.network.external.annotations", name, "the operator sets it itself; use a name of your own");
  }
}

void CheckNetwork(const Spec& spec, Findings* findings) {
  CheckExternal(spec.network.external, findings);
  const auto& families = spec.network.ip_families;
  const bool known = std::all_of(families.begin(), families.end(), [](const std::string& family) { return family == "IPv4" || family == "IPv6"; });
  if (families.size() <= 2 && known && (families.size() < 2 || families[0] != families[1])) return;
  std::string text;
  for (const std::string& family : families) text += (text.empty() ? "" : ", ") + family;
  findings->Add("spec.network.ipFamilies", "[" + text + "]", "use IPv4, IPv6, or both, each once, the foremost first");
}

void CheckPod(const Spec& spec, Findings* findings) {
  static const std::set<std::string> kOperators = {"", "Exists", "Equal"};
  static const std::set<std::string> kEffects = {"", "NoSchedule", "PreferNoSchedule", "NoExecute"};
  for (const auto* map : {&spec.pod.labels, &spec.pod.annotations}) {
    const std::string field = map == &spec.pod.labels ? "spec.pod.labels" : "spec.pod.annotations";
    for (const auto& [name, value] : *map) {
      if (IsOurLabel(name)) findings->Add(field, name, "the operator sets it itself; use a name of your own");
    }
  }
  for (size_t i = 0; i < spec.pod.tolerations.size(); ++i) {
    const Toleration& toleration = spec.pod.tolerations[i];
    const std::string at = "spec.pod.tolerations[" + std::to_string(i) + "].";
    if (kOperators.count(toleration.op) == 0) findings->Add(at + "operator", "\"" + toleration.op + "\"", "use Exists or Equal");
    if (kEffects.count(toleration.effect) == 0) findings->Add(at + "effect", "\"" + toleration.effect + "\"", "use NoSchedule, PreferNoSchedule or NoExecute");
  }
  findings->Range("spec.pod.terminationGracePeriodSeconds", spec.pod.termination_grace_seconds, 1, 3600);
}

void CheckMemory(const Spec& spec, Findings* findings) {
  static const std::set<std::string> kPolicies = {"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
                                                  "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};
  findings->Range("spec.memory.maxmemoryPercent", spec.memory.maxmemory_percent, 1, 95);
  if (kPolicies.count(spec.memory.eviction_policy) == 0) {
    findings->Add("spec.memory.evictionPolicy", "\"" + spec.memory.eviction_policy + "\"", "use a policy of redis.conf's maxmemory-policy");
  }
}

}  // namespace

bool IsReservedDirective(const std::string& name) {
  static const std::set<std::string> kReserved = {
      "port", "bind", "dir", "dbfilename", "appendonly", "appendfilename", "appenddirname", "appendfsync", "maxmemory", "maxmemory-policy",
      "requirepass", "masterauth", "masteruser", "aclfile", "user", "rename-command", "daemonize", "pidfile", "logfile",
      "unixsocket", "unixsocketperm", "replicaof", "slaveof", "databases", "protected-mode", "include", "loadmodule",
      "supervised", "save", "windlass-min-acks", "windlass-min-acks-on-shortage", "windlass-cluster-id", "replica-announce-ip", "replica-announce-port"};
  if (name == "cluster-slot-stats-enabled") return false;  // what is counted is the user's choice
  return name.rfind("cluster-", 0) == 0 || name.rfind("tls-", 0) == 0 || kReserved.count(name) != 0;
}

std::optional<std::pair<std::string, std::string>> HostPatternFromText(const std::string& text) {
  constexpr std::string_view kPod = "{pod}";
  constexpr size_t kLongest = 180;  // with a pod's name still a host name
  const size_t at = text.find(kPod);
  if (at == std::string::npos || text.size() > kLongest) return std::nullopt;
  std::pair<std::string, std::string> pattern{text.substr(0, at), text.substr(at + kPod.size())};
  for (const std::string* part : {&pattern.first, &pattern.second}) {
    if (part->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos || part->find("..") != std::string::npos) return std::nullopt;
  }
  const bool begins = pattern.first.empty() || (pattern.first[0] != '.' && pattern.first[0] != '-');
  const bool ends = pattern.second.empty() || (pattern.second.back() != '.' && pattern.second.back() != '-');
  if (!begins || !ends) return std::nullopt;
  return pattern;
}

std::vector<std::string> Validate(const RedisCluster& cluster) {
  const Spec& spec = cluster.spec;
  Findings findings;
  if (cluster.metadata.name.size() > 52) {
    findings.Add("metadata.name", cluster.metadata.name, "use at most 52 characters, because nodes are named <name>-<number>");
  }
  findings.Range("spec.shards", spec.shards, 1, 1000);
  findings.Range("spec.replicasPerShard", spec.replicas_per_shard, 0, 5);
  if (spec.shards >= 1 && spec.shards < 3 && spec.replicas_per_shard > 0) {
    findings.Add("spec.shards", std::to_string(spec.shards), "fewer than 3 shards have no majority to elect a replica; use 3 or more, or replicasPerShard 0");
  }
  CheckResources(spec, &findings);
  CheckMemory(spec, &findings);
  if (spec.storage && ParseQuantity(spec.storage->size).value_or(0) <= 0) {
    findings.Add("spec.storage.size", "\"" + spec.storage->size + "\"", "use a quantity above zero, such as 10Gi");
  }
  CheckConfig(spec, &findings);
  CheckDurability(spec, &findings);
  CheckPod(spec, &findings);
  CheckUpdate(spec, &findings);
  CheckNetwork(spec, &findings);
  if ((spec.auth.mode == Auth::Mode::kSecret) != !spec.auth.secret_name.empty()) {
    findings.Add("spec.auth.secretName", spec.auth.secret_name, "secretName goes with mode Secret, and only with it");
  }
  findings.Range("spec.auth.overlapSeconds", spec.auth.overlap_seconds, 0, 604800);
  findings.Range("spec.failover.nodeTimeoutMilliseconds", spec.failover.node_timeout_ms, 500, 600000);
  findings.Range("spec.failover.migrationBarrier", spec.failover.migration_barrier, 0, 5);
  if (spec.autoscaling) CheckAutoscaling(spec, &findings);
  if (spec.autoscaling) CheckSchedules(spec, &findings);
  if (spec.metrics) {
    findings.Range("spec.metrics.port", spec.metrics->port, 1024, 65535);
    if (spec.metrics->port == kRedisPort || spec.metrics->port == kBusPort) {
      findings.Add("spec.metrics.port", std::to_string(spec.metrics->port), "clients or the bus have this port; use another, such as 9121");
    }
    if (const auto own = spec.config.find("metrics-port"); own != spec.config.end()) {
      findings.Add("spec.config.metrics-port", "\"" + own->second + "\"", "metrics.port says it already; remove one of the two");
    }
  }
  return findings.list;
}

bool AcceptsLoss(const Spec& spec) {
  if (spec.failover.lost_shard == Failover::LostShard::kDefault) return !spec.storage;
  return spec.failover.lost_shard == Failover::LostShard::kAccept;
}

int64_t MaxmemoryBytes(const Spec& spec) {
  const int64_t limit = ParseQuantity(spec.resources.limits.at("memory")).value_or(0);
  return limit / 100 * spec.memory.maxmemory_percent;
}

}  // namespace windlass::api
