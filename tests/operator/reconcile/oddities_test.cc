// A node that hangs or lies: nothing is done on its word, and a person is told.
#include "operator/reconcile/oddities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/phases.h"
#include "operator/reconcile/status.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Texts(const World& world) {
  std::vector<std::string> texts;
  for (const Oddity& oddity : Oddities(world)) texts.push_back(oddity.text);
  return texts;
}

template <typename T>
bool Wants(const std::optional<Step>& step) {
  return step && std::holds_alternative<T>(*step);
}

// demo-1, a replica of shard-0, answers as somebody whom nobody knows; who it was lives on.
ClusterBuilder Impostor() {
  auto builder = ClusterBuilder::Even(3);
  TestNode before = builder.At("demo-1");
  before.pod = before.answers = false;
  before.named = "demo-1";
  before.linked = true;
  builder.Add("demo-12", before);
  builder.At("demo-1").known = false;
  return builder;
}

TEST(Oddities, AClusterThatIsWellHasNone) { EXPECT_THAT(Texts(ClusterBuilder::Even(3).Build(3)), IsEmpty()); }

TEST(Oddities, ASilentReplicaIsNamedWithTheReason) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-1").answers = false;
  EXPECT_THAT(Texts(builder.Build(3)), ElementsAre(AllOf(HasSubstr("demo-1 does not answer"), HasSubstr("no answer"))));
  builder.At("demo-1").problem = "CrashLoopBackOff";
  EXPECT_THAT(Texts(builder.Build(3)), IsEmpty()) << "Kubernetes says why";
}

TEST(Oddities, AReplicaThatCallsItselfAMasterIsNotBelieved) {
  auto builder = ClusterBuilder::Even(3);
  TestNode& liar = builder.At("demo-1");
  liar.master.clear();
  liar.named_master = "demo-0";
  liar.slots = {{0, 16383}};
  liar.named_slots = {};
  liar.epoch = 99;
  const World world = builder.Build(3);
  EXPECT_TRUE(world.FindMember("demo-1")->doubted);
  EXPECT_THAT(Texts(world), ElementsAre(AllOf(HasSubstr("demo-1 says of itself that it is a master of 16384 slots"), HasSubstr("demo-0 and 2 more masters say"),
                                             HasSubstr("a replica of demo-0"))));
  EXPECT_FALSE(AttachReplicas(world).has_value()) << "nobody is made to follow it";
}

TEST(Oddities, AReplicaThatNamesAnotherMasterStaysInItsShard) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-1").master = "demo-2";
  builder.At("demo-1").named_master = "demo-0";
  const World world = builder.Build(3);
  EXPECT_EQ(world.FindMember("demo-1")->shard, "shard-0");
  EXPECT_FALSE(Decide(world).has_value() && !Wants<Wait>(Decide(world))) << "no pod is made or taken away for it";
}

TEST(Oddities, WhoHasForgottenANodesMasterDoesNotContradictIt) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-1").named_master = "-";
  const World world = builder.Build(3);
  EXPECT_FALSE(world.FindMember("demo-1")->doubted) << "an operator that was killed between two FORGETs goes on with the second";
  EXPECT_THAT(Texts(world), IsEmpty());
}

TEST(Oddities, AMasterThatForgetsItsSlotsIsContradicted) {
  auto builder = ClusterBuilder::Even(3);
  TestNode& liar = builder.At("demo-2");
  liar.named_slots = liar.slots;
  liar.slots.clear();
  EXPECT_THAT(Texts(builder.Build(3)), ElementsAre(AllOf(HasSubstr("demo-2 says of itself that it is a master of 0 slots"), HasSubstr("a master of 5462 slots"))));
  builder.status().operation = api::Operation{};
  builder.status().operation->moves = {{"0-5", "shard-0", "shard-1", "Pending"}};
  EXPECT_THAT(Texts(builder.Build(3)), IsEmpty()) << "while slots move, nodes learn of it one after the other";
}

TEST(Oddities, WhoAnswersInTheNameOfALivingNodeDoesNotHaveThatForgotten) {
  auto builder = Impostor();
  EXPECT_FALSE(ForgetGone(builder.Build(3)).has_value());
  EXPECT_FALSE(JoinNodes(builder.Build(3)).has_value()) << "an introduction would cut the living link";
  EXPECT_THAT(Texts(builder.Build(3)), ElementsAre(HasSubstr("demo-1 answers as node demo-100, but the others have a living link to node demo-120")));
  builder.At("demo-12").linked = false;
  EXPECT_TRUE(Wants<Forget>(ForgetGone(builder.Build(3)))) << "once it is gone it is forgotten";
}

TEST(Oddities, SlotsOfALivingNodeAreNotLost) {
  auto builder = Impostor();
  builder.spec().failover.lost_shard = api::Failover::LostShard::kAccept;
  builder.Remove("demo-0");
  builder.At("demo-12").master.clear();
  builder.At("demo-12").slots = {{0, 5460}};
  EXPECT_FALSE(builder.Build(3).LostSlots().has_value());
  EXPECT_FALSE(Wants<Forget>(ServeLostSlots(builder.Build(3))));
  builder.At("demo-12").linked = false;
  ASSERT_TRUE(builder.Build(3).LostSlots().has_value());
  EXPECT_EQ(builder.Build(3).LostSlots()->size(), 5461);
}

TEST(Oddities, WhatOnlyAStrangerKnowsIsNoneOfOurs) {
  auto builder = ClusterBuilder::Even(3);
  const World before = builder.Build(3);
  EXPECT_THAT(before.ghosts, IsEmpty());
  EXPECT_THAT(Impostor().Build(3).ghosts, SizeIs(1));
}

TEST(Patience, TellsWhatHasLastedAsItWasFirstSeen) {
  Patience patience;
  const Oddity first{"a", "first"};
  EXPECT_THAT(patience.Lasting({first}, 1000), IsEmpty());
  EXPECT_TRUE(patience.any());
  EXPECT_THAT(patience.Lasting({{"a", "second"}, {"b", "new"}}, 4000), ElementsAre(first));
  EXPECT_THAT(patience.Lasting({}, 5000), IsEmpty());
  EXPECT_FALSE(patience.any());
  EXPECT_THAT(patience.Lasting({{"a", "again"}}, 9000), IsEmpty());
}

TEST(Status, SaysWhatIsOddOnceItHasLasted) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  for (const char* text : {"one", "two", "three", "four", "five"}) world.oddities.push_back({text, text});
  world.oddities.push_back({"six", "six does not answer", true});
  const api::Status status = Summarize(world, StepResult(), "");
  EXPECT_EQ(api::FindCondition(status, "Degraded")->message, "one; two; three; and 2 nodes more");
  EXPECT_EQ(api::FindCondition(status, "Available")->status, "True");
  EXPECT_EQ(api::FindCondition(status, "Ready")->status, "False");
}

}  // namespace
}  // namespace windlass::reconcile
