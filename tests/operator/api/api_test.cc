// RedisCluster values: defaults, refusals that name the field, status there and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/api/json.h"
#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/api/validation.h"

namespace windlass::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RedisCluster FromSpec(const json& spec) {
  return RedisClusterFromJson({{"metadata", {{"name", "demo"}, {"namespace", "default"}}}, {"spec", spec}});
}

TEST(Quantity, UnderstandsEverySuffix) {
  EXPECT_EQ(ParseQuantity("512Mi"), 512 << 20);
  EXPECT_EQ(ParseQuantity("1.5Gi"), int64_t{3} << 29);
  EXPECT_EQ(ParseQuantity("1G"), 1000000000);
  EXPECT_EQ(ParseQuantity("2500m"), 2);
  EXPECT_EQ(ParseQuantity("1e3"), 1000);
  EXPECT_EQ(ParseQuantity("+7"), 7);
  for (const char* bad : {"", "Mi", "-1", "1Xi", "1 Mi", "ten", "9Ei9"}) EXPECT_FALSE(ParseQuantity(bad)) << bad;
}

TEST(Names, OrdinalIsOnlyOfThisCluster) {
  EXPECT_EQ(NodeOrdinal("demo", "demo-12"), 12);
  for (const char* other : {"demo", "demo-", "demo-x", "demo-01", "demos-1", "demo-1-2", "other-1"}) {
    EXPECT_FALSE(NodeOrdinal("demo", other)) << other;
  }
}

TEST(Spec, AnEmptySpecIsValidAndHasTheDefaults) {
  const RedisCluster cluster = FromSpec(json::object());
  EXPECT_EQ(cluster.spec.shards, 3);
  EXPECT_EQ(cluster.spec.replicas_per_shard, 1);
  EXPECT_EQ(cluster.spec.failover.node_timeout_ms, 5000);
  EXPECT_EQ(cluster.spec.auth.mode, Auth::Mode::kGenerated);
  EXPECT_THAT(Validate(cluster), IsEmpty());
  EXPECT_EQ(MaxmemoryBytes(cluster.spec), (512 << 20) / 100 * 75);
}

TEST(Spec, WrongTypesNameTheField) {
  struct Row {
    json spec;
    const char* field;
  };
  const Row rows[] = {{{{"shards", "two"}}, "spec.shards"},
                      {{{"storage", {{"size", "1Gi"}, {"onDelete", "Shred"}}}}, "spec.storage.onDelete"},
                      {{{"autoscaling", {{"metrics", {{{"type", "Luck"}}}}}}}, "spec.autoscaling.metrics[0].type"},
                      {{{"memory", 5}}, "spec.memory"}};
  for (const Row& row : rows) {
    try {
      FromSpec(row.spec);
      ADD_FAILURE() << row.spec << " was taken";
    } catch (const FieldFailure& failure) {
      EXPECT_THAT(failure.what(), HasSubstr(row.field));
    }
  }
}

TEST(Spec, EveryRuleRefusesNamingTheField) {
  struct Row {
    json spec;
    const char* field;
  };
  const json metric = {{"type", "Memory"}, {"target", 70}};
  const auto scaled = [](const json& more) {
    json scaling = {{"maxShards", 5}, {"metrics", {{{"type", "OpsPerSecond"}, {"target", 100}}}}};
    scaling.update(more);
    return json{{"autoscaling", scaling}};
  };
  const auto scheduled = [&scaled](const json& more) {
    json schedule = {{"name", "a"}, {"cron", "0 8 * * *"}, {"durationSeconds", 3600}, {"minShards", 4}};
    schedule.merge_patch(more);
    return scaled({{"schedules", {schedule}}});
  };
  const Row rows[] = {
      {{{"shards", 0}}, "spec.shards: 0"},
      {{{"shards", 2000}}, "spec.shards: 2000"},
      {{{"shards", 2}}, "spec.shards: 2"},
      {{{"replicasPerShard", 6}}, "spec.replicasPerShard: 6"},
      {{{"resources", {{"limits", {{"cpu", "1"}}}}}}, "spec.resources.limits.memory"},
      {{{"resources", {{"limits", {{"memory", "lots"}}}}}}, "spec.resources.limits.memory"},
      {{{"memory", {{"maxmemoryPercent", 96}}}}, "spec.memory.maxmemoryPercent"},
      {{{"memory", {{"evictionPolicy", "lru"}}}}, "spec.memory.evictionPolicy"},
      {{{"storage", {{"size", "0"}}}}, "spec.storage.size"},
      {{{"config", {{"port", "1"}}}}, "spec.config.port"},
      {{{"config", {{"cluster-enabled", "no"}}}}, "spec.config.cluster-enabled"},
      {{{"config", {{"hz", "10\nport 1"}}}}, "spec.config.hz"},
      {{{"config", {{"HZ", "10"}}}}, "spec.config"},
      {{{"auth", {{"mode", "Secret"}}}}, "spec.auth.secretName"},
      {{{"auth", {{"secretName", "x"}}}}, "spec.auth.secretName"},
      {{{"failover", {{"nodeTimeoutMilliseconds", 1}}}}, "spec.failover.nodeTimeoutMilliseconds"},
      {{{"hibernated", true}}, "spec.hibernated"},
      {{{"hibernated", true}, {"storage", {{"size", "1Gi"}}}, {"persistence", {{"mode", "None"}}}}, "spec.hibernated"},
      {{{"durability", {{"minAcks", 2}}}}, "spec.durability.minAcks: 2"},
      {{{"rebalance", {{"tolerancePercent", 101}}}}, "spec.rebalance.tolerancePercent"},
      {{{"rebalance", {{"parallelMoves", 0}}}}, "spec.rebalance.parallelMoves"},
      {{{"network", {{"ipFamilies", {"IPv4", "IPv4"}}}}}, "spec.network.ipFamilies: [IPv4, IPv4]"},
      {{{"network", {{"external", {{"type", "LoadBalancer"}}}}}}, "spec.network.external.hostnameTemplate: (unset)"},
      {{{"network", {{"external", {{"hostnameTemplate", "{pod}.x"}}}}}}, "spec.network.external.hostnameTemplate: {pod}.x"},
      {{{"network", {{"external", {{"type", "LoadBalancer"}, {"hostnameTemplate", "{pods}.x"}}}}}}, "spec.network.external.hostnameTemplate: \"{pods}.x\""},
      {{{"network", {{"external", {{"type", "LoadBalancer"}, {"hostnameTemplate", "{pod}.x\ny"}}}}}}, "spec.network.external.hostnameTemplate"},
      {{{"network", {{"external", {{"annotations", {{"windlass.dev/x", "y"}}}}}}}}, "spec.network.external.annotations: windlass.dev/x"},
      {{{"network", {{"ipFamilies", {"IPv5"}}}}}, "spec.network.ipFamilies: [IPv5]"},
      {{{"update", {{"window", {{"cron", "often"}}}}}}, "spec.update.window.cron: \"often\""},
      {{{"update", {{"window", {{"cron", "0 3 * * *"}, {"timeZone", "Mars/Olympus"}}}}}}, "spec.update.window.timeZone: \"Mars/Olympus\""},
      {{{"update", {{"window", {{"cron", "0 3 * * *"}, {"durationSeconds", 1}}}}}}, "spec.update.window.durationSeconds: 1"},
      {{{"failover", {{"migrationBarrier", 6}}}}, "spec.failover.migrationBarrier: 6"},
      {{{"update", {{"canaryShards", -1}}}}, "spec.update.canaryShards: -1"},
      {{{"update", {{"parallelShards", 0}}}}, "spec.update.parallelShards: 0"},
      {{{"replicasPerShard", 0}, {"update", {{"surge", "Never"}}}}, "spec.update.surge: Never"},
      {{{"replicasPerShard", 0}, {"update", {{"surge", "Never"}}}, {"storage", {{"size", "1Gi"}}}, {"persistence", {{"mode", "None"}}}}, "spec.update.surge: Never"},
      {{{"pod", {{"labels", {{"windlass.dev/role", "master"}}}}}}, "spec.pod.labels: windlass.dev/role"},
      {{{"pod", {{"annotations", {{"windlass.dev/node-id", "x"}}}}}}, "spec.pod.annotations"},
      {{{"pod", {{"tolerations", {{{"operator", "Maybe"}}}}}}}, "spec.pod.tolerations[0].operator"},
      {{{"pod", {{"terminationGracePeriodSeconds", 0}}}}, "spec.pod.terminationGracePeriodSeconds"},
      {{{"config", {{"include", "/etc/hostname"}}}}, "spec.config.include"},
      {{{"autoscaling", {{"maxShards", 2}, {"metrics", {metric}}}}}, "spec.autoscaling.minShards: 3"},
      {{{"autoscaling", {{"maxShards", 5}, {"metrics", json::array()}}}}, "spec.autoscaling.metrics"},
      {{{"autoscaling", {{"maxShards", 5}, {"metrics", {metric, metric}}}}}, "metrics[1].type"},
      {{{"autoscaling", {{"maxShards", 5}, {"metrics", {{{"type", "Memory"}, {"target", 101}}}}}}}, "metrics[0].target"},
      {scaled({{"metrics", {{{"type", "CPU"}, {"target", 101}}}}}), "metrics[0].target: 101 is invalid: a CPU target is a percentage"},
      {scaled({{"metrics", {{{"type", "EvictionsPerSecond"}, {"target", 5}}}}}), "metrics[0].type: EvictionsPerSecond is invalid"},
      {scaled({{"scaleOut", {{"predictSeconds", -1}}}}), "scaleOut.predictSeconds: -1"},
      {scheduled({{"cron", "0 25 * * *"}}), "schedules[0].cron: \"0 25 * * *\" is invalid: its hour"},
      {scheduled({{"timeZone", "Mars/Phobos"}}), "schedules[0].timeZone: \"Mars/Phobos\""},
      {scheduled({{"durationSeconds", 59}}), "schedules[0].durationSeconds: 59"},
      {scheduled({{"name", ""}}), "schedules[0].name"},
      {scheduled({{"minShards", nullptr}}), "schedules[0].minShards: (unset)"},
      {scheduled({{"minShards", 2}}), "schedules[0].minShards: 2"},
      {scheduled({{"maxShards", 3}}), "schedules[0].minShards: 4 is invalid: use at most its maxShards, 3"},
      {{{"rebalance", {{"maxBytesPerSecond", "1"}}}}, "spec.rebalance.maxBytesPerSecond: \"1\""},
      {{{"metrics", {{"port", 80}}}}, "spec.metrics.port: 80"},
      {{{"metrics", {{"port", 16379}}}}, "spec.metrics.port: 16379"},
      {{{"metrics", json::object()}, {"config", {{"metrics-port", "9200"}}}}, "spec.config.metrics-port: \"9200\""},
      {{{"memory", {{"evictionPolicy", "allkeys-lru"}}}, {"autoscaling", {{"maxShards", 5}, {"metrics", {metric}}}}}, "spec.memory.evictionPolicy"},
  };
  for (const Row& row : rows) {
    const auto findings = Validate(FromSpec(row.spec));
    ASSERT_EQ(findings.size(), 1u) << row.spec << ": " << ::testing::PrintToString(findings);
    EXPECT_THAT(findings[0], HasSubstr(row.field));
  }
}

TEST(Spec, ALostShardIsAcceptedWithoutStorageOrWhenToldSo) {
  const json storage = {{"size", "1Gi"}};
  EXPECT_TRUE(AcceptsLoss(FromSpec(json::object()).spec));
  EXPECT_FALSE(AcceptsLoss(FromSpec({{"storage", storage}}).spec));
  EXPECT_TRUE(AcceptsLoss(FromSpec({{"storage", storage}, {"failover", {{"lostShard", "Accept"}}}}).spec));
  EXPECT_FALSE(AcceptsLoss(FromSpec({{"failover", {{"lostShard", "Block"}}}}).spec));
}

TEST(Status, ComesBackAsItWasWritten) {
  Status status;
  status.observed_generation = 4;
  status.phase = "Scaling";
  status.shards = 3;
  status.shard_statuses = {{"shard-0", "demo-0", 5461, 1, 1, 7, "0-5460"}};
  status.operation = Operation{"op1", "ScaleOut", "moving", "", 4, 3, 5, 40, 0, "2026-01-01T00:00:00Z", "", {{"0-9,20", "a", "b", "Pending"}}, "m4", "demo-1: it crashes"};
  status.autoscaling = AutoscalingStatus{3, 4, "Memory", "73 percent", "", ""};
  SetCondition(&status, {"Ready", "False", 4, "Scaling", "3 of 5 shards", ""}, "2026-01-01T00:00:00Z");
  const json first = StatusToJson(status);
  EXPECT_EQ(StatusToJson(StatusFromJson(first)), first);
  EXPECT_EQ(StatusFromJson(first).operation->moves, status.operation->moves);
}

TEST(Status, DamageIsAsIfAbsent) {
  const Status status = StatusFromJson({{"shards", "three"}, {"operation", 7}, {"conditions", {1, 2}}});
  EXPECT_EQ(status.shards, 0);
  EXPECT_FALSE(status.operation.has_value());
  EXPECT_THAT(status.conditions, IsEmpty());
}

TEST(Conditions, TimeMovesOnlyWithStatus) {
  Status status;
  EXPECT_TRUE(SetCondition(&status, {"Ready", "False", 1, "A", "a", ""}, "t1"));
  EXPECT_FALSE(SetCondition(&status, {"Ready", "False", 2, "B", "b", ""}, "t2"));
  EXPECT_EQ(FindCondition(status, "Ready")->last_transition_time, "t1");
  EXPECT_EQ(FindCondition(status, "Ready")->reason, "B");
  EXPECT_TRUE(SetCondition(&status, {"Ready", "True", 2, "C", "c", ""}, "t3"));
  EXPECT_EQ(FindCondition(status, "Ready")->last_transition_time, "t3");
}

}  // namespace
}  // namespace windlass::api
