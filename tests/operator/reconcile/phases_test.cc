// Decisions, each by the cluster that calls for it. What must never happen comes
// first: a node that may hold data is not removed, wiped or forgotten.
#include "operator/reconcile/phases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "operator/reconcile/slot_text.h"
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

TestNode EmptyMaster(const std::string& shard) {
  TestNode node;
  node.shard = shard;
  return node;
}

TestNode ReplicaOf(const std::string& master, const std::string& shard) {
  TestNode node;
  node.shard = shard;
  node.master = master;
  return node;
}

std::vector<std::string> VictimNames(const RemoveNodes& step) {
  std::vector<std::string> names;
  for (const auto& victim : step.victims) names.push_back(victim.node.name);
  return names;
}

api::Operation Plan(const std::string& kind, int to_shards, std::vector<api::Move> moves) {
  api::Operation operation;
  operation.id = "1";
  operation.kind = kind;
  operation.to_shards = to_shards;
  operation.moves = std::move(moves);
  return operation;
}

// Four shards, the last drained: every slot at the first three.
ClusterBuilder Drained() {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  builder.Add("demo-6", EmptyMaster("shard-3"));
  builder.Add("demo-7", ReplicaOf("demo-6", "shard-3"));
  return builder;
}

TEST(Decide, AHealthyClusterIsLeftAlone) {
  auto builder = ClusterBuilder::Even(3);
  const World world = builder.Build(3);
  EXPECT_FALSE(Decide(world).has_value());
  EXPECT_EQ(world.shards.size(), 3u);
  EXPECT_EQ(world.shards[1].synced_replicas, 1);
  EXPECT_TRUE(world.SlotsSettled());
}

// Removal.

TEST(Remove, ADrainedShardGoesWhole) {
  auto builder = Drained();
  const auto step = Decide(builder.Build(3));
  const auto* remove = As<RemoveNodes>(step);
  ASSERT_NE(remove, nullptr);
  EXPECT_THAT(VictimNames(*remove), UnorderedElementsAre("demo-6", "demo-7"));
  EXPECT_EQ(remove->survivors.size(), 6u);
}

TEST(Remove, NothingGoesWhileItIsNotProvenFree) {
  const auto damage = std::vector<std::function<void(ClusterBuilder&)>>{
      [](ClusterBuilder& b) { b.At("demo-6").keys = 5; },                // holds keys
      [](ClusterBuilder& b) { b.At("demo-0").answers = false; },         // an owner is silent
      [](ClusterBuilder& b) { b.At("demo-2").slots = {{5461, 10000}}; }, // slots without an owner
      [](ClusterBuilder& b) { b.At("demo-6").importing[7] = "demo-0"; }, // a slot on its way to it
      [](ClusterBuilder& b) { b.status().operation = Plan("ScaleIn", 3, {{"0-5", "shard-3", "shard-0", ""}}); }};
  for (size_t i = 0; i < damage.size(); ++i) {
    auto builder = Drained();
    damage[i](builder);
    EXPECT_EQ(As<RemoveNodes>(Decide(builder.Build(3))), nullptr) << "case " << i;
  }
}

TEST(Remove, AShardWhoseMasterIsSilentIsNotTakenForAnEmptyOne) {
  auto builder = ClusterBuilder::Even(4);
  builder.At("demo-6").answers = false;
  const World world = builder.Build(3);
  EXPECT_TRUE(world.FindShard("shard-3")->owner_missing);
  const auto step = Decide(world);
  EXPECT_EQ(As<RemoveNodes>(step), nullptr);
}

TEST(Remove, ASurplusReplicaGoesAndNeverTheMaster) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().replicas_per_shard = 0;
  const auto step = Decide(builder.Build(3));
  const auto* remove = As<RemoveNodes>(step);
  ASSERT_NE(remove, nullptr);
  EXPECT_THAT(VictimNames(*remove), ElementsAre("demo-1"));
}

TEST(Remove, OfTwoReplicasTheOneNotInStepGoes) {
  auto builder = ClusterBuilder::Even(3);
  builder.Add("demo-6", ReplicaOf("demo-0", "shard-0"));
  builder.At("demo-1").link_up = false;
  const auto step = Decide(builder.Build(3));
  const auto* remove = As<RemoveNodes>(step);
  ASSERT_NE(remove, nullptr);
  EXPECT_THAT(VictimNames(*remove), ElementsAre("demo-1"));
}

TEST(Remove, NodesAlreadyLeavingAreNotRemovedOrMetAgain) {
  auto builder = Drained();
  for (const char* name : {"demo-6", "demo-7"}) {
    builder.At(name).terminating = true;
    builder.At(name).known = false;
  }
  EXPECT_FALSE(Decide(builder.Build(3)).has_value());
}

// Growth.

TEST(Grow, MoreShardsBeginWithTheirPods) {
  auto builder = ClusterBuilder::Even(3);
  const auto step = Decide(builder.Build(5));
  const auto* create = As<CreateNodes>(step);
  ASSERT_NE(create, nullptr);
  ASSERT_EQ(create->nodes.size(), 4u);
  EXPECT_EQ(create->nodes[0].name, "demo-6");
  EXPECT_EQ(create->nodes[0].shard, "shard-3");
  EXPECT_EQ(create->nodes[3].shard, "shard-4");
}

TEST(Grow, RefusedPodsAreWaitedForAndHoldNothingElseUp) {
  auto builder = ClusterBuilder::Even(3);
  builder.Refuse("exceeded quota");
  EXPECT_TRUE(NodesMissing(builder.Build(5)));
  EXPECT_FALSE(NodesMissing(builder.Build(3)));
  const auto step = Decide(builder.Build(5));
  ASSERT_NE(As<Wait>(step), nullptr);
  EXPECT_THAT(As<Wait>(step)->why, HasSubstr("exceeded quota"));
  builder.At("demo-2").terminating = true;
  EXPECT_NE(As<RecordOperation>(Decide(builder.Build(5))), nullptr) << "a failover does not wait for a quota";
}

TEST(Grow, NumbersInUseOnTheBusOrByKeptClaimsAreNotTakenAgain) {
  auto builder = ClusterBuilder::Even(3);
  TestNode gone = EmptyMaster("");
  gone.pod = false;
  gone.answers = false;
  builder.Add("demo-11", gone);
  TestNode kept = gone;
  kept.known = false;
  kept.claim = true;
  builder.Add("demo-14", kept);
  const auto step = Decide(builder.Build(4));
  const auto* create = As<CreateNodes>(step);
  ASSERT_NE(create, nullptr);
  EXPECT_EQ(create->nodes[0].name, "demo-15");
}

TEST(Grow, NewNodesAreMetThenAttachedThenGivenSlots) {
  auto builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-6", "demo-7"}) builder.Add(name, EmptyMaster("shard-3")).known = false;
  EXPECT_NE(As<Meet>(Decide(builder.Build(4))), nullptr);

  for (const char* name : {"demo-6", "demo-7"}) builder.At(name).known = true;
  const auto attach = Decide(builder.Build(4));
  ASSERT_NE(As<Replicate>(attach), nullptr);
  EXPECT_EQ(As<Replicate>(attach)->pairs.size(), 1u);

  builder.At("demo-7") = ReplicaOf("demo-6", "shard-3");
  builder.At("demo-7").link_up = false;
  EXPECT_NE(As<Wait>(Decide(builder.Build(4))), nullptr) << "no slots before the replica is in step";

  builder.At("demo-7").link_up = true;
  const auto plan = Decide(builder.Build(4));
  ASSERT_NE(As<RecordOperation>(plan), nullptr);
  EXPECT_EQ(As<RecordOperation>(plan)->operation.kind, "ScaleOut");
  for (const api::Move& move : As<RecordOperation>(plan)->operation.moves) EXPECT_EQ(move.to, "shard-3");
}

TEST(Grow, ANodeWithDataOfItsOwnIsNotLetIn) {
  auto builder = ClusterBuilder::Even(3);
  TestNode stranger = EmptyMaster("shard-0");
  stranger.known = false;
  stranger.keys = 9;
  builder.Add("demo-6", stranger);
  EXPECT_EQ(As<Meet>(JoinNodes(builder.Build(3))), nullptr);
}

TEST(Repair, ANodeAtAnotherAddressIsIntroducedByAllWhoLookForItInVain) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").moved = true;
  const auto step = JoinNodes(builder.Build(3));
  const auto* meet = As<Meet>(step);
  ASSERT_NE(meet, nullptr);
  EXPECT_EQ(meet->pairs.size(), 5u);
  for (const auto& [who, whom] : meet->pairs) {
    EXPECT_EQ(whom.name, "demo-0");
    EXPECT_EQ(whom.address.host, "10.0.0.1") << "where it is, not where it was";
  }
  builder.At("demo-0").being_met = true;
  EXPECT_EQ(As<Meet>(JoinNodes(builder.Build(3))), nullptr) << "one introduction at a time";
}

TEST(Repair, NodesThatSuspectEachOtherAtAddressesTheyHaveLeftAreIntroduced) {
  auto builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-1", "demo-3"}) builder.At(name).moved = builder.At(name).suspected = true;
  const auto step = JoinNodes(builder.Build(3));
  const auto* meet = As<Meet>(step);
  ASSERT_NE(meet, nullptr) << "a link that is being made to where nobody is counts for nothing";
  EXPECT_EQ(meet->pairs.size(), 10u);
}

// Moves.

TEST(Move, APlanIsActedOnOnlyOnceItIsInTheStatus) {
  auto builder = ClusterBuilder::Even(4);
  const auto first = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(first), nullptr);
  EXPECT_EQ(As<RecordOperation>(first)->operation.kind, "ScaleIn");
  builder.status().operation = As<RecordOperation>(first)->operation;
  const auto second = Decide(builder.Build(3));
  ASSERT_NE(As<MoveSlots>(second), nullptr);
  EXPECT_EQ(As<MoveSlots>(second)->slots_left, 4096);
  EXPECT_EQ(As<MoveSlots>(second)->pairs.size(), 1u) << "one source: pairs must not share a node";
}

TEST(Move, WhatHasArrivedIsNotMovedAgainButLooseMarksAreCleared) {
  auto builder = ClusterBuilder::Even(3);
  builder.status().operation = Plan("Rebalance", 3, {{"5461-5470", "shard-0", "shard-1", "Pending"}});
  EXPECT_NE(As<FinishOperation>(Decide(builder.Build(3))), nullptr);
  builder.At("demo-2").importing[5465] = "demo-0";
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<MoveSlots>(step), nullptr);
  EXPECT_THAT(As<MoveSlots>(step)->pairs[0].slots, ElementsAre(5465));
}

TEST(Move, APlanForAnotherNumberOfShardsIsDropped) {
  auto builder = ClusterBuilder::Even(3);
  builder.status().operation = Plan("ScaleOut", 5, {{"0-9", "shard-0", "shard-1", "Pending"}});
  EXPECT_NE(As<FinishOperation>(Decide(builder.Build(3))), nullptr);
}

TEST(Move, HalfMovedSlotsWithoutAPlanAreFinishedFirst) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").migrating[3] = "demo-2";
  builder.At("demo-2").importing[3] = "demo-0";
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  const api::Operation& operation = As<RecordOperation>(step)->operation;
  EXPECT_EQ(operation.kind, "Repair");
  ASSERT_EQ(operation.moves.size(), 1u);
  EXPECT_EQ(operation.moves[0], (api::Move{"3", "shard-0", "shard-1", "Pending"}));
}

TEST(Move, MarksOfSlotsThatHaveArrivedAreCleared) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").migrating[6000] = "demo-2";  // demo-2 owns it
  builder.At("demo-2").importing[6001] = "demo-0";
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<ClearMarks>(step), nullptr);
  EXPECT_EQ(As<ClearMarks>(step)->marks.size(), 2u);
}

TEST(Move, NoSlotGoesToAMasterThatDoesNotServeYet) {
  auto builder = Drained();
  builder.At("demo-6").serves = false;
  EXPECT_NE(As<Wait>(Decide(builder.Build(4))), nullptr);
  builder.status().operation = Plan("ScaleOut", 4, {{"0-9", "shard-0", "shard-3", "Pending"}});
  EXPECT_EQ(As<MoveSlots>(Decide(builder.Build(4))), nullptr);
}

TEST(Move, AMarkAtTheTargetAloneIsEnoughAfterTheSourceFailedOver) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-2").importing[3] = "demo-9";  // from a node that is no more
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  EXPECT_EQ(As<RecordOperation>(step)->operation.moves[0].from, "shard-0");
}

TEST(Move, NothingIsMovedFromAShardWhoseMasterIsInDoubt) {
  auto builder = ClusterBuilder::Even(3);
  builder.status().operation = Plan("Rebalance", 3, {{"0-9", "shard-0", "shard-1", "Pending"}});
  // Its replica was promoted; the old master is back and does not know it yet.
  builder.At("demo-1") = builder.At("demo-0");
  builder.At("demo-1").epoch = 9;
  const World world = builder.Build(3);
  EXPECT_TRUE(world.FindShard("shard-0")->contested);
  EXPECT_EQ(As<MoveSlots>(Decide(world)), nullptr);
}

TEST(Move, AnUnevenClusterIsEvenedOutAndAnAlmostEvenOneIsNot) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").slots = {{0, 5360}};
  builder.At("demo-2").slots = {{5361, 10922}};
  EXPECT_FALSE(Decide(builder.Build(3)).has_value()) << "100 slots moved by hand stay moved";
  builder.At("demo-0").slots = {{0, 3000}};
  builder.At("demo-2").slots = {{3001, 10922}};
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  EXPECT_EQ(As<RecordOperation>(step)->operation.kind, "Rebalance");
}

// Repair.

TEST(Repair, AGonePodWithoutAVolumeIsReplacedUnderANewName) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-3").pod = false;
  builder.At("demo-3").answers = false;
  const auto step = Decide(builder.Build(3));
  const auto* create = As<CreateNodes>(step);
  ASSERT_NE(create, nullptr);
  ASSERT_EQ(create->nodes.size(), 1u);
  EXPECT_EQ(create->nodes[0].name, "demo-6");
  EXPECT_EQ(create->nodes[0].shard, "shard-1");
}

TEST(Repair, AGonePodWithAClaimComesBackUnderItsName) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-3").pod = false;
  builder.At("demo-3").answers = false;
  builder.At("demo-3").claim = true;
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<CreateNodes>(step), nullptr);
  EXPECT_EQ(As<CreateNodes>(step)->nodes[0].name, "demo-3");
  EXPECT_EQ(As<CreateNodes>(step)->nodes.size(), 1u);
}

TEST(Repair, AGoneNodeWithoutSlotsIsForgottenByAll) {
  auto builder = ClusterBuilder::Even(3);
  TestNode gone = ReplicaOf("demo-0", "shard-0");
  gone.pod = gone.answers = false;
  builder.Add("demo-9", gone);
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<Forget>(step), nullptr);
  EXPECT_EQ(As<Forget>(step)->commands.size(), 6u);
}

TEST(Repair, AGoneMasterWithSlotsIsNotForgotten) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").pod = builder.At("demo-0").answers = false;
  EXPECT_FALSE(ForgetGone(builder.Build(3)).has_value());
  EXPECT_TRUE(builder.Build(3).FindShard("shard-0")->owner_missing);
}

TEST(Repair, ANamelessGhostIsNotForgottenWhileAPodIsUnknown) {
  auto builder = ClusterBuilder::Even(3);
  TestNode gone = ReplicaOf("demo-0", "shard-0");
  gone.pod = gone.answers = gone.hostname = false;
  builder.Add("demo-9", gone);
  EXPECT_TRUE(ForgetGone(builder.Build(3)).has_value());
  TestNode unknown = EmptyMaster("shard-0");
  unknown.known = false;
  unknown.answers = false;
  builder.Add("demo-10", unknown);
  World world = builder.Build(3);
  for (Member& member : world.members) {
    if (member.name == "demo-10") member.id.clear();
  }
  EXPECT_FALSE(ForgetGone(world).has_value());
}

TEST(Repair, AMasterWithSlotsIsNeverMadeAReplica) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-2").shard = "shard-0";  // a wrong label
  builder.At("demo-3").shard = "shard-0";
  EXPECT_EQ(As<Replicate>(Decide(builder.Build(3))), nullptr);
  EXPECT_EQ(builder.Build(3).shards.size(), 3u) << "two owners of different slots are two shards";
}

TEST(FailOver, ALeavingMasterHandsOverOnceTheIntentIsWritten) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-2").terminating = true;
  builder.At("demo-2").claim = true;
  const auto first = FailOverLeaving(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(first), nullptr);
  EXPECT_EQ(As<RecordOperation>(first)->operation.target, "demo-3");
  builder.status().operation = As<RecordOperation>(first)->operation;
  const auto second = FailOverLeaving(builder.Build(3));
  ASSERT_NE(As<FailOver>(second), nullptr);
  builder.At("demo-3").link_up = false;
  EXPECT_EQ(As<FailOver>(FailOverLeaving(builder.Build(3))), nullptr) << "never to a replica that lags";
}

TEST(FailOver, AMasterOnACordonedNodeHandsOverToAReplicaThatMayStay) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().replicas_per_shard = 2;
  builder.Add("demo-6", ReplicaOf("demo-2", "shard-1"));
  builder.At("demo-2").cordoned = true;
  builder.At("demo-3").cordoned = true;
  const auto step = FailOverLeaving(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  EXPECT_EQ(As<RecordOperation>(step)->operation.target, "demo-6");
  builder.At("demo-6").cordoned = true;
  EXPECT_FALSE(FailOverLeaving(builder.Build(3)).has_value()) << "no place is better than another";
  builder.At("demo-6").cordoned = false;
  builder.spec().disruption_budget = api::Budget::kNone;
  EXPECT_FALSE(FailOverLeaving(builder.Build(3)).has_value()) << "not asked to care";
}

// Forming.

ClusterBuilder Fresh() {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  for (int i = 0; i < 6; ++i) {
    TestNode node = EmptyMaster(ShardName(i / 2));
    node.known = false;
    builder.Add("demo-" + std::to_string(i), node);
  }
  builder.status().cluster_id.clear();
  return builder;
}

TEST(Form, GoesFromIntentToEpochsToAcquaintanceToSlots) {
  auto builder = Fresh();
  const auto intent = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(intent), nullptr);
  EXPECT_EQ(As<RecordOperation>(intent)->operation.kind, "Form");
  builder.status().operation = As<RecordOperation>(intent)->operation;
  ASSERT_NE(As<SetEpochs>(Decide(builder.Build(3))), nullptr);
  EXPECT_EQ(As<SetEpochs>(Decide(builder.Build(3)))->epochs.size(), 3u);
  for (int i = 0; i < 6; i += 2) builder.At("demo-" + std::to_string(i)).epoch = static_cast<uint64_t>(i) + 1;
  EXPECT_NE(As<Meet>(Decide(builder.Build(3))), nullptr);
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).known = true;
  const auto assign = Decide(builder.Build(3));
  ASSERT_NE(As<AssignSlots>(assign), nullptr);
  EXPECT_EQ(As<AssignSlots>(assign)->ranges.size(), 3u);
}

TEST(Form, GoesOnWhereItWasCutShort) {
  auto builder = Fresh();
  builder.status().operation = Plan("Form", 3, {});
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).known = true;
  builder.At("demo-0").slots = {{0, 5460}};
  builder.At("demo-0").epoch = 1;
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<AssignSlots>(step), nullptr);
  EXPECT_EQ(As<AssignSlots>(step)->ranges.size(), 2u);
}

TEST(Form, NeverOverDataOrSilence) {
  const auto damage = std::vector<std::function<void(ClusterBuilder&)>>{
      [](ClusterBuilder& b) { b.At("demo-3").keys = 1; },
      [](ClusterBuilder& b) { b.At("demo-3").answers = false; },
      [](ClusterBuilder& b) { b.At("demo-0").slots = {{9000, 9001}}; },
      [](ClusterBuilder& b) {
        TestNode claim = EmptyMaster("shard-0");
        claim.pod = claim.answers = claim.known = false;
        claim.claim = true;
        b.Add("demo-8", claim);
      }};
  for (size_t i = 0; i < damage.size(); ++i) {
    auto builder = Fresh();
    damage[i](builder);
    const auto step = FormCluster(builder.Build(3));
    EXPECT_NE(As<Wait>(step), nullptr) << "case " << i;
  }
}

TEST(Form, AFormedClusterThatLostSlotsIsNotFormedAgain) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-2").slots.clear();
  EXPECT_FALSE(FormCluster(builder.Build(3)).has_value());
}

TEST(SlotText, IsCutIntoPiecesThatComeBackWhole) {
  slot::SlotSet odd;
  for (int s = 1; s < slot::kSlotCount; s += 2) odd.Add(static_cast<slot::SlotId>(s));
  const auto texts = SlotTexts(odd);
  EXPECT_GT(texts.size(), 1u);
  slot::SlotSet back;
  for (const std::string& text : texts) {
    EXPECT_LE(text.size(), 4096u);
    back |= ParseSlots(text);
  }
  EXPECT_EQ(back, odd);
  EXPECT_EQ(ParseSlots("1,x,99999,7-9").size(), 4);
}

}  // namespace
}  // namespace windlass::reconcile
