// Rolling updates and settings of running nodes, decided without I/O.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/phases.h"
#include "operator/resources/builders.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

template <typename T>
const T* As(const std::optional<Step>& step) {
  return step ? std::get_if<T>(&*step) : nullptr;
}

std::string WhyWait(const std::optional<Step>& step) {
  const auto* wait = As<Wait>(step);
  return wait == nullptr ? "" : wait->why;
}

void Rolling(ClusterBuilder* builder, const std::string& target = "") {
  api::Operation roll;
  roll.id = "1";
  roll.kind = "Roll";
  roll.target = target;
  builder->status().operation = roll;
}

// Three shards of two, all made from what was wanted before; with claims.
ClusterBuilder Old() {
  auto builder = ClusterBuilder::Even(3);
  for (int i = 0; i < 6; ++i) {
    builder.At("demo-" + std::to_string(i)).template_hash = "old";
    builder.At("demo-" + std::to_string(i)).claim = true;
  }
  return builder;
}

std::vector<std::string> Deleted(const std::optional<Step>& step) {
  std::vector<std::string> names;
  if (const auto* pods = As<DeletePods>(step)) {
    for (const auto& [name, uid] : pods->pods) names.push_back(name);
  }
  return names;
}

TEST(Roll, IntentIsWrittenFirst) {
  auto builder = Old();
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  EXPECT_EQ(As<RecordOperation>(step)->operation.kind, "Roll");
}

TEST(Roll, AReplicaGoesBeforeItsMaster) {
  auto builder = Old();
  Rolling(&builder);
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-1"));
}

TEST(Roll, AMasterHandsOverToAReplicaOfTheNewKindAndOnlyThenGoes) {
  auto builder = Old();
  builder.At("demo-1").template_hash.clear();
  Rolling(&builder);
  const auto intent = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(intent), nullptr);
  EXPECT_EQ(As<RecordOperation>(intent)->operation.target, "demo-1");
  Rolling(&builder, "demo-1");
  const auto failover = Decide(builder.Build(3));
  ASSERT_NE(As<FailOver>(failover), nullptr);
  EXPECT_EQ(As<FailOver>(failover)->replica.name, "demo-1");
  // It has taken over: the old master is a replica now, and goes.
  std::swap(builder.At("demo-0").slots, builder.At("demo-1").slots);
  std::swap(builder.At("demo-0").epoch, builder.At("demo-1").epoch);
  builder.At("demo-0").master = "demo-1";
  builder.At("demo-1").master.clear();
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-0"));
}

TEST(Roll, TheNextPodWaitsUntilTheLastIsInStep) {
  auto builder = Old();
  builder.At("demo-1").template_hash.clear();
  builder.At("demo-1").link_up = false;
  Rolling(&builder);
  EXPECT_THAT(WhyWait(Decide(builder.Build(3))), HasSubstr("demo-1 is not in step"));
  builder.At("demo-1").terminating = true;
  EXPECT_THAT(WhyWait(Decide(builder.Build(3))), HasSubstr("demo-1 is not back yet"));
}

TEST(Roll, AKindThatDoesNotWorkHaltsItAtTheFirstPod) {
  auto builder = Old();
  TestNode& broken = builder.At("demo-1");
  broken.template_hash.clear();
  broken.answers = false;
  broken.problem = "ImagePullBackOff: no such image";
  Rolling(&builder);
  const auto halt = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(halt), nullptr);
  EXPECT_THAT(As<RecordOperation>(halt)->operation.halted, HasSubstr("demo-1: ImagePullBackOff"));
  builder.status().operation = As<RecordOperation>(halt)->operation;
  EXPECT_THAT(WhyWait(Decide(builder.Build(3))), HasSubstr("ImagePullBackOff"));
}

TEST(Roll, AndACorrectionReachesThatPodThoughTheClusterIsNotWell) {
  auto builder = ClusterBuilder::Even(3);
  TestNode& broken = builder.At("demo-1");
  broken.template_hash = "broken";
  broken.answers = false;
  broken.problem = "ImagePullBackOff: no such image";
  Rolling(&builder);
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-1"));
}

TEST(Roll, TheOnlyCopyIsNotDeletedHoweverBrokenItsPodIs) {
  auto builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-0", "demo-1"}) {
    builder.At(name).template_hash = "broken";
    builder.At(name).answers = false;
    builder.At(name).problem = "CrashLoopBackOff";
  }
  Rolling(&builder);
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre());
}

TEST(Roll, AShardWithoutReplicasGetsANodeToHandOverTo) {
  ClusterBuilder builder;
  builder.spec().replicas_per_shard = 0;
  builder.spec().shards = 3;
  const std::vector<slot::SlotRange> ranges{{0, 5460}, {5461, 10922}, {10923, 16383}};
  for (int i = 0; i < 3; ++i) {
    TestNode node;
    node.shard = ShardName(i);
    node.slots = {ranges[static_cast<size_t>(i)]};
    node.epoch = static_cast<uint64_t>(i) + 1;
    builder.Add("demo-" + std::to_string(i), node);
  }
  builder.At("demo-1").template_hash = "old";
  EXPECT_NE(As<RecordOperation>(Decide(builder.Build(3))), nullptr);
  Rolling(&builder);
  const auto create = Decide(builder.Build(3));
  ASSERT_NE(As<CreateNodes>(create), nullptr);
  ASSERT_EQ(As<CreateNodes>(create)->nodes.size(), 1u);
  EXPECT_EQ(As<CreateNodes>(create)->nodes[0].shard, "shard-1");
  TestNode heir;
  heir.shard = "shard-1";
  heir.master = "demo-1";
  builder.Add("demo-3", heir);
  EXPECT_EQ(As<RecordOperation>(Decide(builder.Build(3)))->operation.target, "demo-3");
  // Handed over: one too many, and it is the old one.
  std::swap(builder.At("demo-1").slots, builder.At("demo-3").slots);
  std::swap(builder.At("demo-1").epoch, builder.At("demo-3").epoch);
  builder.At("demo-1").master = "demo-3";
  builder.At("demo-3").master.clear();
  const auto remove = Decide(builder.Build(3));
  ASSERT_NE(As<RemoveNodes>(remove), nullptr);
  EXPECT_EQ(As<RemoveNodes>(remove)->victims[0].node.name, "demo-1");
}

TEST(Roll, ASmallerMaxmemoryThanWhatIsThereIsNotRolledOut) {
  auto builder = Old();
  for (int i = 0; i < 6; ++i) {
    TestNode& node = builder.At("demo-" + std::to_string(i));
    node.used_memory = int64_t{1} << 40;
    node.settings.run_id = node.run_id;
    node.settings.told = resources::Settings(builder.spec());
    node.settings.told["maxmemory"] = std::to_string(int64_t{1} << 41);
  }
  Rolling(&builder);
  EXPECT_THAT(WhyWait(Decide(builder.Build(3))), HasSubstr("raise resources.limits.memory"));
}

TEST(Roll, OnDeleteLeavesThePodsToTheUser) {
  auto builder = Old();
  builder.spec().update.mode = api::Update::Mode::kOnDelete;
  EXPECT_FALSE(Decide(builder.Build(3)).has_value());
}

TEST(Roll, EndsWhenEveryNodeIsAsTheSpecSays) {
  auto builder = ClusterBuilder::Even(3);
  Rolling(&builder);
  builder.At("demo-5").link_up = false;
  EXPECT_THAT(WhyWait(Decide(builder.Build(3))), HasSubstr("demo-5 is not in step"));
  builder.At("demo-5").link_up = true;
  EXPECT_NE(As<FinishOperation>(Decide(builder.Build(3))), nullptr);
}

TEST(Roll, ACordonedMasterWithoutReplicasGetsANodeBesideIt) {
  ClusterBuilder builder;
  builder.spec().replicas_per_shard = 0;
  builder.spec().shards = 1;
  TestNode node;
  node.shard = "shard-0";
  node.slots = {{0, 16383}};
  node.cordoned = true;
  builder.Add("demo-0", node);
  const auto create = Decide(builder.Build(1));
  ASSERT_NE(As<CreateNodes>(create), nullptr);
  EXPECT_EQ(As<CreateNodes>(create)->nodes[0].shard, "shard-0");
}

// Settings.

TEST(Settings, OfANodeThatStartedAreToldOnce) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-2").settings.run_id = "an earlier start";
  const auto step = Decide(builder.Build(3));
  const auto* tell = As<TellSettings>(step);
  ASSERT_NE(tell, nullptr);
  ASSERT_EQ(tell->nodes.size(), 1u);
  EXPECT_EQ(tell->nodes[0].node.name, "demo-2");
  EXPECT_TRUE(tell->nodes[0].first_telling);
  EXPECT_EQ(tell->nodes[0].changes.size(), resources::Settings(builder.spec()).size()) << "all of them";
}

TEST(Settings, OnlyWhatHasChangedIsTold) {
  auto builder = ClusterBuilder::Even(3);
  const SettingMap before = resources::Settings(builder.spec());
  builder.spec().config["maxmemory-samples"] = "7";
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).settings = {"run", before, "", {}, ""};
  const auto step = Decide(builder.Build(3));
  const auto* tell = As<TellSettings>(step);
  ASSERT_NE(tell, nullptr);
  ASSERT_EQ(tell->nodes.size(), 6u);
  EXPECT_THAT(tell->nodes[0].changes, ElementsAre(Pair("maxmemory-samples", "7")));
}

TEST(Settings, OneThatIsTakenOutGoesBackToItsDefault) {
  auto builder = ClusterBuilder::Even(3);
  SettingMap before = resources::Settings(builder.spec());
  before["maxmemory-samples"] = "7";
  before["no-such-directive"] = "1";
  builder.At("demo-0").settings = {"run", before, "", {}, ""};
  const auto step = Decide(builder.Build(3));
  const auto* tell = As<TellSettings>(step);
  ASSERT_NE(tell, nullptr);
  EXPECT_THAT(tell->nodes[0].changes, ElementsAre(Pair("maxmemory-samples", "5")));
  EXPECT_THAT(tell->nodes[0].result.restart_for, ElementsAre("no-such-directive"));
}

TEST(Settings, APodWithAnotherMemoryLimitKeepsItsMaxmemory) {
  auto builder = Old();
  builder.spec().update.mode = api::Update::Mode::kOnDelete;
  SettingMap before = resources::Settings(builder.spec());
  before["maxmemory"] = "1000000";
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).settings = {"run", before, "", {}, ""};
  EXPECT_FALSE(Decide(builder.Build(3)).has_value());
}

TEST(Settings, ANodeThatMustBeRestartedForOneIsOutdated) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-1").settings = {"run", resources::Settings(builder.spec()), "", {"io-threads"}, ""};
  const World world = builder.Build(3);
  EXPECT_TRUE(world.FindMember("demo-1")->outdated);
  EXPECT_FALSE(world.FindMember("demo-0")->outdated);
}

TEST(Settings, TheNoteAtAPodIsReadBack) {
  const NodeSettings settings{"run", {{"a", "1"}, {"b", "x \"y\""}}, "mark", {"io-threads"}, "b: no"};
  EXPECT_EQ(NodeSettingsFromText(ToText(settings)), settings);
  EXPECT_EQ(NodeSettingsFromText("{"), NodeSettings());
  EXPECT_EQ(NodeSettingsFromText("[1]"), NodeSettings());
}

}  // namespace
}  // namespace windlass::reconcile
