// A RedisCluster and its pods as the API server gives them, for tests of what is made of them.
#pragma once

#include <nlohmann/json.hpp>

#include "operator/plugin/seen.h"

namespace windlass::plugin {

inline Json Condition(const char* type, const char* status, const char* reason, const char* message) {
  return {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
}

// Two shards that are well: shard-0 of demo-0 and its replica demo-1, shard-1 of demo-2 alone.
inline Json Cluster() {
  return {{"metadata", {{"name", "demo"}, {"namespace", "shop"}, {"generation", 2}}},
          {"spec", {{"shards", 2}, {"replicasPerShard", 0}}},
          {"status",
           {{"observedGeneration", 2}, {"phase", "Ready"}, {"clusterID", "c1"}, {"shards", 2}, {"targetShards", 2}, {"readyShards", 2}, {"nodes", 3}, {"readyNodes", 3},
            {"conditions", {Condition("Ready", "True", "AllShardsReady", "2 of 2 shards ready")}},
            {"shardStatuses",
             {{{"name", "shard-0"}, {"master", "demo-0"}, {"slots", 8192}, {"replicas", 1}, {"syncedReplicas", 1}, {"slotRanges", "0-8191"}},
              {{"name", "shard-1"}, {"master", "demo-2"}, {"slots", 8192}, {"replicas", 0}, {"syncedReplicas", 0}, {"slotRanges", "8192-16383"}}}}}}};
}

inline Json Pod(const char* name, const char* shard, const char* role, const char* machine, bool ready) {
  Json pod = {{"metadata", {{"name", name}, {"labels", {{"windlass.dev/shard", shard}, {"windlass.dev/role", role}}}}},
              {"spec", {{"containers", {{{"name", "node"}, {"image", "windlass-node:1"}}}}}},
              {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}};
  if (*machine != 0) pod["spec"]["nodeName"] = machine;
  return pod;
}

inline std::vector<Json> Pods() {
  return {Pod("demo-0", "shard-0", "master", "m1", true), Pod("demo-1", "shard-0", "replica", "m2", true), Pod("demo-2", "shard-1", "master", "m3", true)};
}

// A pod that waits, as Kubernetes says it.
inline Json Waiting(const char* name, const char* reason, const char* message) {
  Json pod = Pod(name, "shard-0", "replica", "m1", false);
  pod["status"]["containerStatuses"] = {{{"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}}};
  return pod;
}

inline Json Unschedulable(const char* name, const char* message) {
  Json pod = Pod(name, "shard-0", "", "", false);
  pod["status"]["conditions"] = {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", message}}};
  return pod;
}

}  // namespace windlass::plugin
