// Each common failure: what is said of it, and what to type.
#include "operator/plugin/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/operator/plugin/example.h"

namespace windlass::plugin {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* name;
  std::function<void(Seen&)> damage;
  const char* what;     // of the first finding
  const char* command;  // one of those to type
};

std::function<void(Seen&)> With(Json condition) {
  return [condition](Seen& seen) { seen.cluster["status"]["conditions"].push_back(condition); };
}

std::function<void(Seen&)> WithPod(Json pod) {
  return [pod](Seen& seen) { seen.pods.push_back(pod); };
}

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class EachFailure : public ::testing::TestWithParam<Case> {};

TEST_P(EachFailure, IsFoundWithItsRemedy) {
  Seen seen{Cluster(), Pods()};
  ASSERT_TRUE(Diagnose(seen).well) << Diagnose(seen).text;
  GetParam().damage(seen);
  const Diagnosis diagnosis = Diagnose(seen);
  EXPECT_FALSE(diagnosis.well);
  EXPECT_THAT(diagnosis.text, HasSubstr(std::string("! ") + GetParam().what));
  EXPECT_THAT(diagnosis.text, HasSubstr(std::string("\n    ") + GetParam().command));
}

const Case kCases[] = {
    {"Unseen", [](Seen& s) { s.cluster.erase("status"); }, "No operator has looked at it.", "kubectl get leases -A"},
    {"Stale", [](Seen& s) { s.cluster["metadata"]["generation"] = 3; }, "The last change of the spec has not been seen yet.", "kubectl get leases -A"},
    {"Invalid", [](Seen& s) { s.cluster["status"]["conditions"][0] = Condition("Ready", "False", "InvalidSpec", "spec.shards: 2 is invalid"); }, "The spec is refused.\n  spec.shards: 2 is invalid",
     "kubectl edit rediscluster demo -n shop"},
    {"Paused", [](Seen& s) { s.cluster["spec"]["paused"] = true; }, "It is paused.", "kubectl windlass pause demo -n shop --off"},
    {"Hibernated", [](Seen& s) { s.cluster["spec"]["hibernated"] = true; }, "It is hibernated.", "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"hibernated\": false}}'"},
    {"Protected",
     [](Seen& s) {
       s.cluster["spec"]["deletionProtection"] = true;
       s.cluster["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
     },
     "It is to be deleted", "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"deletionProtection\": false}}'"},
    {"SecretMissing",
     [](Seen& s) {
       s.cluster["spec"]["auth"] = {{"mode", "Secret"}, {"secretName", "pass"}};
       s.auth_secret_there = false;
     },
     "The secret pass that spec.auth.secretName names is not there.", "kubectl create secret generic pass -n shop"},
    {"Quota", With(Condition("ScaleBlocked", "True", "CreationRefused", "pods \"demo-6\" is forbidden: exceeded quota: small")), "Pods or claims are refused.\n  pods \"demo-6\" is forbidden: exceeded quota",
     "kubectl describe resourcequota -n shop"},
    {"LimitRange", With(Condition("ScaleBlocked", "True", "CreationRefused", "maximum memory usage per Container is 1Gi")), "Pods or claims are refused.", "kubectl describe limitrange -n shop"},
    {"PodSecurity", With(Condition("ScaleBlocked", "True", "CreationRefused", "violates PodSecurity \"restricted\"")), "Pods or claims are refused.", "kubectl get namespace shop --show-labels"},
    {"Pending", WithPod(Unschedulable("demo-3", "0/3 nodes are available: insufficient memory")), "demo-3: no machine has room for it.\n  Unschedulable: 0/3 nodes", "kubectl describe pod demo-3 -n shop"},
    {"VolumeElsewhere", WithPod(Unschedulable("demo-3", "1 node(s) had volume node affinity conflict")), "demo-3: no machine reaches its volume.", "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"storage\": {\"onUnschedulable\": \"Rebuild\"}}}'"},
    {"Image", WithPod(Waiting("demo-3", "ImagePullBackOff", "no such image")), "demo-3: its image cannot be had.\n  ImagePullBackOff: no such image", "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"image\": null}}'"},
    {"Crashes", WithPod(Waiting("demo-3", "CrashLoopBackOff", "back-off 10s")), "demo-3: its node ends again and again.", "kubectl logs demo-3 -n shop --previous --tail=50"},
    {"ClaimPending", [](Seen& s) { s.claims.push_back({{"metadata", {{"name", "demo-3"}}}, {"status", {{"phase", "Pending"}}}}); }, "The claim demo-3 has no volume yet.", "kubectl describe pvc demo-3 -n shop"},
    {"ClaimLost", [](Seen& s) { s.claims.push_back({{"metadata", {{"name", "demo-3"}}}, {"status", {{"phase", "Lost"}}}}); }, "The volume of the claim demo-3 is gone for good.", "kubectl delete pvc demo-3 -n shop --wait=false"},
    {"Uncovered", With(Condition("Available", "False", "SlotsNotServed", "some slots have no master that answers")), "Some slots are not served.", "kubectl windlass slots demo -n shop"},
    {"UncoveredAndWhichNodesSaySo",
     [](Seen& s) {
       With(Condition("Available", "False", "SlotsNotServed", "some slots have no master that answers"))(s);
       s.pods[1]["status"]["podIP"] = "10.0.0.7";
     },
     "Some slots are not served.", "kubectl exec demo-1 -n shop -- windlassctl check 10.0.0.7:6379"},
    {"NodeFailed", With(Condition("Degraded", "True", "Trouble", "shard-0: its master demo-0 does not answer; 1 replica may be elected")), "Something is wrong with its nodes.\n  shard-0: its master demo-0 does not answer", "kubectl logs demo-0 -n shop --tail=50"},
    {"ShardLost", [](Seen& s) { s.cluster["status"]["lostSlots"] = "0-8191"; }, "A shard is lost: slots 0-8191.", "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"failover\": {\"lostShard\": \"Accept\"}}}'"},
    {"MigrationStuck",
     [](Seen& s) {
       s.cluster["status"]["operation"] = {{"kind", "ScaleOut"}, {"attempts", 7}, {"lastError", "demo-4: no answer"}, {"startedAt", "2026-01-01T00:00:00Z"}, {"moves", {{{"slots", "0-9"}, {"from", "shard-0"}, {"to", "shard-1"}}}}};
     },
     "Slots cannot be moved.\n  7 times, since 2026-01-01T00:00:00Z, at last with: demo-4: no answer", "kubectl windlass plan demo -n shop"},
    {"NotInSync",
     [](Seen& s) {
       s.cluster["spec"]["replicasPerShard"] = 1;
       s.cluster["status"]["shardStatuses"][1]["syncedReplicas"] = 1;
       s.cluster["status"]["shardStatuses"][0]["syncedReplicas"] = 0;
     },
     "shard-0: 0 of 1 replicas are in step.", "kubectl exec demo-1 -n shop -- windlassctl cli info replication"},
    {"AutoscalingAtItsLimit", [](Seen& s) { s.cluster["status"]["autoscaling"] = {{"desiredShards", 6}, {"reason", "AtMaximum"}, {"message", "Memory is 80 of a target of 70"}}; }, "Autoscaling is at its limit.\n  Memory is 80 of a target of 70",
     "kubectl patch rediscluster demo -n shop --type=merge -p '{\"spec\": {\"autoscaling\": {\"maxShards\": 7}}}'"},
    {"TwoAutoscalers", With(Condition("AutoscalerConflict", "True", "ScaledByAnother", "HorizontalPodAutoscaler shop writes spec.shards")), "Two autoscalers scale it.\n  HorizontalPodAutoscaler shop", "kubectl get hpa -n shop"},
    {"HotSlot", [](Seen& s) { s.cluster["status"]["autoscaling"] = {{"reason", "HotSlot"}, {"message", "slot 7"}}; }, "One slot makes most of a shard's work.", "kubectl windlass slots demo"},
    {"Held", With(Condition("UpdateHeld", "True", "Halted", "demo-1 crashed")), "Pods that are out of date are kept.\n  demo-1 crashed", "kubectl edit rediscluster demo -n shop"},
    {"Drift", With(Condition("ConfigDrift", "True", "NotAsInSpec", "volumes cannot shrink")), "Not all is as the spec says.\n  volumes cannot shrink", "kubectl get pvc -n shop"},
    {"Fenced",
     [](Seen& s) {
       With(Condition("Fenced", "True", "PodsFenced", "left alone, and no masters: demo-1"))(s);
       s.pods[1]["metadata"]["annotations"] = {{"windlass.dev/fenced", "true"}};
     },
     "Pods are fenced.", "kubectl annotate pod demo-1 -n shop windlass.dev/fenced-"},
    {"TwoImages",
     [](Seen& s) {
       s.cluster["spec"]["image"] = "windlass-node:2";
       s.pods[0]["spec"]["containers"][0]["image"] = "windlass-node:2";
     },
     "Its nodes are of 2 images.\n  windlass-node:1: demo-1, demo-2; windlass-node:2: demo-0", "kubectl delete pod demo-1 -n shop"},
    {"OperatorOfAnotherVersion", [](Seen& s) { s.figures = Figures{"7.3.1", {}}; }, "The operator is of version 7.3.1", "kubectl windlass --version"},
};

INSTANTIATE_TEST_SUITE_P(Doctor, EachFailure, ::testing::ValuesIn(kCases), [](const auto& info) { return std::string(info.param.name); });

TEST(Doctor, FindsNothingInAClusterThatIsWell) { EXPECT_EQ(Diagnose({Cluster(), Pods()}).text, "Nothing is wrong.\n"); }

TEST(Doctor, WhatIsWorthKnowingIsNoTrouble) {
  Json cluster = Cluster();
  cluster["status"]["orphanClaims"] = {"demo-8", "demo-9"};
  const Diagnosis diagnosis = Diagnose({cluster, Pods()});
  EXPECT_TRUE(diagnosis.well);
  EXPECT_THAT(diagnosis.text, HasSubstr("Nothing is wrong.\n- Claims that nothing uses any more: demo-8, demo-9."));
  EXPECT_THAT(diagnosis.text, HasSubstr("kubectl delete pvc demo-8 demo-9 -n shop"));
}

TEST(Doctor, NodesThatAreBeingRolledAreOfTwoImages) {
  Json cluster = Cluster();
  cluster["status"]["operation"] = {{"kind", "Roll"}};
  auto pods = Pods();
  pods[0]["spec"]["containers"][0]["image"] = "windlass-node:2";
  EXPECT_TRUE(Diagnose({cluster, pods}).well);
}

TEST(Doctor, AClusterOfTheSamePatchOrMinorVersionIsNoSkew) {
  Seen seen{Cluster(), Pods()};
  seen.figures = Figures{"0.1.9", {}};
  EXPECT_TRUE(Diagnose(seen).well);
}

}  // namespace
}  // namespace windlass::plugin
