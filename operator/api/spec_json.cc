// Spec and metadata from JSON, with the CRD's defaults.
#include <nlohmann/json.hpp>

#include "operator/api/json.h"
#include "operator/api/metric_names.h"
#include "operator/api/names.h"

namespace windlass::api {
namespace {

using Json = nlohmann::json;

// An object of the spec, with the path by which errors name its fields.
class Reader {
 public:
  Reader(const Json* object, std::string path) : object_(object), path_(std::move(path)) {
    if (object_ != nullptr && object_->is_null()) object_ = nullptr;
    if (object_ != nullptr && !object_->is_object()) Fail(path_, *object_, "an object");
  }

  bool present() const { return object_ != nullptr; }
  Reader Object(const char* name) const { return Reader(Find(name), path_ + "." + name); }

  void Get(const char* name, int* value) const {
    if (const Json* found = Find(name)) {
      if (!found->is_number_integer()) Fail(Path(name), *found, "a whole number");
      *value = found->get<int>();
    }
  }
  void Get(const char* name, int64_t* value) const {
    if (const Json* found = Find(name)) {
      if (!found->is_number_integer()) Fail(Path(name), *found, "a whole number");
      *value = found->get<int64_t>();
    }
  }
  void Get(const char* name, bool* value) const {
    if (const Json* found = Find(name)) {
      if (!found->is_boolean()) Fail(Path(name), *found, "true or false");
      *value = found->get<bool>();
    }
  }
  void Get(const char* name, std::string* value) const {
    if (const Json* found = Find(name)) *value = Text(Path(name), *found);
  }
  void Get(const char* name, std::map<std::string, std::string>* value) const {
    const Json* found = Find(name);
    if (found == nullptr) return;
    if (!found->is_object()) Fail(Path(name), *found, "a map");
    value->clear();
    for (const auto& [key, item] : found->items()) (*value)[key] = Text(Path(name) + "." + key, item);
  }
  // An object that is passed on as it is: its text.
  void GetJson(const char* name, std::string* value) const {
    const Json* found = Find(name);
    if (found == nullptr) return;
    if (!found->is_object()) Fail(Path(name), *found, "an object");
    *value = found->dump();
  }
  // This item of a list, likewise.
  std::string AsJson() const { return object_ == nullptr ? "{}" : object_->dump(); }
  template <typename Enum>
  void GetEnum(const char* name, const std::map<std::string, Enum>& names, Enum* value) const {
    const Json* found = Find(name);
    if (found == nullptr) return;
    if (found->is_string()) {
      if (const auto row = names.find(found->get<std::string>()); row != names.end()) {
        *value = row->second;
        return;
      }
    }
    std::string allowed;
    for (const auto& [text, unused] : names) allowed += (allowed.empty() ? "" : ", ") + text;
    Fail(Path(name), *found, "one of " + allowed);
  }
  void Get(const char* name, std::vector<std::string>* value) const {
    const Json* found = Find(name);
    if (found == nullptr) return;
    if (!found->is_array()) Fail(Path(name), *found, "a list");
    for (size_t i = 0; i < found->size(); ++i) value->push_back(Text(Path(name) + "[" + std::to_string(i) + "]", (*found)[i]));
  }
  std::vector<Reader> List(const char* name) const {
    std::vector<Reader> items;
    const Json* found = Find(name);
    if (found == nullptr) return items;
    if (!found->is_array()) Fail(Path(name), *found, "a list");
    for (size_t i = 0; i < found->size(); ++i) items.emplace_back(&(*found)[i], Path(name) + "[" + std::to_string(i) + "]");
    return items;
  }

 private:
  [[noreturn]] static void Fail(const std::string& path, const Json& value, const std::string& wanted) {
    throw FieldFailure(path + ": " + value.dump() + " is not " + wanted);
  }
  // Quantities may be written as numbers.
  static std::string Text(const std::string& path, const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number()) return value.dump();
    Fail(path, value, "text");
  }
  std::string Path(const char* name) const { return path_ + "." + name; }
  const Json* Find(const char* name) const {
    if (object_ == nullptr) return nullptr;
    const auto found = object_->find(name);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
  }

  const Json* object_;
  std::string path_;
};

const std::map<std::string, Keep> kKeepNames = {{"Retain", Keep::kRetain}, {"Delete", Keep::kDelete}};

Storage ReadStorage(const Reader& reader) {
  Storage storage;
  reader.Get("size", &storage.size);
  reader.Get("className", &storage.class_name);
  reader.GetEnum("onDelete", kKeepNames, &storage.on_delete);
  reader.GetEnum("onScaleIn", kKeepNames, &storage.on_scale_in);
  reader.GetEnum("onUnschedulable", {{"Wait", OnUnschedulable::kWait}, {"Rebuild", OnUnschedulable::kRebuild}}, &storage.on_unschedulable);
  return storage;
}

Persistence ReadPersistence(const Reader& reader) {
  using Mode = Persistence::Mode;
  using Fsync = Persistence::Fsync;
  Persistence persistence;
  reader.GetEnum("mode", {{"AOF", Mode::kAof}, {"RDB", Mode::kRdb}, {"None", Mode::kNone}}, &persistence.mode);
  reader.GetEnum("fsync", {{"Always", Fsync::kAlways}, {"EverySecond", Fsync::kEverySecond}, {"No", Fsync::kNo}}, &persistence.fsync);
  return persistence;
}

Durability ReadDurability(const Reader& reader) {
  using OnShortage = Durability::OnShortage;
  Durability durability;
  reader.Get("minAcks", &durability.min_acks);
  reader.GetEnum("onShortage", {{"Block", OnShortage::kBlock}, {"Degrade", OnShortage::kDegrade}}, &durability.on_shortage);
  return durability;
}

Toleration ReadToleration(const Reader& reader) {
  Toleration toleration;
  reader.Get("key", &toleration.key);
  reader.Get("operator", &toleration.op);
  reader.Get("value", &toleration.value);
  reader.Get("effect", &toleration.effect);
  int64_t seconds = -1;
  reader.Get("tolerationSeconds", &seconds);
  if (seconds >= 0) toleration.seconds = seconds;
  return toleration;
}

PodOptions ReadPod(const Reader& reader) {
  static const std::map<std::string, Spread> kSpreads = {
      {"Required", Spread::kRequired}, {"Preferred", Spread::kPreferred}, {"Off", Spread::kOff}};
  PodOptions pod;
  reader.Get("labels", &pod.labels);
  reader.Get("annotations", &pod.annotations);
  reader.Get("nodeSelector", &pod.node_selector);
  for (const Reader& item : reader.List("tolerations")) pod.tolerations.push_back(ReadToleration(item));
  reader.GetJson("affinity", &pod.affinity);
  reader.Get("priorityClassName", &pod.priority_class_name);
  reader.Get("serviceAccountName", &pod.service_account_name);
  reader.Get("terminationGracePeriodSeconds", &pod.termination_grace_seconds);
  const Reader spread = reader.Object("spread");
  spread.GetEnum("hosts", kSpreads, &pod.hosts);
  spread.GetEnum("zones", kSpreads, &pod.zones);
  return pod;
}

Failover ReadFailover(const Reader& reader) {
  using LostShard = Failover::LostShard;
  Failover failover;
  reader.Get("nodeTimeoutMilliseconds", &failover.node_timeout_ms);
  reader.Get("migrationBarrier", &failover.migration_barrier);
  reader.GetEnum("lostShard", {{"Block", LostShard::kBlock}, {"Accept", LostShard::kAccept}}, &failover.lost_shard);
  return failover;
}

Update ReadUpdate(const Reader& reader) {
  Update update;
  reader.GetEnum("mode", {{"Rolling", Update::Mode::kRolling}, {"OnDelete", Update::Mode::kOnDelete}}, &update.mode);
  reader.GetEnum("surge", {{"Auto", Surge::kAuto}, {"Always", Surge::kAlways}, {"Never", Surge::kNever}}, &update.surge);
  reader.Get("canaryShards", &update.canary_shards);
  reader.Get("parallelShards", &update.parallel_shards);
  if (const Reader window = reader.Object("window"); window.present()) {
    update.window.emplace();
    window.Get("cron", &update.window->cron);
    window.Get("timeZone", &update.window->time_zone);
    window.Get("durationSeconds", &update.window->duration_seconds);
  }
  return update;
}

Rebalance ReadRebalance(const Reader& reader) {
  Rebalance rebalance;
  reader.GetEnum("mode", {{"Auto", Rebalance::Mode::kAuto}, {"Manual", Rebalance::Mode::kManual}}, &rebalance.mode);
  reader.Get("tolerancePercent", &rebalance.tolerance_percent);
  reader.Get("parallelMoves", &rebalance.parallel_moves);
  reader.GetEnum("by", {{"Slots", Rebalance::By::kSlots}, {"Bytes", Rebalance::By::kBytes}, {"Load", Rebalance::By::kLoad}}, &rebalance.by);
  reader.Get("maxBytesPerSecond", &rebalance.max_bytes_per_second);
  return rebalance;
}

Schedule ReadSchedule(const Reader& reader) {
  Schedule schedule;
  reader.Get("name", &schedule.name);
  reader.Get("cron", &schedule.cron);
  reader.Get("timeZone", &schedule.time_zone);
  reader.Get("durationSeconds", &schedule.duration_seconds);
  reader.Get("minShards", &schedule.min_shards);
  reader.Get("maxShards", &schedule.max_shards);
  return schedule;
}

Autoscaling ReadAutoscaling(const Reader& reader) {
  Autoscaling scaling;
  reader.GetEnum("mode", {{"Auto", Autoscaling::Mode::kAuto}, {"Recommend", Autoscaling::Mode::kRecommend}}, &scaling.mode);
  reader.Get("minShards", &scaling.min_shards);
  reader.Get("maxShards", &scaling.max_shards);
  for (const Reader& item : reader.List("metrics")) {
    ScaleMetric metric;
    item.GetEnum("type", MetricTypes(), &metric.type);
    item.Get("target", &metric.target);
    item.GetEnum("statistic", {{"Max", ScaleMetric::Statistic::kMax}, {"Mean", ScaleMetric::Statistic::kMean}}, &metric.statistic);
    scaling.metrics.push_back(metric);
  }
  const Reader out = reader.Object("scaleOut");
  out.Get("stabilizationSeconds", &scaling.scale_out.stabilization_seconds);
  out.Get("cooldownSeconds", &scaling.scale_out.cooldown_seconds);
  out.Get("maxStep", &scaling.scale_out.max_step);
  out.Get("predictSeconds", &scaling.scale_out.predict_seconds);
  out.Get("urgentMemoryPercent", &scaling.scale_out.urgent_memory_percent);
  const Reader in = reader.Object("scaleIn");
  in.Get("enabled", &scaling.scale_in.enabled);
  in.Get("stabilizationSeconds", &scaling.scale_in.stabilization_seconds);
  in.Get("cooldownSeconds", &scaling.scale_in.cooldown_seconds);
  in.Get("maxStep", &scaling.scale_in.max_step);
  in.Get("headroomPercent", &scaling.scale_in.headroom_percent);
  in.Get("allowEviction", &scaling.scale_in.allow_eviction);
  for (const Reader& item : reader.List("schedules")) scaling.schedules.push_back(ReadSchedule(item));
  return scaling;
}

}  // namespace

Metadata MetadataFromJson(const Json& object) {
  Metadata metadata;
  const auto found = object.find("metadata");
  if (found == object.end() || !found->is_object()) return metadata;
  metadata.name = found->value("name", "");
  metadata.name_space = found->value("namespace", "");
  metadata.uid = found->value("uid", "");
  metadata.resource_version = found->value("resourceVersion", "");
  metadata.generation = found->value("generation", int64_t{0});
  metadata.deleting = found->contains("deletionTimestamp");
  const auto annotations = found->find("annotations");
  metadata.rebalance = annotations != found->end() && annotations->is_object() && annotations->contains(kAnnotationRebalance);
  if (found->contains("finalizers")) metadata.finalizers = found->at("finalizers").get<std::vector<std::string>>();
  return metadata;
}

Spec SpecFromJson(const Json& json) {
  Spec spec;
  const Reader reader(&json, "spec");
  reader.Get("shards", &spec.shards);
  reader.Get("replicasPerShard", &spec.replicas_per_shard);
  reader.Get("image", &spec.image);
  if (const Reader resources = reader.Object("resources"); resources.present()) {
    // The default is that of the whole object, as in the CRD.
    spec.resources = Resources();
    resources.Get("requests", &spec.resources.requests);
    resources.Get("limits", &spec.resources.limits);
  }
  const Reader memory = reader.Object("memory");
  memory.Get("maxmemoryPercent", &spec.memory.maxmemory_percent);
  memory.Get("evictionPolicy", &spec.memory.eviction_policy);
  if (const Reader storage = reader.Object("storage"); storage.present()) spec.storage = ReadStorage(storage);
  reader.Get("config", &spec.config);
  const Reader auth = reader.Object("auth");
  auth.GetEnum("mode", {{"Generated", Auth::Mode::kGenerated}, {"Secret", Auth::Mode::kSecret}, {"None", Auth::Mode::kNone}}, &spec.auth.mode);
  auth.Get("secretName", &spec.auth.secret_name);
  auth.Get("overlapSeconds", &spec.auth.overlap_seconds);
  spec.persistence = ReadPersistence(reader.Object("persistence"));
  spec.durability = ReadDurability(reader.Object("durability"));
  const Reader network = reader.Object("network");
  network.Get("ipFamilies", &spec.network.ip_families);
  network.GetEnum("endpoint", {{"IP", Endpoint::kIp}, {"Hostname", Endpoint::kHostname}}, &spec.network.endpoint);
  const Reader external = network.Object("external");
  external.GetEnum("type", {{"None", External::Type::kNone}, {"LoadBalancer", External::Type::kLoadBalancer}}, &spec.network.external.type);
  external.Get("hostnameTemplate", &spec.network.external.hostname_template);
  external.Get("annotations", &spec.network.external.annotations);
  const Reader policy = network.Object("policy");
  policy.Get("enabled", &spec.network_policy.enabled);
  for (const Reader& peer : policy.List("from")) spec.network_policy.from.push_back(peer.AsJson());
  for (const Reader& secret : reader.List("imagePullSecrets")) {
    spec.image_pull_secrets.emplace_back();
    secret.Get("name", &spec.image_pull_secrets.back());
  }
  spec.pod = ReadPod(reader.Object("pod"));
  spec.failover = ReadFailover(reader.Object("failover"));
  spec.rebalance = ReadRebalance(reader.Object("rebalance"));
  reader.GetEnum("disruptionBudget", {{"Managed", Budget::kManaged}, {"None", Budget::kNone}}, &spec.disruption_budget);
  spec.update = ReadUpdate(reader.Object("update"));
  reader.Get("paused", &spec.paused);
  reader.Get("hibernated", &spec.hibernated);
  reader.Get("deletionProtection", &spec.deletion_protection);
  if (const Reader metrics = reader.Object("metrics"); metrics.present()) {
    spec.metrics = Metrics();
    metrics.Get("port", &spec.metrics->port);
    metrics.Get("podMonitor", &spec.metrics->pod_monitor);
  }
  if (const Reader scaling = reader.Object("autoscaling"); scaling.present()) spec.autoscaling = ReadAutoscaling(scaling);
  return spec;
}

RedisCluster RedisClusterFromJson(const Json& object) {
  RedisCluster cluster;
  cluster.metadata = MetadataFromJson(object);
  cluster.spec = SpecFromJson(object.value("spec", Json::object()));
  cluster.status = StatusFromJson(object.value("status", Json::object()));
  return cluster;
}

}  // namespace windlass::api
