// Bounds by the time of day, and what the autoscaler makes of them.
#include "operator/autoscale/schedule.h"

#include <gtest/gtest.h>

#include "operator/autoscale/autoscaler.h"
#include "operator/base/time.h"

namespace windlass::autoscale {
namespace {

class ScheduleTest : public ::testing::Test {
 protected:
  ScheduleTest() {
    input_.spec.min_shards = 3;
    input_.spec.max_shards = 8;
    input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
    input_.spec.schedules = {{"office", "0 8 * * MON-FRI", "Europe/Berlin", 36000, 6, 0}};
    input_.spec_shards = 3;
    Shards(4);
  }
  void Shards(int count) {
    input_.current_shards = count;
    input_.status = api::AutoscalingStatus{3, count, "", "", "", ""};
  }
  void Now(const char* utc) { input_.now_ms = *base::ParseRfc3339(utc); }
  void Store(double memory_percent) {
    Sample sample{input_.now_ms, {}};
    for (int i = 0; i < input_.current_shards; ++i) sample.shards.push_back({"shard-" + std::to_string(i), memory_percent, 500});
    history_.Add(sample, 3'600'000);
  }
  api::AutoscalingStatus Decided() { return Decide(input_, history_); }

  Input input_;
  History history_;
};

TEST_F(ScheduleTest, HoldsFromItsTimeForItsDuration) {
  const auto least = [this](const char* utc) { return BoundsAt(input_.spec, *base::ParseRfc3339(utc)).least; };
  EXPECT_EQ(least("2026-05-11T05:59:59Z"), 3) << "a Monday, a second before";
  EXPECT_EQ(least("2026-05-11T06:00:00Z"), 6);
  EXPECT_EQ(least("2026-05-11T15:59:59Z"), 6);
  EXPECT_EQ(least("2026-05-11T16:00:00Z"), 3);
  EXPECT_EQ(least("2026-05-10T08:00:00Z"), 3) << "a Sunday";
  EXPECT_EQ(least("2026-01-12T06:30:00Z"), 3) << "in winter it begins an hour later";
  EXPECT_EQ(least("2026-01-12T07:00:00Z"), 6);
}

TEST_F(ScheduleTest, LongOnesHoldOverDays) {
  input_.spec.schedules = {{"weekend", "0 18 * * FRI", "UTC", 220000, 5, 0}};
  EXPECT_EQ(BoundsAt(input_.spec, *base::ParseRfc3339("2026-05-11T06:00:00Z")).least, 5) << "Monday morning";
  EXPECT_EQ(BoundsAt(input_.spec, *base::ParseRfc3339("2026-05-11T08:00:00Z")).least, 3);
}

TEST_F(ScheduleTest, TheClusterGrowsWhenItBegins) {
  Now("2026-05-11T06:00:01Z");
  EXPECT_EQ(Decided().desired_shards, 6);
  EXPECT_EQ(Decided().reason, "ScaleOut");
  EXPECT_EQ(Decided().message, "minShards is 6 by schedule office: 4 to 6 shards");
  api::RedisCluster cluster;
  cluster.spec.autoscaling = input_.spec;
  cluster.status.autoscaling = Decided();
  EXPECT_EQ(TargetShards(cluster), 6);
}

TEST_F(ScheduleTest, ItMayGoBeyondTheOrdinaryMaximum) {
  input_.spec.schedules[0].min_shards = 10;
  Now("2026-05-11T06:00:01Z");
  EXPECT_EQ(Decided().desired_shards, 10);
  api::RedisCluster cluster;
  cluster.spec.autoscaling = input_.spec;
  cluster.status.autoscaling = Decided();
  EXPECT_EQ(TargetShards(cluster), 10);
}

TEST_F(ScheduleTest, AfterwardsTheLoadDecidesAgain) {
  Shards(6);
  input_.spec.scale_in.stabilization_seconds = 20;
  for (int second = 0; second <= 21; ++second) {
    Now("2026-05-11T16:00:00Z");
    input_.now_ms += second * 1000;
    if (second < 20) {
      EXPECT_EQ(Decided().desired_shards, 6) << "not at once";
    }
    Store(10);
  }
  EXPECT_EQ(Decided().desired_shards, 5);
}

TEST_F(ScheduleTest, WhileItHoldsTheLoadDoesNotScaleInBelowIt) {
  Shards(6);
  input_.spec.scale_in.stabilization_seconds = 20;
  for (int second = 0; second <= 21; ++second) {
    Now("2026-05-11T10:00:00Z");
    input_.now_ms += second * 1000;
    Store(10);
  }
  EXPECT_EQ(Decided().desired_shards, 6);
}

TEST_F(ScheduleTest, AMaximumShrinksAsFarAsWhatIsStoredFits) {
  input_.spec.schedules = {{"night", "0 22 * * *", "UTC", 28800, 0, 4}};
  Shards(7);
  Now("2026-05-11T23:00:00Z");
  EXPECT_EQ(Decided().desired_shards, 7) << "what is stored is not known yet";
  EXPECT_EQ(Decided().reason, "ScaleInHeld");
  Store(30);  // on four shards 53
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_NE(Decided().message.find("maxShards is 4 by schedule night"), std::string::npos);
  Store(60);  // on six 70, on five 84
  EXPECT_EQ(Decided().desired_shards, 6);
  Store(78);
  EXPECT_EQ(Decided().desired_shards, 7);
}

TEST_F(ScheduleTest, OfSeveralTheStricterCountsAndTheLeastGoesFirst) {
  input_.spec.schedules = {{"a", "0 0 * * *", "UTC", 86400, 4, 6}, {"b", "0 0 * * *", "UTC", 86400, 5, 7}, {"c", "0 0 * * *", "UTC", 86400, 0, 4}};
  const Bounds bounds = BoundsAt(input_.spec, *base::ParseRfc3339("2026-05-11T12:00:00Z"));
  EXPECT_EQ(bounds.least, 5);
  EXPECT_EQ(bounds.least_by, "b");
  EXPECT_EQ(bounds.most, 5);
}

TEST_F(ScheduleTest, AMaximumBelowTheOrdinaryMinimumLowersThat) {
  input_.spec.min_shards = 5;
  input_.spec.schedules = {{"night", "0 22 * * *", "UTC", 28800, 0, 3}};
  const Bounds bounds = BoundsAt(input_.spec, *base::ParseRfc3339("2026-05-11T23:00:00Z"));
  EXPECT_EQ(bounds.least, 3);
  EXPECT_EQ(bounds.most, 3);
}

}  // namespace
}  // namespace windlass::autoscale
