// Which shards a roll is at, when it halts, and when it goes on.
#include "operator/reconcile/roll_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/phases.h"
#include "operator/reconcile/status.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename T>
const T* As(const std::optional<Step>& step) {
  return step ? std::get_if<T>(&*step) : nullptr;
}

void Rolling(ClusterBuilder* builder) {
  api::Operation roll;
  roll.id = "1";
  roll.kind = "Roll";
  roll.mark = RollMark(builder->Build(builder->spec().shards));
  builder->status().operation = roll;
}

// `shards` of two, all of the earlier kind, and a roll under way.
ClusterBuilder Old(int shards) {
  auto builder = ClusterBuilder::Even(shards);
  for (int i = 0; i < 2 * shards; ++i) {
    builder.At("demo-" + std::to_string(i)).template_hash = "old";
    builder.At("demo-" + std::to_string(i)).claim = true;
  }
  Rolling(&builder);
  return builder;
}

void Renew(ClusterBuilder* builder, int shard) {
  for (int i = 2 * shard; i < 2 * shard + 2; ++i) builder->At("demo-" + std::to_string(i)).template_hash.clear();
}

std::vector<std::string> Now(ClusterBuilder& builder) {
  const World world = builder.Build(builder.spec().shards);
  std::vector<std::string> names;
  for (const Shard* shard : ShardsRolledNow(world)) names.push_back(shard->name);
  return names;
}

std::vector<std::string> Deleted(const std::optional<Step>& step) {
  std::vector<std::string> names;
  if (const auto* pods = As<DeletePods>(step)) {
    for (const auto& [name, uid] : pods->pods) names.push_back(name);
  }
  return names;
}

TEST(RollPlan, TheFirstShardsAreRolledOneAfterTheOtherAndThenSeveralAtOnce) {
  auto builder = Old(5);
  builder.spec().update.canary_shards = 2;
  builder.spec().update.parallel_shards = 3;
  EXPECT_THAT(Now(builder), ElementsAre("shard-0"));
  Renew(&builder, 0);
  EXPECT_THAT(Now(builder), ElementsAre("shard-1"));
  Renew(&builder, 1);
  EXPECT_THAT(Now(builder), ElementsAre("shard-2", "shard-3", "shard-4"));
}

TEST(RollPlan, WithoutACanaryAllBeginAtOnce) {
  auto builder = Old(4);
  builder.spec().update.canary_shards = 0;
  builder.spec().update.parallel_shards = 10;
  EXPECT_THAT(Now(builder), ElementsAre("shard-0", "shard-1", "shard-2", "shard-3"));
}

TEST(RollPlan, AShardWhoseLastPodIsNotInStepYetStillCounts) {
  auto builder = Old(5);
  builder.spec().update.parallel_shards = 2;
  Renew(&builder, 0);
  Renew(&builder, 1);
  builder.At("demo-3").link_up = false;
  EXPECT_THAT(Now(builder), ElementsAre("shard-2"));
}

TEST(RollPlan, TheCanaryIsNotDoneUntilItIsInStep) {
  auto builder = Old(4);
  builder.spec().update.parallel_shards = 3;
  Renew(&builder, 0);
  builder.At("demo-1").link_up = false;
  EXPECT_THAT(Now(builder), IsEmpty());
}

TEST(RollPlan, NoneIsBegunWhileAnotherShardIsNotWellButABegunOneIsBroughtToItsEnd) {
  auto builder = Old(4);
  builder.At("demo-7").link_up = false;
  EXPECT_THAT(Now(builder), IsEmpty());
  builder.At("demo-1").template_hash.clear();
  EXPECT_THAT(Now(builder), ElementsAre("shard-0"));
}

TEST(RollPlan, SeveralShardsAreWorkedOnInTurn) {
  auto builder = Old(3);
  builder.spec().update.canary_shards = 0;
  builder.spec().update.parallel_shards = 2;
  Rolling(&builder);
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-1"));
  builder.At("demo-1").terminating = true;
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-3"));
  builder.At("demo-3").terminating = true;
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr) << "two are enough";
}

TEST(RollPlan, AlwaysAShardGetsANodeMoreBeforeAnyOfItsPodsGoes) {
  auto builder = Old(3);
  builder.spec().update.surge = api::Surge::kAlways;
  Rolling(&builder);
  const auto create = Decide(builder.Build(3));
  ASSERT_NE(As<CreateNodes>(create), nullptr);
  ASSERT_EQ(As<CreateNodes>(create)->nodes.size(), 1u) << "only the shard that is being rolled";
  EXPECT_EQ(As<CreateNodes>(create)->nodes[0].shard, "shard-0");
  TestNode more;
  more.shard = "shard-0";
  more.master = "demo-0";
  more.claim = true;
  more.link_up = false;
  builder.Add("demo-6", more);
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr) << "it is not in step yet";
  builder.At("demo-6").link_up = true;
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-1"));
  // All are of the new kind: it is one too many.
  Renew(&builder, 0);
  const auto remove = Decide(builder.Build(3));
  ASSERT_NE(As<RemoveNodes>(remove), nullptr);
  EXPECT_EQ(As<RemoveNodes>(remove)->victims[0].node.name, "demo-6");
}

TEST(RollPlan, AlwaysButRefusedNothingGoes) {
  auto builder = Old(3);
  builder.spec().update.surge = api::Surge::kAlways;
  Rolling(&builder);
  builder.Refuse("exceeded quota");
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr);
}

ClusterBuilder Alone(bool claims) {
  ClusterBuilder builder;
  builder.spec().replicas_per_shard = 0;
  builder.spec().shards = 1;
  if (claims) builder.spec().storage = api::Storage{.size = "1Gi", .class_name = ""};
  TestNode node;
  node.shard = "shard-0";
  node.slots = {{0, 16383}};
  node.claim = claims;
  node.volume.bytes = int64_t{1} << 30;
  node.template_hash = "old";
  builder.Add("demo-0", node);
  Rolling(&builder);
  return builder;
}

TEST(RollPlan, NeverAShardWithoutReplicasStopsAndTheConditionSaysSo) {
  auto builder = Alone(true);
  builder.spec().update.surge = api::Surge::kNever;
  Rolling(&builder);
  EXPECT_THAT(Deleted(Decide(builder.Build(1))), ElementsAre("demo-0"));
  const api::Status status = Summarize(builder.Build(1), StepResult(), "");
  const api::Condition* held = api::FindCondition(status, "UpdateHeld");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->reason, "ShardsStop");
  EXPECT_THAT(held->message, HasSubstr("does not serve while its only pod starts anew"));
}

TEST(RollPlan, NeverTheOnlyCopyGoesWithoutAClaim) {
  auto builder = Alone(false);
  builder.spec().update.surge = api::Surge::kNever;
  Rolling(&builder);
  EXPECT_NE(As<Wait>(Decide(builder.Build(1))), nullptr);
}

TEST(RollPlan, ThoughNeverADrainedMasterGetsANodeBesideIt) {
  auto builder = Alone(true);
  builder.spec().update.surge = api::Surge::kNever;
  builder.At("demo-0").template_hash.clear();
  builder.At("demo-0").cordoned = true;
  builder.status().operation.reset();
  EXPECT_NE(As<CreateNodes>(Decide(builder.Build(1))), nullptr);
}

// As a pass writes it that goes on with the operation.
api::Status StatusWith(ClusterBuilder& builder) {
  StepResult result;
  result.operation = builder.status().operation;
  return Summarize(builder.Build(3), result, "");
}

// A new pod that fails.

ClusterBuilder Failing(const std::string& problem) {
  auto builder = Old(3);
  TestNode& broken = builder.At("demo-1");
  broken.template_hash.clear();
  broken.answers = false;
  broken.problem = problem;
  return builder;
}

// Does what the pass decides, as far as it is a note in the status.
void Note(ClusterBuilder* builder) {
  const auto step = Decide(builder->Build(3));
  ASSERT_NE(As<RecordOperation>(step), nullptr);
  builder->status().operation = As<RecordOperation>(step)->operation;
}

TEST(RollHalt, AConditionAndAnEventSayWhyAndWhatToDo) {
  auto builder = Failing("CrashLoopBackOff: back-off 10s");
  const api::Status before = StatusWith(builder);
  Note(&builder);
  const api::Status after = StatusWith(builder);
  const api::Condition* held = api::FindCondition(after, "UpdateHeld");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->status, "True");
  EXPECT_EQ(held->reason, "Halted");
  EXPECT_THAT(held->message, HasSubstr("demo-1: CrashLoopBackOff"));
  EXPECT_THAT(held->message, HasSubstr("correct the spec or set it back"));
  EXPECT_TRUE(WorthWritingNow(before, after));
  const auto changes = Changes(before, after);
  ASSERT_FALSE(changes.empty());
  EXPECT_TRUE(std::any_of(changes.begin(), changes.end(), [](const Happening& c) { return c.reason == "RollHalted" && c.warning; }));
}

TEST(RollHalt, AChangeOfTheSpecHasItGoOn) {
  auto builder = Failing("CrashLoopBackOff: back-off 10s");
  Note(&builder);
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr);
  builder.spec().image = "another";  // the pod that fails is of an earlier kind now
  builder.At("demo-1").template_hash = "broken";
  EXPECT_THAT(Deleted(Decide(builder.Build(3))), ElementsAre("demo-1"));
  builder.At("demo-1").terminating = true;
  Note(&builder);
  EXPECT_EQ(builder.status().operation->halted, "");
}

TEST(RollHalt, APodThatCrashedIsNotTrustedTheMomentItRuns) {
  auto builder = Failing("CrashLoopBackOff: back-off 10s");
  Note(&builder);
  TestNode& back = builder.At("demo-1");
  back.answers = true;
  back.problem = "";
  back.restarts = 3;
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr);
  back.age_ms = 3'600'000;
  Note(&builder);
  EXPECT_EQ(builder.status().operation->halted, "");
}

TEST(RollHalt, AnImageThatCouldNotBeFetchedForAWhileIsForgotten) {
  auto builder = Failing("ImagePullBackOff: registry is down");
  Note(&builder);
  builder.At("demo-1").answers = true;
  builder.At("demo-1").problem = "";
  Note(&builder);
  EXPECT_EQ(builder.status().operation->halted, "");
}

TEST(RollHalt, ANewPodThatIsNotInStepForLongHaltsItUnlessACopyIsOnItsWay) {
  auto builder = Old(3);
  TestNode& late = builder.At("demo-1");
  late.template_hash.clear();
  late.link_up = false;
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr) << "it has just been made";
  late.age_ms = 3'600'000;
  late.copying = true;
  EXPECT_NE(As<Wait>(Decide(builder.Build(3))), nullptr) << "it is large";
  late.copying = false;
  Note(&builder);
  EXPECT_THAT(builder.status().operation->halted, HasSubstr("demo-1 is not in step 10 minutes after"));
}

TEST(RollHalt, AChangeOfHowItIsRolledIsOneToo) {
  auto builder = Old(3);
  const std::string mark = RollMark(builder.Build(3));
  builder.spec().update.parallel_shards = 2;
  EXPECT_NE(RollMark(builder.Build(3)), mark);
  builder.spec().update.parallel_shards = 1;
  builder.spec().shards = 4;
  EXPECT_EQ(RollMark(builder.Build(3)), mark) << "scaling is none";
}

// The builder's now is a Tuesday, 22:13:20 UTC.
api::UpdateWindow Window(const char* cron) { return {.cron = cron, .time_zone = "UTC", .duration_seconds = 3600}; }

TEST(RollWindow, NothingIsBegunWhileItIsClosedAndTheConditionSaysWhenItOpens) {
  auto builder = Old(3);
  builder.status().operation.reset();
  builder.spec().update.window = Window("0 3 * * *");
  EXPECT_FALSE(Decide(builder.Build(3)).has_value());
  const auto hold = HoldOf(builder.Build(3), std::nullopt);
  ASSERT_TRUE(hold.has_value());
  EXPECT_EQ(hold->reason, "WindowClosed");
  EXPECT_THAT(hold->message, HasSubstr("6 pods"));
  EXPECT_THAT(hold->message, HasSubstr("opens next at 2023-11-15T03:00:00Z"));
  builder.spec().update.window = Window("0 22 * * *");
  EXPECT_NE(As<RecordOperation>(Decide(builder.Build(3))), nullptr) << "it is open";
  EXPECT_FALSE(HoldOf(builder.Build(3), std::nullopt).has_value());
}

TEST(RollWindow, AShardThatWasBegunIsBroughtToItsEndAndThenTheRollIsPaused) {
  auto builder = Old(3);
  builder.spec().update.window = Window("0 3 * * *");
  Rolling(&builder);
  builder.At("demo-1").template_hash.clear();
  const auto intent = Decide(builder.Build(3));
  ASSERT_NE(As<RecordOperation>(intent), nullptr);
  EXPECT_EQ(As<RecordOperation>(intent)->operation.target, "demo-1") << "its master hands over";
  builder.At("demo-0").template_hash.clear();
  const auto pause = Decide(builder.Build(3));
  ASSERT_NE(As<FinishOperation>(pause), nullptr);
  EXPECT_EQ(As<FinishOperation>(pause)->event_reason, "RollPaused");
}

TEST(RollHold, OnDeleteNamesThePods) {
  auto builder = Old(3);
  builder.spec().update.mode = api::Update::Mode::kOnDelete;
  builder.status().operation.reset();
  const auto hold = HoldOf(builder.Build(3), std::nullopt);
  ASSERT_TRUE(hold.has_value());
  EXPECT_EQ(hold->reason, "OnDelete");
  EXPECT_THAT(hold->message, HasSubstr("demo-0, demo-1, demo-2"));
}

}  // namespace
}  // namespace windlass::reconcile
