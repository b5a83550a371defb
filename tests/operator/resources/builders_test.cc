// What the builders promise to people, to nodes and to later versions.
#include "operator/resources/builders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/api/json.h"
#include "operator/base/encoding.h"
#include "operator/resources/diff.h"

namespace windlass::resources {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

api::RedisCluster Demo(const Json& spec = Json::object()) {
  return api::RedisClusterFromJson({{"metadata", {{"name", "demo"}, {"namespace", "ns"}, {"uid", "u1"}}}, {"spec", spec}});
}

TEST(TemplateHash, IsPinned) {
  // A change here restarts every node of every cluster after an upgrade of the
  // operator: if that is meant, say so in the changelog and pin the new value.
  EXPECT_EQ(TemplateHash(Demo()), "9b0abd21da47bb2e");
}

TEST(TemplateHash, ChangesWithWhatAPodIsMadeFromAndNothingElse) {
  const std::string before = TemplateHash(Demo());
  EXPECT_EQ(TemplateHash(Demo({{"shards", 7}})), before);
  EXPECT_NE(TemplateHash(Demo({{"image", "other"}})), before);
  EXPECT_NE(TemplateHash(Demo({{"resources", {{"limits", {{"memory", "1Gi"}}}}}})), before);
}

TEST(TemplateHash, IsAsBeforeForWhatIsNoneOfThePods) {
  const std::string before = TemplateHash(Demo());
  for (const Json& spec : {Json{{"rebalance", {{"by", "Load"}, {"maxBytesPerSecond", "50Mi"}}}}, Json{{"deletionProtection", true}},
                           Json{{"autoscaling", {{"maxShards", 5}, {"metrics", {{{"type", "CPU"}, {"target", 60}}}}}}}}) {
    EXPECT_EQ(TemplateHash(Demo(spec)), before) << spec;
  }
  EXPECT_NE(TemplateHash(Demo({{"metrics", Json::object()}})), before) << "a port of the container's";
}

TEST(Metrics, AreServedAtTheirPortAndMonitored) {
  const auto cluster = Demo({{"metrics", {{"port", 9200}, {"podMonitor", true}}}});
  EXPECT_THAT(RedisConf(cluster.spec), HasSubstr("\nmetrics-port 9200\n"));
  EXPECT_THAT(RedisConf(Demo().spec), Not(HasSubstr("metrics-port")));
  const Json port = BuildPod(cluster, {"demo-4", "2"}, {"i", ""})["spec"]["containers"][0]["ports"][2];
  EXPECT_EQ(port, (Json{{"name", "metrics"}, {"containerPort", 9200}}));
  const Json monitor = BuildPodMonitor(cluster);
  EXPECT_EQ(monitor["spec"]["podMetricsEndpoints"][0]["port"], port["name"]);
  EXPECT_EQ(monitor["spec"]["selector"]["matchLabels"]["windlass.dev/cluster"], "demo");
  EXPECT_EQ(monitor["metadata"]["ownerReferences"][0]["uid"], "u1");
  const Json ingress = BuildNetworkPolicy(cluster)["spec"]["ingress"];
  ASSERT_EQ(ingress.size(), 3u);
  EXPECT_EQ(ingress[2]["ports"][0]["port"], 9200);
  EXPECT_FALSE(ingress[2].contains("from"));
  EXPECT_EQ(BuildNetworkPolicy(Demo())["spec"]["ingress"].size(), 2u);
}

TEST(Settings, WhatSlotsCostIsCountedWhereItIsAskedFor) {
  EXPECT_EQ(Settings(Demo({{"rebalance", {{"by", "Load"}}}}).spec).at("cluster-slot-stats-enabled"), "yes");
  EXPECT_EQ(Settings(Demo().spec).count("cluster-slot-stats-enabled"), 0u);
}

TEST(Pod, BindsAndAnnouncesItsOwnAddressAndName) {
  const Json pod = BuildPod(Demo(), {"demo-4", "2"}, {"image", ""});
  const std::string args = pod["spec"]["containers"][0]["args"].dump();
  EXPECT_THAT(args, HasSubstr("\"--cluster-announce-ip\",\"$(POD_IP)\""));
  EXPECT_THAT(args, HasSubstr("\"--cluster-announce-hostname\",\"$(POD_NAME)\""));
  EXPECT_EQ(pod["metadata"]["labels"]["windlass.dev/shard"], "2");
  EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["uid"], "u1");
  EXPECT_THAT(pod.dump(), Not(HasSubstr("password")));
}

TEST(Pod, DataIsOnTheClaimOfItsNameIfThereIsStorage) {
  EXPECT_THAT(BuildPod(Demo(), {"demo-4", "2"}, {"i", ""})["spec"]["volumes"].dump(), HasSubstr("emptyDir"));
  const auto cluster = Demo({{"storage", {{"size", "1Gi"}, {"className", "fast"}}}});
  EXPECT_THAT(BuildPod(cluster, {"demo-4", "2"}, {"i", ""})["spec"]["volumes"].dump(), HasSubstr("\"claimName\":\"demo-4\""));
  const Json claim = BuildClaim(cluster, {"demo-4", "2"});
  EXPECT_EQ(claim["spec"]["storageClassName"], "fast");
  EXPECT_FALSE(claim["metadata"].contains("ownerReferences")) << "a claim must outlive the cluster";
}

TEST(Pod, KeepsApartFromItsShardWhereItCan) {
  const Json pod = BuildPod(Demo(), {"demo-4", "shard-2"}, {"i", "Never"});
  const Json terms = pod["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0]["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
  EXPECT_EQ(terms[0]["podAffinityTerm"]["labelSelector"]["matchLabels"]["windlass.dev/shard"], "shard-2");
  EXPECT_EQ(pod["spec"]["containers"][0]["imagePullPolicy"], "Never");
  EXPECT_FALSE(BuildPod(Demo(), {"demo-4", "shard-2"}, {"i", ""})["spec"]["containers"][0].contains("imagePullPolicy"));
}

TEST(Pod, PassesOnWhatTheSpecNamesAndIsAnotherThen) {
  const std::string before = TemplateHash(Demo());
  struct Row {
    Json options;
    Json::json_pointer where;
    Json wanted;
  };
  const Row rows[] = {
      {{{"labels", {{"team", "shop"}}}}, "/metadata/labels/team"_json_pointer, "shop"},
      {{{"annotations", {{"a/b", "c"}}}}, "/metadata/annotations/a~1b"_json_pointer, "c"},
      {{{"nodeSelector", {{"disk", "ssd"}}}}, "/spec/nodeSelector/disk"_json_pointer, "ssd"},
      {{{"tolerations", {{{"key", "k"}, {"operator", "Exists"}, {"tolerationSeconds", 5}}}}}, "/spec/tolerations/0"_json_pointer,
       {{"key", "k"}, {"operator", "Exists"}, {"tolerationSeconds", 5}}},
      {{{"affinity", {{"nodeAffinity", {{"x", 1}}}}}}, "/spec/affinity/nodeAffinity/x"_json_pointer, 1},
      {{{"priorityClassName", "high"}}, "/spec/priorityClassName"_json_pointer, "high"},
      {{{"serviceAccountName", "redis"}}, "/spec/serviceAccountName"_json_pointer, "redis"},
      {{{"terminationGracePeriodSeconds", 90}}, "/spec/terminationGracePeriodSeconds"_json_pointer, 90},
      {{{"spread", {{"hosts", "Required"}}}},
       "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/topologyKey"_json_pointer, "kubernetes.io/hostname"},
  };
  for (const Row& row : rows) {
    const auto cluster = Demo({{"pod", row.options}});
    const Json pod = BuildPod(cluster, {"demo-4", "shard-2"}, {"image", ""});
    ASSERT_TRUE(pod.contains(row.where)) << row.options;
    EXPECT_EQ(pod[row.where], row.wanted) << row.options;
    EXPECT_NE(TemplateHash(cluster), before) << row.options;
  }
  const auto pulled = Demo({{"imagePullSecrets", {{{"name", "registry"}}}}});
  EXPECT_EQ(BuildPod(pulled, {"demo-4", "shard-2"}, {"i", ""})["spec"]["imagePullSecrets"][0]["name"], "registry");
  EXPECT_NE(TemplateHash(pulled), before);
  const auto apart = Demo({{"pod", {{"spread", {{"hosts", "Off"}, {"zones", "Off"}}}}}});
  EXPECT_FALSE(BuildPod(apart, {"demo-4", "shard-2"}, {"i", ""})["spec"].contains("affinity"));
}

TEST(BindingSecret, IsEnoughToConnect) {
  const Json secret = BuildBindingSecret(Demo(), "a:b/c");
  const auto text = [&secret](const char* key) { return base::Base64Decode(secret["data"][key].get<std::string>()); };
  EXPECT_EQ(secret["metadata"]["name"], "demo-binding");
  EXPECT_EQ(secret["type"], "servicebinding.io/redis");
  EXPECT_EQ(text("type"), "redis");
  EXPECT_EQ(text("host"), "demo.ns.svc");
  EXPECT_EQ(text("port"), "6379");
  EXPECT_EQ(text("username"), "default");
  EXPECT_EQ(text("password"), "a:b/c");
  EXPECT_EQ(text("uri"), "redis://default:a%3Ab%2Fc@demo.ns.svc:6379");
}

TEST(NetworkPolicy, KeepsTheBusForTheClusterAndClientsForWhoIsNamed) {
  const Json open = BuildNetworkPolicy(Demo());
  const Json& rules = open["spec"]["ingress"];
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]["ports"][0]["port"], 6379);
  EXPECT_FALSE(rules[0].contains("from")) << "everybody";
  EXPECT_EQ(rules[1]["ports"][0]["port"], 16379);
  ASSERT_EQ(rules[1]["from"].size(), 1u);
  EXPECT_EQ(rules[1]["from"][0]["podSelector"]["matchLabels"]["windlass.dev/cluster"], "demo");
  const Json peer = {{"podSelector", {{"matchLabels", {{"app", "shop"}}}}}};
  const Json closed = BuildNetworkPolicy(Demo({{"network", {{"policy", {{"from", {peer}}}}}}}));
  ASSERT_EQ(closed["spec"]["ingress"][0]["from"].size(), 3u) << "the nodes, the operator, and who is named";
  EXPECT_EQ(closed["spec"]["ingress"][0]["from"][2], peer);
  EXPECT_TRUE(FirstDifference(open, closed).has_value()) << "back to everybody is a difference too";
  EXPECT_TRUE(FirstDifference(closed, open).has_value());
}

TEST(Budgets, AreDisjointAndCountInIntegers) {
  const auto cluster = Demo({{"replicasPerShard", 2}});
  const Json masters = BuildMasterBudget(cluster, 3);
  const Json replicas = BuildReplicaBudget(cluster, "shard-1");
  EXPECT_EQ(masters["metadata"]["name"], "demo-masters");
  EXPECT_EQ(masters["spec"]["minAvailable"], 3);
  EXPECT_EQ(replicas["metadata"]["name"], "demo-shard-1-replicas");
  EXPECT_EQ(replicas["spec"]["minAvailable"], 1);
  EXPECT_EQ(BuildReplicaBudget(Demo(), "shard-1")["spec"]["minAvailable"], 0);
  const Json of_masters = masters["spec"]["selector"]["matchLabels"], of_replicas = replicas["spec"]["selector"]["matchLabels"];
  EXPECT_NE(of_masters["windlass.dev/role"], of_replicas["windlass.dev/role"]) << "a pod in two budgets cannot be evicted at all";
  EXPECT_EQ(of_masters["windlass.dev/cluster"], "demo");
  EXPECT_EQ(of_replicas["windlass.dev/shard"], "shard-1");
}

TEST(RedisConf, FollowsTheSpec) {
  const std::string plain = RedisConf(Demo().spec);
  EXPECT_THAT(plain, HasSubstr("appendonly no\n"));
  EXPECT_THAT(plain, HasSubstr("maxmemory 402653175\n"));
  EXPECT_THAT(plain, HasSubstr("cluster-node-timeout 5000\n"));
  const std::string full = RedisConf(Demo({{"storage", {{"size", "1Gi"}}}, {"config", {{"hz", "50"}}},
                                           {"failover", {{"nodeTimeoutMilliseconds", 2000}}}}).spec);
  EXPECT_THAT(full, HasSubstr("appendonly yes\n"));
  EXPECT_THAT(full, HasSubstr("hz 50\n"));
  EXPECT_THAT(full, HasSubstr("cluster-node-timeout 2000\n"));
}

TEST(RedisConf, WritesWhatPersistenceAndDurabilityAskFor) {
  const std::string plain = RedisConf(Demo().spec);
  EXPECT_THAT(plain, HasSubstr("save \"\"\n"));
  EXPECT_THAT(plain, HasSubstr("appendfsync everysec\n"));
  EXPECT_THAT(plain, Not(HasSubstr("windlass-min-acks")));
  const std::string snapshots = RedisConf(Demo({{"storage", {{"size", "1Gi"}}}, {"persistence", {{"mode", "RDB"}}}}).spec);
  EXPECT_THAT(snapshots, HasSubstr("appendonly no\n"));
  EXPECT_THAT(snapshots, HasSubstr("save 3600 1 300 100 60 10000\n"));
  const std::string log = RedisConf(Demo({{"persistence", {{"mode", "AOF"}, {"fsync", "Always"}}}}).spec);
  EXPECT_THAT(log, HasSubstr("appendonly yes\n"));
  EXPECT_THAT(log, HasSubstr("appendfsync always\n"));
  const auto durable = Settings(Demo({{"durability", {{"minAcks", 1}, {"onShortage", "Block"}}}}).spec);
  EXPECT_EQ(durable.at("windlass-min-acks"), "1");
  EXPECT_EQ(durable.at("windlass-min-acks-on-shortage"), "block");
}

TEST(RedisConf, LetsTheBusMoveReplicasOnlyPastABarrier) {
  const std::string plain = RedisConf(Demo().spec);
  EXPECT_THAT(plain, HasSubstr("cluster-allow-replica-migration no\n"));
  EXPECT_THAT(plain, Not(HasSubstr("cluster-migration-barrier")));
  const auto spare = Settings(Demo({{"failover", {{"migrationBarrier", 2}}}}).spec);
  EXPECT_EQ(spare.at("cluster-allow-replica-migration"), "yes");
  EXPECT_EQ(spare.at("cluster-migration-barrier"), "2");
}

TEST(Services, HaveTheFamiliesOfTheSpecAndElseTheDefault) {
  for (const auto& build : {BuildClientService, BuildNodesService}) {
    EXPECT_FALSE(build(Demo())["spec"].contains("ipFamilies"));
    const Json one = build(Demo({{"network", {{"ipFamilies", {"IPv6"}}}}}))["spec"];
    EXPECT_EQ(one["ipFamilies"], Json({"IPv6"}));
    EXPECT_EQ(one["ipFamilyPolicy"], "SingleStack");
    const Json both = build(Demo({{"network", {{"ipFamilies", {"IPv6", "IPv4"}}}}}))["spec"];
    EXPECT_EQ(both["ipFamilies"], Json({"IPv6", "IPv4"}));
    EXPECT_EQ(both["ipFamilyPolicy"], "RequireDualStack");
  }
}

TEST(Pod, ListensOnBothFamiliesAndIsAnnouncedByAFullNameOnlyWhereThatIsAskedFor) {
  const auto args = [](const Json& spec) { return BuildPod(Demo(spec), {"demo-0", "shard-0"}, {"image", ""})["spec"]["containers"][0]["args"]; };
  EXPECT_EQ(args(Json::object()), Json({"/config/redis.conf", "--include", "/auth/auth.conf", "--bind", "$(POD_IP)", "--cluster-announce-ip",
                                        "$(POD_IP)", "--cluster-announce-hostname", "$(POD_NAME)"}));
  EXPECT_EQ(args({{"network", {{"ipFamilies", {"IPv4"}}}}}), args(Json::object()));
  EXPECT_THAT(args({{"network", {{"ipFamilies", {"IPv4", "IPv6"}}}}}).dump(), HasSubstr("\"--bind\",\"*\",\"-::*\",\"--cluster-announce-ip\""));
  EXPECT_THAT(args({{"network", {{"endpoint", "Hostname"}}}}).dump(), HasSubstr("$(POD_NAME).demo-nodes."));
}

TEST(External, EachNodeHasAServiceOfItsOwnAndTheNameOfTheTemplate) {
  const Json spec = {{"network", {{"external", {{"type", "LoadBalancer"}, {"hostnameTemplate", "r-{pod}.example.com"}, {"annotations", {{"a/b", "c"}}}}}}}};
  const api::RedisCluster cluster = Demo(spec);
  const Json service = BuildExternalService(cluster, "demo-4");
  EXPECT_EQ(service["metadata"]["name"], "demo-4-external");
  EXPECT_EQ(service["metadata"]["annotations"]["a/b"], "c");
  EXPECT_EQ(service["spec"]["type"], "LoadBalancer");
  const Json pod = BuildPod(cluster, {"demo-4", "shard-0"}, {"image", ""});
  for (const auto& [label, value] : service["spec"]["selector"].items()) EXPECT_EQ(pod["metadata"]["labels"][label], value) << label;
  EXPECT_THAT(pod["spec"]["containers"][0]["args"].dump(), HasSubstr("\"r-$(POD_NAME).example.com\""));
  EXPECT_EQ(AnnouncedName(cluster, "demo-4"), "r-demo-4.example.com");
  EXPECT_EQ(BuildExternalService(cluster)["metadata"]["name"], "demo-external");
  EXPECT_NE(TemplateHash(cluster), TemplateHash(Demo())) << "nodes are started anew to have their names";
  EXPECT_FALSE(BuildPod(Demo(), {"demo-4", "shard-0"}, {"image", ""})["metadata"]["labels"].contains("windlass.dev/node"));
}

TEST(NodeSecret, QuotesThePassword) {
  const Json secret = BuildNodeSecret(Demo(), {"a\"b\\c d", "", 0});
  EXPECT_THAT(base::Base64Decode(secret["data"]["auth.conf"].get<std::string>()), HasSubstr("requirepass \"a\\\"b\\\\c d\"\n"));
  const Json none = BuildNodeSecret(Demo(), {});
  EXPECT_THAT(base::Base64Decode(none["data"]["auth.conf"].get<std::string>()), Not(HasSubstr("requirepass")));
}

TEST(NodeSecret, RemembersAnEarlierPassword) {
  const Passwords passwords = PasswordsIn(BuildNodeSecret(Demo(), {"new", "old", 1'700'000'000'000}));
  EXPECT_EQ(passwords.current, "new");
  EXPECT_EQ(passwords.earlier, "old");
  EXPECT_EQ(passwords.until_ms, 1'700'000'000'000);
  EXPECT_EQ(PasswordsIn(BuildNodeSecret(Demo(), {"new", "", 0})).until_ms, 0);
}

TEST(FirstDifference, NamesThePlaceAndPassesOverWhatTheServerAdds) {
  const Json wanted = {{"spec", {{"ports", {{{"port", 1}}}}, {"type", "A"}}}};
  Json live = {{"spec", {{"ports", {{{"port", 1}, {"protocol", "TCP"}}}}, {"type", "A"}, {"clusterIP", "10.0.0.1"}}}};
  EXPECT_EQ(FirstDifference(wanted, live), std::nullopt);
  live["spec"]["ports"][0]["port"] = 2;
  EXPECT_EQ(FirstDifference(wanted, live), "spec.ports[0].port");
  live["spec"].erase("ports");
  EXPECT_EQ(FirstDifference(wanted, live), "spec.ports");
}

}  // namespace
}  // namespace windlass::resources
