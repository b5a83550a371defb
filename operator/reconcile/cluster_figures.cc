// See cluster_figures.h.
#include "operator/reconcile/cluster_figures.h"

#include <nlohmann/json.hpp>

#include "operator/api/json.h"

namespace windlass::reconcile {
namespace {

struct Seen {
  api::Metadata metadata;
  api::Status status;
};

struct Figure {
  const char* name;
  const char* help;
  double (*of)(const api::Status& status);
};

constexpr Figure kFigures[] = {
    {"windlass_cluster_shards", "Masters that own slots", [](const api::Status& s) { return double(s.shards); }},
    {"windlass_cluster_target_shards", "Shards that are wanted", [](const api::Status& s) { return double(s.target_shards); }},
    {"windlass_cluster_ready_shards", "Shards whose master serves and whose replicas are in step", [](const api::Status& s) { return double(s.ready_shards); }},
    {"windlass_cluster_nodes", "Pods of nodes", [](const api::Status& s) { return double(s.nodes); }},
    {"windlass_cluster_ready_nodes", "Nodes that answer, are in the cluster and have loaded their data", [](const api::Status& s) { return double(s.ready_nodes); }},
    {"windlass_cluster_operation_progress_percent", "Of the operation under way, 100 without one", [](const api::Status& s) { return s.operation ? double(s.operation->progress_percent) : 100.0; }},
};

}  // namespace

void WriteClusterFigures(const informer::Store& clusters, health::MetricText* text) {
  std::vector<Seen> all;
  for (const informer::Object& object : clusters.All()) {
    all.push_back({api::MetadataFromJson(*object), api::StatusFromJson(object->value("status", informer::Json::object()))});
  }
  for (const Figure& figure : kFigures) {
    text->Family(figure.name, "gauge", figure.help);
    for (const Seen& seen : all) {
      text->Sample(figure.name, {{"namespace", seen.metadata.name_space}, {"name", seen.metadata.name}}, figure.of(seen.status));
    }
  }
  constexpr const char* kCondition = "windlass_cluster_condition";
  text->Family(kCondition, "gauge", "1 where the condition is True");
  for (const Seen& seen : all) {
    for (const api::Condition& condition : seen.status.conditions) {
      text->Sample(kCondition, {{"namespace", seen.metadata.name_space}, {"name", seen.metadata.name}, {"condition", condition.type}},
                   condition.status == "True" ? 1 : 0);
    }
  }
}

}  // namespace windlass::reconcile
