// See seen.h.
#include "operator/plugin/seen.h"

#include <algorithm>

#include "operator/api/json.h"
#include "operator/base/text.h"

namespace windlass::plugin {
namespace {

// The value of a label in a line of metrics: name{a="x",b="y"} 1. Names have no quotes in them.
std::string LabelIn(std::string_view line, const std::string& label) {
  for (const char before : {'{', ','}) {
    const std::string begin = before + label + "=\"";
    const size_t at = line.find(begin);
    if (at == std::string_view::npos) continue;
    const size_t from = at + begin.size();
    return std::string(line.substr(from, line.find('"', from) - from));
  }
  return "";
}

}  // namespace

const Json* At(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string TextAt(const Json& object, std::initializer_list<const char*> path) {
  const Json* found = At(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

bool TrueAt(const Json& object, std::initializer_list<const char*> path) {
  const Json* found = At(object, path);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::string NameOf(const Json& object) { return TextAt(object, {"metadata", "name"}); }

std::string Label(const Json& object, const char* name) { return TextAt(object, {"metadata", "labels", name}); }

bool Ready(const Json& pod) {
  const Json* conditions = At(pod, {"status", "conditions"});
  if (conditions == nullptr) return false;
  return std::any_of(conditions->begin(), conditions->end(),
                     [](const Json& c) { return c.value("type", "") == "Ready" && c.value("status", "") == "True"; });
}

std::string TroubleOf(const Json& pod) {
  if (const Json* statuses = At(pod, {"status", "containerStatuses"})) {
    for (const Json& status : *statuses) {
      const std::string reason = TextAt(status, {"state", "waiting", "reason"});
      const std::string message = TextAt(status, {"state", "waiting", "message"});
      if (!reason.empty() && reason != "ContainerCreating") return reason + (message.empty() ? "" : ": " + message);
    }
  }
  if (const Json* conditions = At(pod, {"status", "conditions"})) {
    for (const Json& condition : *conditions) {
      if (condition.value("reason", "") == "Unschedulable") return "Unschedulable: " + condition.value("message", "");
    }
  }
  return "";
}

api::Status StatusOf(const Json& cluster) {
  const Json* status = At(cluster, {"status"});
  return status == nullptr ? api::Status() : api::StatusFromJson(*status);
}

Figures FiguresFrom(const std::string& metrics, const std::string& name_space, const std::string& name) {
  static const std::map<std::string, std::optional<double> ShardLoad::*> kFields = {{"windlass_shard_used_memory_bytes", &ShardLoad::used_bytes},
                                                                                   {"windlass_shard_maxmemory_bytes", &ShardLoad::most_bytes},
                                                                                   {"windlass_shard_ops_per_second", &ShardLoad::ops_per_second}};
  Figures figures;
  for (const std::string_view line : base::Lines(metrics)) {
    const std::string family(line.substr(0, line.find('{')));
    if (family == "windlass_build_info") figures.version = LabelIn(line, "version");
    const auto field = kFields.find(family);
    if (field == kFields.end() || LabelIn(line, "namespace") != name_space || LabelIn(line, "name") != name) continue;
    figures.shards[LabelIn(line, "shard")].*field->second = base::ParseDouble(line.substr(line.rfind(' ') + 1));
  }
  return figures;
}

}  // namespace windlass::plugin
