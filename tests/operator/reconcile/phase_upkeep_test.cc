// Claims that grow, clusters that sleep, masters that are spread, plans that others
// have overtaken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/execute.h"
#include "operator/reconcile/phases.h"
#include "operator/reconcile/status.h"
#include "operator/resources/builders.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

template <typename T>
const T* As(const std::optional<Step>& step) {
  return step ? std::get_if<T>(&*step) : nullptr;
}

ClaimFact Volume(const std::string& size, int64_t gib) {
  ClaimFact volume;
  volume.size = size;
  volume.bytes = gib << 30;
  volume.cluster_id = "c1";
  return volume;
}

ClusterBuilder WithStorage(const std::string& size) {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  builder.spec().storage = api::Storage{size, "", api::Keep::kRetain, api::Keep::kDelete};
  for (int i = 0; i < 6; ++i) {
    TestNode& node = builder.At("demo-" + std::to_string(i));
    node.claim = true;
    node.volume = Volume("1Gi", 1);
  }
  return builder;
}

TEST(Volumes, GrowWithTheSpecWhereTheyAreSmaller) {
  auto builder = WithStorage("2Gi");
  builder.At("demo-3").volume = Volume("2Gi", 2);
  const auto step = GrowVolumes(builder.Build(3));
  const auto* grow = As<GrowClaims>(step);
  ASSERT_NE(grow, nullptr);
  EXPECT_THAT(grow->names, ElementsAre("demo-0", "demo-1", "demo-2", "demo-4", "demo-5"));
  EXPECT_EQ(grow->size, "2Gi");
  EXPECT_EQ(VolumeDrift(builder.Build(3)), "");
  EXPECT_FALSE(GrowVolumes(WithStorage("1Gi").Build(3)).has_value());
}

TEST(Volumes, NeverShrinkAndTheRemedyIsTold) {
  auto builder = WithStorage("512Mi");
  const World world = builder.Build(3);
  EXPECT_FALSE(GrowVolumes(world).has_value());
  EXPECT_THAT(VolumeDrift(world), HasSubstr("spec.storage.size: 512Mi is less than the 1Gi of demo-0's claim"));
  EXPECT_THAT(VolumeDrift(world), HasSubstr("set 1Gi or more"));
}

TEST(Volumes, KeepTheirClass) {
  auto builder = WithStorage("1Gi");
  builder.spec().storage->class_name = "fast";
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).volume.class_name = i == 4 ? "slow" : "fast";
  EXPECT_THAT(VolumeDrift(builder.Build(3)), HasSubstr("is not the class of demo-4's claim, \"slow\""));
}

TEST(Volumes, ThatAreTakenUpAgainKeepTheClustersId) {
  auto builder = WithStorage("1Gi");
  builder.status().cluster_id.clear();
  StepResult formed;
  formed.formed = true;
  EXPECT_EQ(Summarize(builder.Build(3), formed, "").cluster_id, "c1");
  builder.At("demo-2").volume.cluster_id = "another";
  const std::string id = Summarize(builder.Build(3), formed, "").cluster_id;
  EXPECT_NE(id, "c1") << "they do not agree whose they are";
  EXPECT_FALSE(id.empty());
}

TEST(Volumes, ThatNobodyUsesAreListed) {
  auto builder = WithStorage("1Gi");
  builder.AddOrphan("demo-9");
  const World world = builder.Build(3);
  EXPECT_THAT(world.orphan_claims, ElementsAre("demo-9"));
  EXPECT_EQ(world.next_ordinal, 10) << "its name is not used again";
  const api::Status after = Summarize(world, {}, "");
  EXPECT_THAT(after.orphan_claims, ElementsAre("demo-9"));
  bool told = false;
  for (const Happening& change : Changes(builder.status(), after)) told = told || change.reason == "ClaimsKept";
  EXPECT_TRUE(told);
  for (const Happening& change : Changes(after, after)) EXPECT_NE(change.reason, "ClaimsKept");
}

std::vector<std::string> Names(const DeletePods& step) {
  std::vector<std::string> names;
  for (const auto& [name, uid] : step.pods) names.push_back(name);
  return names;
}

TEST(Hibernate, ReplicasGoFirstAndMastersWhenTheyAreGone) {
  auto builder = WithStorage("1Gi");
  builder.spec().hibernated = true;
  const auto first = Decide(builder.Build(3));
  ASSERT_NE(As<DeletePods>(first), nullptr);
  EXPECT_THAT(Names(*As<DeletePods>(first)), UnorderedElementsAre("demo-1", "demo-3", "demo-5"));
  for (const char* name : {"demo-1", "demo-3", "demo-5"}) builder.At(name).terminating = true;
  const auto ending = Decide(builder.Build(3));
  EXPECT_NE(As<Wait>(ending), nullptr);
  for (const char* name : {"demo-1", "demo-3", "demo-5"}) builder.At(name).pod = false;
  const auto second = Decide(builder.Build(3));
  ASSERT_NE(As<DeletePods>(second), nullptr);
  EXPECT_THAT(Names(*As<DeletePods>(second)), UnorderedElementsAre("demo-0", "demo-2", "demo-4"));
  for (const char* name : {"demo-0", "demo-2", "demo-4"}) builder.At(name).pod = false;
  const World asleep = builder.Build(3);
  EXPECT_NE(As<Wait>(Decide(asleep)), nullptr) << "and nothing is made anew";
  const api::Status status = Summarize(asleep, {}, "");
  EXPECT_EQ(status.phase, "Hibernated");
  EXPECT_EQ(api::FindCondition(status, "Degraded")->status, "False");
}

TEST(Hibernate, APodWithoutAClaimKeepsItAwake) {
  auto builder = WithStorage("1Gi");
  builder.spec().hibernated = true;
  builder.At("demo-4").claim = false;
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr);
}

TEST(Hibernate, TakenBackTheClaimsBringTheirNodesBack) {
  auto builder = WithStorage("1Gi");
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).pod = false;
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<CreateNodes>(step), nullptr);
  EXPECT_EQ(As<CreateNodes>(step)->nodes.size(), 6u);
}

// The masters in zone a, the replicas in b, b and c.
ClusterBuilder Crowded() {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  const char* zones[] = {"a", "b", "a", "b", "a", "c"};
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).zone = zones[i];
  return builder;
}

TEST(Spread, MastersGoWhereThereAreFewest) {
  auto builder = Crowded();
  const auto first = Decide(builder.Build(3));
  const auto* record = As<RecordOperation>(first);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->operation.kind, "Spread");
  EXPECT_EQ(record->operation.target, "demo-1");
  builder.status().operation = record->operation;
  const auto second = Decide(builder.Build(3));
  ASSERT_NE(As<FailOver>(second), nullptr);
  EXPECT_EQ(As<FailOver>(second)->replica.name, "demo-1");
  EXPECT_EQ(api::FindCondition(Summarize(builder.Build(3), {}, ""), "PlacementSatisfied")->status, "False");
}

TEST(Spread, ADifferenceOfOneIsLeftAlone) {
  auto builder = Crowded();
  builder.At("demo-0").zone = "b";  // two in a, one in b: c has none, but its replica's handover gains
  builder.At("demo-5").zone = "a";
  EXPECT_FALSE(Decide(builder.Build(3)).has_value());
}

TEST(Spread, NothingIsDoneWhileSomethingIsAmissOrUnknownOrNotWanted) {
  auto builder = Crowded();
  builder.At("demo-3").link_up = false;
  EXPECT_EQ(As<RecordOperation>(SpreadMasters(builder.Build(3))), nullptr);
  builder = Crowded();
  builder.At("demo-5").zone = "";
  EXPECT_FALSE(SpreadMasters(builder.Build(3)).has_value()) << "unknown is not elsewhere";
  builder = Crowded();
  builder.spec().pod.zones = api::Spread::kOff;
  EXPECT_FALSE(SpreadMasters(builder.Build(3)).has_value());
  builder = Crowded();
  builder.At("demo-1").cordoned = builder.At("demo-3").cordoned = builder.At("demo-5").cordoned = true;
  EXPECT_FALSE(SpreadMasters(builder.Build(3)).has_value()) << "nobody can take over";
}

// Pods made with `before`; the spec says `now`.
ClusterBuilder Resized(const char* before, const char* now) {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  builder.spec().resources.limits["memory"] = before;
  const std::string hash = builder.Hash(), text = resources::ResourcesText(builder.spec().resources);
  for (int i = 0; i < 6; ++i) {
    TestNode& node = builder.At("demo-" + std::to_string(i));
    node.template_hash = hash;
    node.resources = text;
    node.settings = {"run", resources::Settings(builder.spec()), "", {}, ""};
  }
  builder.spec().resources.limits["memory"] = now;
  return builder;
}

TEST(Resize, MoreMemoryIsGivenToPodsAsTheyRunAndNotedWhenTheyHaveIt) {
  auto builder = Resized("512Mi", "1Gi");
  const auto first = Decide(builder.Build(3));
  ASSERT_NE(As<ResizePods>(first), nullptr);
  EXPECT_EQ(As<ResizePods>(first)->ask.size(), 6u);
  const std::string wanted = resources::ResourcesText(builder.spec().resources);
  for (int i = 0; i < 6; ++i) {
    builder.At("demo-" + std::to_string(i)).resize_to = wanted;
    builder.At("demo-" + std::to_string(i)).resized = i == 4;
  }
  const auto second = Decide(builder.Build(3));
  ASSERT_NE(As<ResizePods>(second), nullptr);
  EXPECT_THAT(As<ResizePods>(second)->ask, IsEmpty());
  ASSERT_EQ(As<ResizePods>(second)->confirm.size(), 1u);
  EXPECT_EQ(As<ResizePods>(second)->confirm[0].name, "demo-4");
  builder.At("demo-4").template_hash = builder.Hash();
  const auto third = Decide(builder.Build(3));
  ASSERT_NE(As<TellSettings>(third), nullptr) << "maxmemory follows";
  EXPECT_EQ(As<TellSettings>(third)->nodes.at(0).node.name, "demo-4");
}

TEST(Resize, IsARollWhereItCannotBe) {
  const auto rolls = [](ClusterBuilder& builder) {
    const auto step = Decide(builder.Build(3));
    const auto* record = As<RecordOperation>(step);
    return record != nullptr && record->operation.kind == "Roll";
  };
  auto less = Resized("1Gi", "512Mi");
  EXPECT_TRUE(rolls(less)) << "what a node holds might not fit";
  auto refused = Resized("512Mi", "1Gi");
  refused.RefuseResize("the server could not find the requested resource");
  EXPECT_TRUE(rolls(refused));
  auto unknown = Resized("512Mi", "1Gi");
  for (int i = 0; i < 6; ++i) unknown.At("demo-" + std::to_string(i)).resources.clear();
  EXPECT_TRUE(rolls(unknown)) << "made by an earlier operator";
  auto more = Resized("512Mi", "1Gi");
  more.spec().image = "another";
  EXPECT_TRUE(rolls(more));
  auto infeasible = Resized("512Mi", "1Gi");
  for (int i = 0; i < 6; ++i) infeasible.At("demo-" + std::to_string(i)).resize_problem = "the node has no room";
  EXPECT_TRUE(rolls(infeasible));
  auto by_hand = Resized("512Mi", "1Gi");
  by_hand.spec().update.mode = api::Update::Mode::kOnDelete;
  EXPECT_FALSE(Decide(by_hand.Build(3)).has_value());
}

TEST(Fence, AMasterHandsOverAndANodeStandsInForIt) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").fenced = true;
  const auto first = Decide(builder.Build(3));
  const auto* create = As<CreateNodes>(first);
  ASSERT_NE(create, nullptr) << "it does not count any more";
  ASSERT_EQ(create->nodes.size(), 1u);
  EXPECT_EQ(create->nodes[0].shard, "shard-0");
  const auto second = FailOverLeaving(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(second), nullptr);
  EXPECT_EQ(As<RecordOperation>(second)->operation.target, "demo-1");
}

// demo-1 is fenced, and demo-6 stands in for it.
ClusterBuilder WithAFencedReplica() {
  auto builder = ClusterBuilder::Even(3);
  TestNode standing_in = builder.At("demo-1");
  builder.Add("demo-6", standing_in);
  builder.At("demo-1").fenced = true;
  for (const char* name : {"demo-0", "demo-1", "demo-2", "demo-3", "demo-4", "demo-5", "demo-6"}) {
    builder.At(name).settings = {"run", resources::Settings(builder.spec()), "", {}, ""};
  }
  builder.At("demo-1").settings.told["cluster-replica-no-failover"] = "yes";
  return builder;
}

TEST(Fence, AReplicaIsToldNotToStandAndLeftAlone) {
  auto builder = WithAFencedReplica();
  EXPECT_FALSE(Decide(builder.Build(3)).has_value()) << "neither removed as one too many, nor waited for";
  builder.At("demo-1").settings.told.erase("cluster-replica-no-failover");
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<TellSettings>(step), nullptr);
  EXPECT_EQ(As<TellSettings>(step)->nodes.at(0).changes, (std::vector<std::pair<std::string, std::string>>{{"cluster-replica-no-failover", "yes"}}));
  builder = WithAFencedReplica();
  builder.At("demo-1").template_hash = "an earlier one";
  builder.At("demo-1").link_up = false;
  EXPECT_FALSE(Decide(builder.Build(3)).has_value()) << "nor rolled";
}

TEST(TakeOverAsked, AReplicaThatAPersonNamesTakesOver) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-3").take_over = true;
  const auto first = Decide(builder.Build(3));
  const auto* record = As<RecordOperation>(first);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->operation.target, "demo-3");
  builder.status().operation = record->operation;
  const auto second = Decide(builder.Build(3));
  ASSERT_NE(As<FailOver>(second), nullptr);
  EXPECT_EQ(As<FailOver>(second)->replica.name, "demo-3");
  EXPECT_EQ(As<FailOver>(second)->master_name, "demo-2");
}

TEST(Rebalance, IsDoneOnceWhenAPersonAsks) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").slots = {{0, 5200}};
  builder.At("demo-2").slots = {{5201, 10922}};
  builder.spec().rebalance.mode = api::Rebalance::Mode::kManual;
  EXPECT_FALSE(MoveSlotsByPlan(builder.Build(3)).has_value());
  builder.AskForRebalance();
  EXPECT_NE(As<RecordOperation>(MoveSlotsByPlan(builder.Build(3))), nullptr);
}

TEST(Moves, ASlotThatWentToAThirdShardEndsThePlan) {
  auto builder = ClusterBuilder::Even(3);
  api::Operation operation;
  operation.id = "1";
  operation.kind = "Rebalance";
  operation.to_shards = 3;
  // Slot 16000 is at shard-2, and neither at shard-0 nor at shard-1.
  operation.moves = {{"16000", "shard-0", "shard-1", "Pending"}};
  builder.status().operation = operation;
  const auto step = MoveSlotsByPlan(builder.Build(3));
  const auto* finish = As<FinishOperation>(step);
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(finish->event_reason, "PlanDropped");
  EXPECT_THAT(finish->message, HasSubstr("slot 16000 is at shard-2"));
}

TEST(Rebalance, ManualLeavesAnUnevenClusterAsItIs) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").slots = {{0, 2000}};
  builder.At("demo-2").slots = {{2001, 10922}};
  EXPECT_NE(As<RecordOperation>(MoveSlotsByPlan(builder.Build(3))), nullptr);
  builder.spec().rebalance.mode = api::Rebalance::Mode::kManual;
  EXPECT_FALSE(MoveSlotsByPlan(builder.Build(3)).has_value());
  builder.spec().rebalance.mode = api::Rebalance::Mode::kAuto;
  builder.spec().rebalance.tolerance_percent = 100;
  EXPECT_FALSE(MoveSlotsByPlan(builder.Build(3)).has_value());
}

}  // namespace
}  // namespace windlass::reconcile
