// Status from and to JSON.
#include <nlohmann/json.hpp>

#include "operator/api/json.h"

namespace windlass::api {
namespace {

using Json = nlohmann::json;

// Lenient: a missing or wrongly typed field is the default.
std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}
int64_t Number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}
int Int(const Json& object, const char* name) { return static_cast<int>(Number(object, name)); }

template <typename F>
void ForEachObject(const Json& object, const char* name, F&& f) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return;
  for (const Json& item : *found) {
    if (item.is_object()) f(item);
  }
}

std::vector<std::string> Texts(const Json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return texts;
  for (const Json& item : *found) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

const Json* ObjectIn(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

Operation OperationFromJson(const Json& json) {
  Operation operation;
  operation.id = Text(json, "id");
  operation.kind = Text(json, "kind");
  operation.step = Text(json, "step");
  operation.last_error = Text(json, "lastError");
  operation.generation = Number(json, "generation");
  operation.from_shards = Int(json, "fromShards");
  operation.to_shards = Int(json, "toShards");
  operation.progress_percent = Int(json, "progressPercent");
  operation.attempts = Int(json, "attempts");
  operation.started_at = Text(json, "startedAt");
  operation.target = Text(json, "target");
  operation.mark = Text(json, "mark");
  operation.halted = Text(json, "halted");
  ForEachObject(json, "moves", [&](const Json& item) {
    operation.moves.push_back({Text(item, "slots"), Text(item, "from"), Text(item, "to"), Text(item, "state")});
  });
  return operation;
}

// Leaves empty texts out, so that the object stays small.
void Put(Json* object, const char* name, const std::string& text) {
  if (!text.empty()) (*object)[name] = text;
}

Json OperationToJson(const Operation& operation) {
  Json json = {{"id", operation.id}, {"kind", operation.kind}, {"generation", operation.generation},
               {"fromShards", operation.from_shards}, {"toShards", operation.to_shards},
               {"progressPercent", operation.progress_percent}, {"attempts", operation.attempts}};
  Put(&json, "step", operation.step.substr(0, 256));
  Put(&json, "lastError", operation.last_error.substr(0, 1024));
  Put(&json, "startedAt", operation.started_at);
  Put(&json, "target", operation.target);
  Put(&json, "mark", operation.mark);
  Put(&json, "halted", operation.halted.substr(0, 1024));
  Json moves = Json::array();
  for (const Move& move : operation.moves) {
    moves.push_back({{"slots", move.slots}, {"from", move.from}, {"to", move.to}, {"state", move.state}});
  }
  if (!moves.empty()) json["moves"] = std::move(moves);
  return json;
}

Json AutoscalingToJson(const AutoscalingStatus& scaling) {
  Json json = {{"seenSpecShards", scaling.seen_spec_shards}, {"desiredShards", scaling.desired_shards}};
  Put(&json, "reason", scaling.reason);
  Put(&json, "message", scaling.message);
  Put(&json, "lastScaleTime", scaling.last_scale_time);
  Put(&json, "cooldownUntil", scaling.cooldown_until);
  return json;
}

}  // namespace

Status StatusFromJson(const Json& json) {
  Status status;
  if (!json.is_object()) return status;
  status.observed_generation = Number(json, "observedGeneration");
  status.phase = Text(json, "phase");
  status.cluster_id = Text(json, "clusterID");
  status.shards = Int(json, "shards");
  status.target_shards = Int(json, "targetShards");
  status.ready_shards = Int(json, "readyShards");
  status.nodes = Int(json, "nodes");
  status.ready_nodes = Int(json, "readyNodes");
  status.revision = Text(json, "revision");
  status.updated_nodes = Int(json, "updatedNodes");
  status.selector = Text(json, "selector");
  ForEachObject(json, "conditions", [&](const Json& item) {
    status.conditions.push_back({Text(item, "type"), Text(item, "status"), Number(item, "observedGeneration"),
                                 Text(item, "reason"), Text(item, "message"), Text(item, "lastTransitionTime")});
  });
  ForEachObject(json, "shardStatuses", [&](const Json& item) {
    status.shard_statuses.push_back({Text(item, "name"), Text(item, "master"), Int(item, "slots"), Int(item, "replicas"),
                                     Int(item, "syncedReplicas"), Number(item, "epoch"), Text(item, "slotRanges")});
  });
  if (const Json* operation = ObjectIn(json, "operation")) status.operation = OperationFromJson(*operation);
  if (const Json* scaling = ObjectIn(json, "autoscaling")) {
    status.autoscaling = AutoscalingStatus{Int(*scaling, "seenSpecShards"), Int(*scaling, "desiredShards"), Text(*scaling, "reason"),
                                           Text(*scaling, "message"), Text(*scaling, "lastScaleTime"), Text(*scaling, "cooldownUntil")};
  }
  if (const Json* services = ObjectIn(json, "services")) {
    status.internal_service = Text(*services, "internal");
    status.external_service = Text(*services, "external");
    status.secret_name = Text(*services, "secretName");
  }
  if (const Json* binding = ObjectIn(json, "binding")) status.binding_name = Text(*binding, "name");
  status.lost_slots = Text(json, "lostSlots");
  status.orphan_claims = Texts(json, "orphanClaims");
  return status;
}

Json StatusToJson(const Status& status) {
  Json json = {{"observedGeneration", status.observed_generation},
               {"shards", status.shards}, {"targetShards", status.target_shards}, {"readyShards", status.ready_shards},
               {"nodes", status.nodes}, {"readyNodes", status.ready_nodes}, {"updatedNodes", status.updated_nodes}};
  Put(&json, "phase", status.phase);
  Put(&json, "clusterID", status.cluster_id);
  Put(&json, "revision", status.revision);
  Put(&json, "selector", status.selector);
  Json conditions = Json::array();
  for (const Condition& c : status.conditions) {
    conditions.push_back({{"type", c.type}, {"status", c.status}, {"observedGeneration", c.observed_generation},
                          {"reason", c.reason}, {"message", c.message}, {"lastTransitionTime", c.last_transition_time}});
  }
  json["conditions"] = std::move(conditions);
  Json shards = Json::array();
  for (const ShardStatus& s : status.shard_statuses) {
    shards.push_back({{"name", s.name}, {"master", s.master}, {"slots", s.slots}, {"replicas", s.replicas},
                      {"syncedReplicas", s.synced_replicas}, {"epoch", s.epoch}});
    Put(&shards.back(), "slotRanges", s.slot_ranges);
  }
  json["shardStatuses"] = std::move(shards);
  if (status.operation) json["operation"] = OperationToJson(*status.operation);
  if (status.autoscaling) json["autoscaling"] = AutoscalingToJson(*status.autoscaling);
  Json services = Json::object();
  Put(&services, "internal", status.internal_service);
  Put(&services, "external", status.external_service);
  Put(&services, "secretName", status.secret_name);
  if (!services.empty()) json["services"] = std::move(services);
  if (!status.binding_name.empty()) json["binding"] = {{"name", status.binding_name}};
  Put(&json, "lostSlots", status.lost_slots);
  if (!status.orphan_claims.empty()) json["orphanClaims"] = status.orphan_claims;
  return json;
}

}  // namespace windlass::api
