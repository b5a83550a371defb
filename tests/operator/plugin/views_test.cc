// What a person is shown, and told to do.
#include "operator/plugin/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace windlass::plugin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json Condition(const char* type, const char* status, const char* reason, const char* message) {
  return {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
}

Json Cluster() {
  return {{"metadata", {{"name", "demo"}, {"generation", 2}}},
          {"status",
           {{"observedGeneration", 2}, {"phase", "Ready"}, {"targetShards", 2}, {"readyShards", 2}, {"nodes", 3}, {"readyNodes", 3},
            {"conditions", {Condition("Ready", "True", "AllShardsReady", "2 of 2 shards ready")}},
            {"shardStatuses",
             {{{"name", "shard-0"}, {"master", "demo-0"}, {"slots", 8192}, {"replicas", 1}, {"syncedReplicas", 1}},
              {{"name", "shard-1"}, {"master", "demo-2"}, {"slots", 8192}, {"replicas", 0}, {"syncedReplicas", 0}}}}}}};
}

Json Pod(const char* name, const char* shard, const char* role, const char* machine, bool ready) {
  return {{"metadata", {{"name", name}, {"labels", {{"windlass.dev/shard", shard}, {"windlass.dev/role", role}}}}},
          {"spec", {{"nodeName", machine}}},
          {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}}}}};
}

TEST(Status, IsATreeOfShardsAndTheirNodes) {
  const std::vector<Json> pods = {Pod("demo-0", "shard-0", "master", "m1", true), Pod("demo-1", "shard-0", "replica", "m2", false),
                                  Pod("demo-2", "shard-1", "master", "m1", true)};
  const Json cluster = Cluster();
  const std::string text = StatusText({cluster, pods, {{"m1", "a"}, {"m2", ""}}});
  EXPECT_THAT(text, HasSubstr("demo  Ready  2 of 2 shards, 3 of 3 nodes ready\n"));
  EXPECT_THAT(text, HasSubstr("shard-0  [############............] 8192 slots, 1 of 1 replicas in step\n"
                              "  master  demo-0  on m1, zone a\n"
                              "  replica  demo-1  on m2  (not ready)\n"
                              "shard-1"));
}

TEST(Plan, SaysWhatMovesAndWhatFailed) {
  Json cluster = Cluster();
  EXPECT_EQ(PlanText(cluster), "nothing is under way\n");
  cluster["status"]["operation"] = {{"id", "7"}, {"kind", "ScaleOut"}, {"fromShards", 2}, {"toShards", 3}, {"progressPercent", 50},
                                    {"step", "moving slots"}, {"lastError", "no answer"}, {"attempts", 1},
                                    {"moves", {{{"slots", "0-99"}, {"from", "shard-0"}, {"to", "shard-2"}, {"state", "Pending"}}}}};
  const std::string text = PlanText(cluster);
  EXPECT_THAT(text, HasSubstr("[############............] 50 %  moving slots"));
  EXPECT_THAT(text, HasSubstr("no answer"));
  EXPECT_THAT(text, HasSubstr("shard-0 -> shard-2  0-99"));
}

TEST(Slots, TellsWhatNobodyServes) {
  Json cluster = Cluster();
  EXPECT_THAT(SlotsText(cluster), HasSubstr("8192 slots, 50 %, at demo-0"));
  EXPECT_THAT(SlotsText(cluster), Not(HasSubstr("no master")));
  cluster["status"]["shardStatuses"][1]["slots"] = 0;
  EXPECT_THAT(SlotsText(cluster), HasSubstr("8192 slots have no master that answers"));
}

TEST(Doctor, FindsNothingInAClusterThatIsWell) {
  const Json cluster = Cluster();
  const Diagnosis diagnosis = Diagnose({cluster, {}, {}});
  EXPECT_TRUE(diagnosis.well);
  EXPECT_EQ(diagnosis.text, "Nothing is wrong.\n");
}

TEST(Doctor, NamesEachTroubleAndItsRemedy) {
  const auto told = [](const Json& cluster, std::vector<Json> pods) {
    const Diagnosis diagnosis = Diagnose({cluster, pods, {}});
    EXPECT_FALSE(diagnosis.well) << diagnosis.text;
    return diagnosis.text;
  };
  Json unseen = Cluster();
  unseen.erase("status");
  EXPECT_THAT(told(unseen, {}), HasSubstr("No operator has looked at it"));
  Json stale = Cluster();
  stale["metadata"]["generation"] = 3;
  EXPECT_THAT(told(stale, {}), HasSubstr("has not been seen yet"));
  Json invalid = Cluster();
  invalid["status"]["conditions"][0] = Condition("Ready", "False", "InvalidSpec", "spec.shards: 2 is invalid");
  EXPECT_THAT(told(invalid, {}), HasSubstr("spec.shards: 2 is invalid\n  Correct the field"));
  Json blocked = Cluster();
  blocked["status"]["conditions"].push_back(Condition("ScaleBlocked", "True", "CreationRefused", "exceeded quota"));
  EXPECT_THAT(told(blocked, {}), HasSubstr("exceeded quota\n  Raise the quota"));
  Json pod = Pod("demo-1", "shard-0", "replica", "m1", false);
  pod["status"]["containerStatuses"] = {{{"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no such image"}}}}}}};
  EXPECT_THAT(told(Cluster(), {pod}), HasSubstr("demo-1: ImagePullBackOff: no such image"));
}

}  // namespace
}  // namespace windlass::plugin
