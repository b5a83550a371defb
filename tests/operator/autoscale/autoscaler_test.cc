// The autoscaler's decisions, each rule by the load that shows it.
#include "operator/autoscale/autoscaler.h"

#include <gtest/gtest.h>

#include "operator/base/time.h"

namespace windlass::autoscale {
namespace {

constexpr int64_t kStart = 1'700'000'000'000;

class AutoscalerTest : public ::testing::Test {
 protected:
  AutoscalerTest() {
    input_.spec.min_shards = 3;
    input_.spec.max_shards = 8;
    input_.spec.metrics = {{api::MetricType::kMemory, 70, api::ScaleMetric::Statistic::kMax}};
    input_.spec.scale_out.stabilization_seconds = 10;
    input_.spec.scale_in.stabilization_seconds = 20;
    input_.spec_shards = 3;
    input_.current_shards = 4;
    input_.status = api::AutoscalingStatus{3, 4, "", "", "", ""};
    input_.now_ms = kStart;
  }

  // A sample a second for so long, each shard at these values.
  void Load(int seconds, double memory, double ops = 0) {
    for (int s = 0; s <= seconds; ++s) {
      Sample sample{input_.now_ms + s * 1000, {}};
      for (int i = 0; i < input_.current_shards; ++i) sample.shards.push_back({"s", memory, ops});
      history_.Add(sample, 60000);
    }
    input_.now_ms += seconds * 1000;
  }
  api::AutoscalingStatus Decided() { return Decide(input_, history_); }

  Input input_;
  History history_;
};

TEST_F(AutoscalerTest, ALoadAboveTargetForTheWholeWindowScalesOut) {
  Load(11, 80);
  EXPECT_EQ(Decided().desired_shards, 5);
  EXPECT_EQ(Decided().reason, "ScaleOut");
  EXPECT_FALSE(Decided().cooldown_until.empty());
}

TEST_F(AutoscalerTest, AWindowNotYetFilledDecidesNothing) {
  Load(5, 80);
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, ADipInTheWindowHoldsScalingOutBack) {
  Load(8, 80);
  Load(1, 60);
  Load(5, 80);
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, ExactlyTheTargetIsEnough) {
  Load(11, 70);
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, StepsAndLimitsBoundScalingOut) {
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  Load(11, 0, 9000);
  EXPECT_EQ(Decided().desired_shards, 6);
  input_.spec.scale_out.max_step = 100;
  EXPECT_EQ(Decided().desired_shards, 8);
}

TEST_F(AutoscalerTest, AtTheMaximumItSaysSo) {
  input_.spec.max_shards = 4;
  Load(11, 85);
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "AtMaximum");
}

TEST_F(AutoscalerTest, TheMetricThatAsksForMostDecides) {
  input_.spec.metrics.push_back({api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMean});
  Load(11, 10, 1300);
  EXPECT_EQ(Decided().desired_shards, 6);
}

TEST_F(AutoscalerTest, ACooldownHoldsBackBothWays) {
  input_.status->cooldown_until = base::Rfc3339(kStart + 600000);
  Load(11, 80);
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "Cooldown");
  history_.Clear();
  Load(30, 10);
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, UrgentMemoryWaitsForNothing) {
  input_.status->cooldown_until = base::Rfc3339(kStart + 600000);
  Load(0, 95);
  EXPECT_GT(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, ScalesInByOneWhenTheRestStaysBelowTheHeadroom) {
  Load(21, 30);  // 4 x 30 = 120 over 3 shards is 40, below 56
  EXPECT_EQ(Decided().desired_shards, 3);
  EXPECT_EQ(Decided().reason, "ScaleIn");
}

TEST_F(AutoscalerTest, DoesNotScaleInWithoutHeadroom) {
  Load(21, 45);  // 180 over 3 shards is 60: under the target, above 56
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, DoesNotScaleInForAPeakInTheWindow) {
  Load(10, 30);
  Load(1, 60);
  Load(12, 30);
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, DoesNotScaleInBelowTheMinimumOrWhenSwitchedOff) {
  input_.spec.min_shards = 4;
  Load(21, 1);
  EXPECT_EQ(Decided().desired_shards, 4);
  input_.spec.min_shards = 3;
  input_.spec.scale_in.enabled = false;
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, NothingIsDecidedWhileBusy) {
  Load(11, 80);
  input_.busy = "moving slots";
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, SamplesOfAnotherShapeSayNothing) {
  Load(11, 80);
  input_.current_shards = 5;
  input_.status->desired_shards = 5;
  EXPECT_EQ(Decided().desired_shards, 5);
}

TEST_F(AutoscalerTest, AChangeOfSpecShardsOverridesOnce) {
  input_.spec_shards = 6;
  EXPECT_EQ(Decided().desired_shards, 6);
  EXPECT_EQ(Decided().reason, "SpecChanged");
  input_.status = Decided();
  input_.spec_shards = 6;
  input_.status->desired_shards = 7;  // decided by load since
  EXPECT_EQ(Decided().desired_shards, 7) << "the same number again does nothing";
}

TEST_F(AutoscalerTest, AStatusThatWasLostStartsFromWhatIsThere) {
  input_.status.reset();
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(AutoscalerTest, RecommendOnlySays) {
  input_.spec.mode = api::Autoscaling::Mode::kRecommend;
  Load(11, 80);
  EXPECT_EQ(Decided().desired_shards, 5);
  api::RedisCluster cluster;
  cluster.spec.shards = 4;
  cluster.spec.autoscaling = input_.spec;
  cluster.status.autoscaling = Decided();
  EXPECT_EQ(TargetShards(cluster), 4);
  cluster.spec.autoscaling->mode = api::Autoscaling::Mode::kAuto;
  EXPECT_EQ(TargetShards(cluster), 5);
}

}  // namespace
}  // namespace windlass::autoscale
