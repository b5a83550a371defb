// A node whose volume no machine reaches is given up only if all it holds is elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/phases.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kLong = 600'000;

template <typename T>
const T* As(const std::optional<Step>& step) {
  return step ? std::get_if<T>(&*step) : nullptr;
}

// Three shards of two on volumes; that of demo-1, a replica, is where no pod can be.
ClusterBuilder OutOfReach(api::OnUnschedulable what = api::OnUnschedulable::kRebuild) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().storage = api::Storage{.size = "1Gi", .class_name = "", .on_unschedulable = what};
  for (int i = 0; i < 6; ++i) {
    builder.At("demo-" + std::to_string(i)).claim = true;
    builder.At("demo-" + std::to_string(i)).volume.bytes = int64_t{1} << 30;
  }
  TestNode& node = builder.At("demo-1");
  node.placed = false;
  node.answers = false;
  node.problem = "Unschedulable: 2 node(s) had volume node affinity conflict";
  node.out_of_reach_for_ms = kLong;
  return builder;
}

TEST(RebuildElsewhere, AReplicaIsGivenUpWithItsClaim) {
  auto builder = OutOfReach();
  const auto step = Decide(builder.Build(3));
  const auto* remove = As<RemoveNodes>(step);
  ASSERT_NE(remove, nullptr);
  ASSERT_EQ(remove->victims.size(), 1u);
  EXPECT_EQ(remove->victims[0].node.name, "demo-1");
  EXPECT_TRUE(remove->victims[0].delete_claim);
  EXPECT_EQ(remove->survivors.size(), 5u);
  EXPECT_THAT(remove->why, HasSubstr("storage.onUnschedulable"));
}

TEST(RebuildElsewhere, ItsClaimStaysIfThatIsWanted) {
  auto builder = OutOfReach();
  builder.spec().storage->on_scale_in = api::Keep::kRetain;
  const auto step = Decide(builder.Build(3));
  ASSERT_NE(As<RemoveNodes>(step), nullptr);
  EXPECT_FALSE(As<RemoveNodes>(step)->victims[0].delete_claim);
}

TEST(RebuildElsewhere, NotUnlessTheSpecSaysSo) {
  auto builder = OutOfReach(api::OnUnschedulable::kWait);
  EXPECT_EQ(As<RemoveNodes>(Decide(builder.Build(3))), nullptr);
}

TEST(RebuildElsewhere, NotBeforeFiveMinutesAndNotForWantOfRoom) {
  auto builder = OutOfReach();
  builder.At("demo-1").out_of_reach_for_ms = 200'000;
  EXPECT_EQ(As<RemoveNodes>(Decide(builder.Build(3))), nullptr);
  builder.At("demo-1").out_of_reach_for_ms = 0;  // Unschedulable: Insufficient cpu
  EXPECT_EQ(As<RemoveNodes>(Decide(builder.Build(3))), nullptr);
}

TEST(RebuildElsewhere, AVolumeThatIsGoneForGoodIsNotWaitedFor) {
  auto builder = OutOfReach();
  builder.At("demo-1").out_of_reach_for_ms = 0;
  builder.At("demo-1").volume.lost = true;
  EXPECT_NE(As<RemoveNodes>(Decide(builder.Build(3))), nullptr);
}

TEST(RebuildElsewhere, NeverTheLastCopy) {
  auto builder = OutOfReach();
  builder.At("demo-0").answers = false;  // its master is silent: it may be gone, or only out of the operator's sight
  const auto step = RebuildElsewhere(builder.Build(3));
  ASSERT_NE(As<Wait>(step), nullptr);
  EXPECT_THAT(As<Wait>(step)->why, HasSubstr("may be the last copy"));
}

TEST(RebuildElsewhere, NotWhileAnotherReplicaIsNotInStep) {
  auto builder = OutOfReach();
  builder.spec().replicas_per_shard = 2;
  TestNode other;
  other.shard = "shard-0";
  other.master = "demo-0";
  other.claim = true;
  other.volume.bytes = int64_t{1} << 30;
  other.link_up = false;
  builder.Add("demo-6", other);
  EXPECT_NE(As<Wait>(RebuildElsewhere(builder.Build(3))), nullptr);
  builder.At("demo-6").link_up = true;
  EXPECT_NE(As<RemoveNodes>(RebuildElsewhere(builder.Build(3))), nullptr);
}

TEST(RebuildElsewhere, NotWhileTheNodesDisagreeOnTheSlots) {
  auto builder = OutOfReach();
  builder.At("demo-2").named_slots = {{5461, 10000}};
  EXPECT_NE(As<Wait>(RebuildElsewhere(builder.Build(3))), nullptr);
}

TEST(RebuildElsewhere, OneThatAnswersIsNotGone) {
  auto builder = OutOfReach();
  builder.At("demo-1").answers = true;
  EXPECT_FALSE(RebuildElsewhere(builder.Build(3)).has_value());
}

}  // namespace
}  // namespace windlass::reconcile
