// What the status and its events say of trouble.
#include "operator/reconcile/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

api::Status StatusOf(ClusterBuilder& builder) { return Summarize(builder.Build(3), StepResult(), ""); }

const api::Condition& ConditionOf(const api::Status& status, const char* type) {
  static const api::Condition none;
  const api::Condition* found = api::FindCondition(status, type);
  EXPECT_NE(found, nullptr) << type;
  return found == nullptr ? none : *found;
}

TEST(Status, AHealthyClusterIsReadyAndHasNothingToTell) {
  auto builder = ClusterBuilder::Even(3);
  const api::Status status = StatusOf(builder);
  EXPECT_EQ(status.phase, "Ready");
  builder.status() = status;
  EXPECT_THAT(Changes(status, StatusOf(builder)), IsEmpty());
}

TEST(Status, RefusedPodsBlockOnlyWhileTheyAreWanted) {
  auto builder = ClusterBuilder::Even(3);
  builder.Refuse("pods \"demo-6\" is forbidden: exceeded quota");
  const auto blocked = [&builder](int shards) { return ConditionOf(Summarize(builder.Build(shards), {}, ""), "ScaleBlocked"); };
  EXPECT_EQ(blocked(3).status, "False");
  EXPECT_EQ(blocked(4).status, "True");
  EXPECT_EQ(blocked(4).reason, "CreationRefused");
  EXPECT_THAT(blocked(4).message, ::testing::HasSubstr("exceeded quota"));
}

TEST(Status, ASilentMasterIsNamedAndWhatIsWaitedForToo) {
  auto builder = ClusterBuilder::Even(3);
  builder.status() = StatusOf(builder);
  builder.At("demo-0").answers = false;
  const api::Status lost = StatusOf(builder);
  EXPECT_EQ(lost.phase, "Degraded");
  EXPECT_THAT(ConditionOf(lost, "Degraded").message,
              AllOf(HasSubstr("shard-0"), HasSubstr("demo-0 does not answer"), HasSubstr("1 replica may be elected"), HasSubstr("5000 ms")));
  const auto changes = Changes(builder.status(), lost);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].warning);
  EXPECT_EQ(changes[0].reason, "Degraded");
  EXPECT_TRUE(WorthWritingNow(builder.status(), lost));
}

TEST(Status, ASuccessorIsAnEventOfItsOwn) {
  auto builder = ClusterBuilder::Even(3);
  const api::Status before = StatusOf(builder);
  std::swap(builder.At("demo-0").slots, builder.At("demo-1").slots);
  builder.At("demo-1").master.clear();
  builder.At("demo-0").master = "demo-1";
  builder.At("demo-1").epoch = 9;
  const api::Status after = StatusOf(builder);
  const auto changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].reason, "MasterChanged");
  EXPECT_EQ(changes[0].message, "shard-0: demo-1 has taken over from demo-0");
  EXPECT_TRUE(WorthWritingNow(before, after));
}

TEST(Status, AMasterThatDoesNotServeIsTroubleOnlyOnceFormed) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").serves = false;
  EXPECT_THAT(ConditionOf(StatusOf(builder), "Degraded").message, HasSubstr("demo-0 answers, but does not serve"));
  builder.status().cluster_id.clear();
  EXPECT_EQ(ConditionOf(StatusOf(builder), "Degraded").status, "False");
}

}  // namespace
}  // namespace windlass::reconcile
