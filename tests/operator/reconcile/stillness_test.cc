// When a pass may end once it has looked: what the nodes say is compared, and what is not
// covered by that is not left to it.
#include "operator/reconcile/stillness.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

std::optional<uint64_t> SaidIn(ClusterBuilder builder) { return WhatNodesSay(builder.Build(3).view.reports()); }

TEST(Stillness, OfTheSameWordsIsTheSame) {
  const auto said = SaidIn(ClusterBuilder::Even(3));
  ASSERT_TRUE(said);
  EXPECT_EQ(said, SaidIn(ClusterBuilder::Even(3)));
}

TEST(Stillness, EndsWithAnyWordThatMatters) {
  const std::pair<const char*, std::function<void(ClusterBuilder&)>> changes[] = {
      {"a slot has gone", [](ClusterBuilder& b) { b.At("demo-0").slots = {{0, 5000}}; }},
      {"others name another owner", [](ClusterBuilder& b) { b.At("demo-0").named_slots = {{0, 4000}}; }},
      {"a replica follows another", [](ClusterBuilder& b) { b.At("demo-1").master = "demo-2"; }},
      {"an epoch", [](ClusterBuilder& b) { b.At("demo-0").epoch = 77; }},
      {"it does not serve", [](ClusterBuilder& b) { b.At("demo-0").serves = false; }},
      {"a link is down", [](ClusterBuilder& b) { b.At("demo-1").link_up = false; }},
      {"a full copy is under way", [](ClusterBuilder& b) { b.At("demo-1").copying = true; }},
      {"a replica has fallen behind", [](ClusterBuilder& b) { b.At("demo-0").offset = 100 + (2 << 20); }},
      {"it was started anew", [](ClusterBuilder& b) { b.At("demo-2").run_id = "another"; }},
      {"a slot is half moved", [](ClusterBuilder& b) { b.At("demo-0").migrating[7] = "demo-2"; }},
      {"it is looked for elsewhere", [](ClusterBuilder& b) { b.At("demo-3").moved = true; }},
      {"its name", [](ClusterBuilder& b) { b.At("demo-3").hostname = false; }},
      {"it is not known", [](ClusterBuilder& b) { b.At("demo-3").known = false; }},
      {"a node more", [](ClusterBuilder& b) { b.Add("demo-9", {}).shard = "shard-0"; }},
  };
  const auto said = SaidIn(ClusterBuilder::Even(3));
  for (const auto& [what, change] : changes) {
    ClusterBuilder builder = ClusterBuilder::Even(3);
    change(builder);
    EXPECT_NE(SaidIn(builder), said) << what;
  }
}

TEST(Stillness, OutlastsWhatMovesByItself) {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  for (const char* name : {"demo-0", "demo-1", "demo-2"}) {
    builder.At(name).offset += 5000;
    builder.At(name).used_memory += 5000;
  }
  EXPECT_EQ(SaidIn(builder), SaidIn(ClusterBuilder::Even(3)));
}

TEST(Stillness, IsNotKnownWhileANodeIsSilent) {
  ClusterBuilder builder = ClusterBuilder::Even(3);
  builder.At("demo-5").answers = false;
  EXPECT_FALSE(SaidIn(builder));
}

class MayStandStillTest : public testing::Test {
 protected:
  bool May(ClusterBuilder& builder, const std::optional<Step>& step = std::nullopt) {
    api::Status status;
    status.phase = phase_;
    status.nodes = 6;
    status.updated_nodes = updated_;
    return MayStandStill(builder.Build(3), step, status);
  }
  ClusterBuilder builder_ = ClusterBuilder::Even(3);
  std::string phase_ = "Ready";
  int updated_ = 6;
};

TEST_F(MayStandStillTest, WhereThereIsNothingToDo) {
  EXPECT_TRUE(May(builder_));
  EXPECT_FALSE(May(builder_, Wait{"for a while"}));
  phase_ = "Recovering";
  EXPECT_FALSE(May(builder_));
}

TEST_F(MayStandStillTest, NotWherePodsAreOutOfDateAndWaitForTheirTime) {
  updated_ = 5;
  EXPECT_FALSE(May(builder_));
}

TEST_F(MayStandStillTest, NotWhereLoadIsMeasured) {
  builder_.spec().autoscaling.emplace();
  EXPECT_FALSE(May(builder_));
}

TEST_F(MayStandStillTest, NotAfterARefusal) {
  builder_.Refuse("exceeded quota");
  EXPECT_FALSE(May(builder_));
}

TEST_F(MayStandStillTest, NotWhereARebalanceIsAskedFor) {
  builder_.AskForRebalance();
  EXPECT_FALSE(May(builder_));
}

}  // namespace
}  // namespace windlass::reconcile
