// What caches keep of pods is all that a pass reads of them.
#include "operator/reconcile/kept.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/reconcile/observe.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

Json WholePod() {
  return Json::parse(R"({"metadata": {"name": "c-0", "namespace": "n", "uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
    "deletionTimestamp": "2026-01-02T00:00:00Z", "labels": {"windlass.dev/shard": "shard-1", "windlass.dev/role": "master"},
    "annotations": {"windlass.dev/node-id": "abc"}, "managedFields": [{"manager": "somebody"}]},
    "spec": {"nodeName": "machine", "volumes": [{"name": "data"}], "containers": [{"name": "node", "image": "i", "resources": {"limits": {"cpu": "1"}}}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1", "hostIP": "10.0.0.9",
      "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodResizePending", "status": "True", "reason": "Infeasible", "message": "too large"},
                     {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "volume node affinity conflict", "lastTransitionTime": "2026-01-01T00:00:05Z"}],
      "containerStatuses": [{"name": "node", "image": "i", "restartCount": 3, "resources": {"limits": {"cpu": "2"}}, "state": {"running": {"startedAt": "2026-01-01T00:00:09Z"}}}]}})");
}

TEST(Kept, OfAPodSaysTheSameAsTheWhole) {
  const PodFact whole = PodFromJson(WholePod());
  const PodFact kept = PodFromJson(KeptOfPod(WholePod()));
  EXPECT_EQ(kept.name, whole.name);
  EXPECT_EQ(kept.uid, whole.uid);
  EXPECT_EQ(kept.ip, "10.0.0.1");
  EXPECT_EQ(kept.shard, whole.shard);
  EXPECT_EQ(kept.role, whole.role);
  EXPECT_EQ(kept.node_id, whole.node_id);
  EXPECT_TRUE(kept.terminating);
  EXPECT_FALSE(kept.resized);
  EXPECT_EQ(kept.resize_problem, "too large");
  EXPECT_EQ(kept.restarts, 3);
  EXPECT_EQ(kept.started_ms, whole.started_ms);
  EXPECT_EQ(kept.created_ms, whole.created_ms);
  EXPECT_EQ(kept.out_of_reach_ms, whole.out_of_reach_ms);
  EXPECT_NE(kept.out_of_reach_ms, 0);
  EXPECT_EQ(kept.problem, whole.problem);
}

TEST(Kept, OfAPodThatWaitsSaysWhy) {
  Json pod = WholePod();
  pod["status"]["containerStatuses"][0]["state"] = {{"waiting", {{"reason", "ErrImagePull"}, {"message", "no such image"}}}};
  EXPECT_EQ(PodFromJson(KeptOfPod(pod)).problem, "ErrImagePull: no such image");
  // One that is not on a machine yet has next to nothing.
  EXPECT_EQ(PodFromJson(KeptOfPod({{"metadata", {{"name", "c-1"}}}})).name, "c-1");
}

TEST(Kept, OfAMachineSaysWhereItIsAndWhetherItIsToBeLeft) {
  const Json node = {{"metadata", {{"name", "m"}, {"labels", {{"zone", "a"}}}, {"annotations", {{"long", "text"}}}}},
                     {"spec", {{"unschedulable", true}, {"podCIDR", "10.0.0.0/24"}}},
                     {"status", {{"images", {"many"}}}}};
  EXPECT_EQ(KeptOfMachine(node), (Json{{"metadata", {{"name", "m"}, {"labels", {{"zone", "a"}}}}}, {"spec", {{"unschedulable", true}}}}));
}

}  // namespace
}  // namespace windlass::reconcile
