// Masters that are gone when too few are left to vote, and slots that nobody is left
// to serve. What must never happen comes first: to go by silence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/phases.h"
#include "operator/reconcile/slot_text.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::HasSubstr;

template <typename T>
const T* As(const std::optional<Step>& step) {
  return step ? std::get_if<T>(&*step) : nullptr;
}

// The masters of shard-0 and shard-1 do not answer; their replicas do, without their link.
ClusterBuilder TwoOfThreeSilent() {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-0", "demo-2"}) builder.At(name).answers = false;
  for (const char* name : {"demo-1", "demo-3"}) builder.At(name).link_up = false;
  return builder;
}

ClusterBuilder TwoOfThreeGone() {
  ClusterBuilder builder = TwoOfThreeSilent();
  for (const char* name : {"demo-0", "demo-2"}) builder.At(name).pod = false;
  return builder;
}

// Both nodes of shard-0 are gone, and two new ones are there for it.
ClusterBuilder ShardGone() {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-0", "demo-1"}) {
    builder.At(name).pod = false;
    builder.At(name).answers = false;
  }
  TestNode master;
  master.shard = "shard-3";
  builder.Add("demo-6", master);
  TestNode replica = master;
  replica.master = "demo-6";
  builder.Add("demo-7", replica);
  return builder;
}

TEST(TakeOver, SilenceIsNoProof) {
  auto builder = TwoOfThreeSilent();
  EXPECT_FALSE(TakeOverDead(builder.Build(3)).has_value()) << "the pods are there: the masters may be cut off from us only";
}

TEST(TakeOver, AMasterWhoseClaimIsThereComesBack) {
  auto builder = TwoOfThreeGone();
  for (const char* name : {"demo-0", "demo-2"}) builder.At(name).claim = true;
  EXPECT_FALSE(TakeOverDead(builder.Build(3)).has_value());
}

TEST(TakeOver, AMajorityElectsByItself) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").pod = builder.At("demo-0").answers = false;
  builder.At("demo-1").link_up = false;
  EXPECT_FALSE(TakeOverDead(builder.Build(3)).has_value());
}

TEST(TakeOver, AReplicaWhoseLinkIsUpHasItsMaster) {
  auto builder = TwoOfThreeGone();
  for (const char* name : {"demo-1", "demo-3"}) builder.At(name).link_up = true;
  EXPECT_FALSE(TakeOverDead(builder.Build(3)).has_value());
}

TEST(TakeOver, IsIntendedFirstAndThenDone) {
  auto builder = TwoOfThreeGone();
  const auto first = TakeOverDead(builder.Build(3));
  const auto* record = As<RecordOperation>(first);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->operation.kind, "TakeOver");
  EXPECT_EQ(record->operation.target, "demo-1");
  builder.status().operation = record->operation;
  const auto second = TakeOverDead(builder.Build(3));
  const auto* takeover = As<TakeOver>(second);
  ASSERT_NE(takeover, nullptr);
  EXPECT_EQ(takeover->replica.name, "demo-1");
  EXPECT_EQ(takeover->master_name, "demo-0");
  // Nothing of the kind is left to do: the intent ends.
  auto well = ClusterBuilder::Even(3);
  well.status().operation = record->operation;
  const auto after = TakeOverDead(well.Build(3));
  EXPECT_NE(As<FinishOperation>(after), nullptr);
}

TEST(TakeOver, GoesToTheReplicaThatHasMost) {
  auto builder = TwoOfThreeGone();
  TestNode behind = builder.At("demo-1");
  behind.offset = 50;
  builder.At("demo-1") = behind;
  behind.offset = 90;
  builder.Add("demo-8", behind);
  const auto step = TakeOverDead(builder.Build(3));
  const auto* record = As<RecordOperation>(step);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->operation.target, "demo-8");
}

TEST(LostSlots, AreKnownOnlyWhenAllOthersAnswerAndNothingMayComeBack) {
  auto builder = ShardGone();
  const auto lost = builder.Build(3).LostSlots();
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(LostSlotsText(*lost), "0-5460");
  builder.At("demo-3").answers = false;
  EXPECT_FALSE(builder.Build(3).LostSlots().has_value()) << "a node that is silent may hold anything";
  builder.At("demo-3").answers = true;
  builder.At("demo-1").claim = true;
  EXPECT_FALSE(builder.Build(3).LostSlots().has_value()) << "its claim brings the replica back";
  EXPECT_EQ(ClusterBuilder::Even(3).Build(3).LostSlots(), slot::SlotSet());
}

TEST(LostSlots, AreNotThoseThatHaveJustChangedHands) {
  auto builder = ClusterBuilder::Even(3);
  // 5460 has gone from shard-0, whose answer came after that, to shard-1, whose came before.
  builder.At("demo-0").slots = {{0, 5459}};
  builder.At("demo-2").named_slots = {{5460, 10922}};
  EXPECT_EQ(builder.Build(3).LostSlots(), slot::SlotSet());
}

TEST(LostSlots, AreNotLostWhileAReplicaIsAlive) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").pod = builder.At("demo-0").answers = false;
  EXPECT_EQ(builder.Build(3).LostSlots(), slot::SlotSet());
}

TEST(LostShard, IsForgottenThenServedAnewWhereThatIsAccepted) {
  auto builder = ShardGone();
  builder.spec().failover.lost_shard = api::Failover::LostShard::kAccept;
  const auto first = Decide(builder.Build(3));
  const auto* forget = As<Forget>(first);
  ASSERT_NE(forget, nullptr);
  EXPECT_EQ(forget->commands.size(), 6u) << "at everybody who is left";
  builder.Remove("demo-0");
  builder.Remove("demo-1");
  const auto second = Decide(builder.Build(3));
  const auto* assign = As<AssignSlots>(second);
  ASSERT_NE(assign, nullptr);
  ASSERT_EQ(assign->ranges.size(), 1u);
  EXPECT_EQ(assign->ranges[0].first.name, "demo-6");
  EXPECT_EQ(assign->ranges[0].second, (slot::SlotRange{0, 5460}));
  EXPECT_EQ(assign->lost_slots, "0-5460");
}

TEST(LostShard, WaitsForTheShardThatIsToServeIt) {
  auto builder = ShardGone();
  builder.At("demo-6").known = builder.At("demo-7").known = false;
  const auto step = ServeLostSlots(builder.Build(3));
  EXPECT_NE(As<Wait>(step), nullptr);
}

TEST(LostShard, BlocksWithStorageUnlessToldOtherwise) {
  auto builder = ShardGone();
  builder.spec().storage = api::Storage{"1Gi", "", api::Keep::kRetain, api::Keep::kDelete};
  for (const char* name : {"demo-2", "demo-3", "demo-4", "demo-5", "demo-6", "demo-7"}) builder.At(name).claim = true;
  EXPECT_FALSE(ServeLostSlots(builder.Build(3)).has_value());
  builder.spec().failover.lost_shard = api::Failover::LostShard::kAccept;
  const auto step = ServeLostSlots(builder.Build(3));
  EXPECT_NE(As<Forget>(step), nullptr);
}

TEST(LostShard, OfAllShardsIsNotFormedOverWhereItBlocks) {
  ClusterBuilder builder;
  for (int i = 0; i < 3; ++i) {
    TestNode fresh;
    fresh.shard = ShardName(i);
    fresh.known = false;
    builder.Add("demo-" + std::to_string(i), fresh);
  }
  builder.spec().replicas_per_shard = 0;
  builder.spec().failover.lost_shard = api::Failover::LostShard::kBlock;
  EXPECT_FALSE(FormCluster(builder.Build(3)).has_value());
  builder.spec().failover.lost_shard = api::Failover::LostShard::kAccept;
  EXPECT_TRUE(FormCluster(builder.Build(3)).has_value());
}

TEST(Forget, AnIdThatAnotherNodeOfTheSameNameHasTakenThePlaceOf) {
  auto builder = ClusterBuilder::Even(3);
  // demo-1 came back empty, as somebody else; the others still list who it was.
  TestNode before = builder.At("demo-1");
  before.pod = before.answers = false;
  before.named = "demo-1";
  builder.Add("demo-12", before);
  const auto step = ForgetGone(builder.Build(3));
  const auto* forget = As<Forget>(step);
  ASSERT_NE(forget, nullptr);
  EXPECT_EQ(forget->commands.size(), 6u);
}

}  // namespace
}  // namespace windlass::reconcile
