// The autoscaler's decisions, each rule by the load that shows it.
#include "operator/autoscale/autoscaler.h"

#include <gtest/gtest.h>

#include "operator/autoscale/metric.h"
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

TEST_F(AutoscalerTest, EachMetricIsReadFromItsOwnLoad) {
  struct Row {
    api::MetricType type;
    std::optional<double> ShardLoad::*load;
    const char* name;
  };
  const Row rows[] = {{api::MetricType::kMemory, &ShardLoad::memory_percent, "Memory"},
                      {api::MetricType::kCpu, &ShardLoad::cpu_percent, "CPU"},
                      {api::MetricType::kOpsPerSecond, &ShardLoad::ops_per_second, "OpsPerSecond"},
                      {api::MetricType::kNetworkBytes, &ShardLoad::network_bytes_per_second, "NetworkBytes"},
                      {api::MetricType::kEvictionsPerSecond, &ShardLoad::evictions_per_second, "EvictionsPerSecond"}};
  for (const Row& row : rows) {
    input_.spec.metrics = {{row.type, 70, api::ScaleMetric::Statistic::kMax}};
    History history;
    for (int s = 0; s <= 11; ++s) {
      Sample sample{input_.now_ms + s * 1000, {}};
      for (int i = 0; i < 4; ++i) {
        ShardLoad load;
        load.*row.load = i == 2 ? 84 : 10;  // the highest shard counts
        sample.shards.push_back(load);
      }
      history.Add(sample, 60000);
    }
    Input input = input_;
    input.now_ms += 11000;
    EXPECT_EQ(Decide(input, history).desired_shards, 5) << row.name;
    EXPECT_NE(Decide(input, history).message.find(std::string(row.name) + " is 84 of a target of 70"), std::string::npos);
    input.spec.metrics[0].statistic = api::ScaleMetric::Statistic::kMean;  // 28.5
    EXPECT_EQ(Decide(input, history).desired_shards, 4) << row.name;
  }
}

TEST_F(AutoscalerTest, ALoadThatIsNotKnownForbidsScalingIn) {
  input_.spec.metrics = {{api::MetricType::kCpu, 70, api::ScaleMetric::Statistic::kMax}};
  for (int s = 0; s <= 21; ++s) {
    Sample sample{input_.now_ms + s * 1000, {}};
    for (int i = 0; i < 4; ++i) sample.shards.push_back({"shard-" + std::to_string(i), 10, 0, 5});
    if (s == 15) sample.shards[1].cpu_percent.reset();
    history_.Add(sample, 60000);
  }
  input_.now_ms += 21000;
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "ScaleInHeld");
  EXPECT_NE(Decided().message.find("CPU of shard-1"), std::string::npos) << Decided().message;
}

TEST_F(AutoscalerTest, WhatIsKnownIsEnoughToScaleOut) {
  input_.spec.metrics = {{api::MetricType::kCpu, 70, api::ScaleMetric::Statistic::kMax}};
  for (int s = 0; s <= 11; ++s) {
    Sample sample{input_.now_ms + s * 1000, {}};
    for (int i = 0; i < 4; ++i) sample.shards.push_back({"s", 10, 0, 80});
    sample.shards[1].cpu_percent.reset();
    history_.Add(sample, 60000);
  }
  input_.now_ms += 11000;
  EXPECT_EQ(Decided().desired_shards, 5);
}

TEST_F(AutoscalerTest, DoesNotScaleInBelowWhatIsStored) {
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  Load(21, 75, 10);  // on three shards 100 percent
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "ScaleInHeld");
  input_.spec.scale_in.allow_eviction = true;
  EXPECT_EQ(Decided().desired_shards, 4) << "it is for those that evict";
}

TEST_F(AutoscalerTest, ACacheIsMadeSmallerOnlyIfItMayEvict) {
  input_.evicts = true;
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  Load(21, 99, 10);
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_NE(Decided().message.find("allowEviction"), std::string::npos) << Decided().message;
  input_.spec.scale_in.allow_eviction = true;
  EXPECT_EQ(Decided().desired_shards, 3);
}

TEST_F(AutoscalerTest, ACacheIsMadeSmallerIfTheOthersHoldEverything) {
  input_.evicts = true;
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  Load(21, 40, 10);
  EXPECT_EQ(Decided().desired_shards, 3);
}

TEST_F(AutoscalerTest, AHotSlotIsNamedAndNotScaledFor) {
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  for (int s = 0; s <= 11; ++s) {
    Sample sample{input_.now_ms + s * 1000, {}};
    for (int i = 0; i < 4; ++i) sample.shards.push_back({"shard-" + std::to_string(i), 10, 100});
    sample.shards[1].ops_per_second = 2700;
    if (s > 5) sample.shards[1].hot = HotSlot{5061, 0.9, "{cart}:1"};
    history_.Add(sample, 60000);
  }
  input_.now_ms += 11000;
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "HotSlot");
  EXPECT_EQ(Decided().message, "slot 5061, which has the key {cart}:1, makes 90 percent of the work of shard-1: more shards would not take it away; "
                               "spread its keys over more slots");
  EXPECT_EQ(MostLoaded(input_.spec, history_.samples().back()), "shard-1");
}

TEST_F(AutoscalerTest, WhatIsLeftWithoutTheHotSlotIsScaledFor) {
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  for (int s = 0; s <= 11; ++s) {
    Sample sample{input_.now_ms + s * 1000, {}};
    for (int i = 0; i < 4; ++i) sample.shards.push_back({"s", 10, 1200});
    sample.shards[1].ops_per_second = 5000;
    sample.shards[1].hot = HotSlot{5061, 0.9, ""};
    history_.Add(sample, 60000);
  }
  input_.now_ms += 11000;
  EXPECT_EQ(Decided().desired_shards, 5) << "the others are at 1200";
}

TEST_F(AutoscalerTest, AHotSlotForbidsScalingIn) {
  input_.spec.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  for (int s = 0; s <= 21; ++s) {
    Sample sample{input_.now_ms + s * 1000, {}};
    for (int i = 0; i < 4; ++i) sample.shards.push_back({"s", 10, 10});
    sample.shards[1].ops_per_second = 900;
    sample.shards[1].hot = HotSlot{5061, 0.9, ""};
    history_.Add(sample, 60000);
  }
  input_.now_ms += 21000;
  EXPECT_EQ(Decided().desired_shards, 4);
}

// A sample a second, rising evenly.
class TrendOfLoadTest : public AutoscalerTest {
 protected:
  void Rise(int seconds, double from, double per_second) {
    for (int s = 0; s <= seconds; ++s) {
      Sample sample{input_.now_ms + s * 1000, {}};
      for (int i = 0; i < input_.current_shards; ++i) sample.shards.push_back({"s", from + per_second * s, 0});
      history_.Add(sample, 2000 * 1000);
    }
    input_.now_ms += seconds * 1000;
  }
};

TEST_F(TrendOfLoadTest, ALoadThatWillCrossItsTargetScalesOutBefore) {
  Rise(300, 30, 0.1);  // 60 now, 70 in 100 seconds
  EXPECT_EQ(Decided().desired_shards, 6) << "90 by the end of what can be foreseen";
  EXPECT_NE(Decided().message.find("by its trend in 300 seconds"), std::string::npos) << Decided().message;
  input_.spec.scale_out.predict_seconds = 90;
  EXPECT_EQ(Decided().desired_shards, 4) << "not within 90 seconds";
  input_.spec.scale_out.predict_seconds = 110;
  EXPECT_EQ(Decided().desired_shards, 5);
  input_.spec.scale_out.predict_seconds = 0;
  EXPECT_EQ(Decided().desired_shards, 4) << "switched off";
}

TEST_F(TrendOfLoadTest, ATrendIsFollowedNoFurtherThanItHasBeenSeenFor) {
  Rise(60, 54, 0.1);  // 60 now, 70 in 100 seconds
  EXPECT_EQ(Decided().desired_shards, 4);
}

TEST_F(TrendOfLoadTest, NotBeforeTheStabilization) {
  input_.spec.scale_out.stabilization_seconds = 60;
  Rise(50, 40, 0.5);  // 65 now, 70 in ten seconds
  EXPECT_EQ(Decided().desired_shards, 4);
  Rise(12, 65, 0.4);  // in all 62 seconds
  EXPECT_GT(Decided().desired_shards, 4);
}

TEST_F(TrendOfLoadTest, AStepIsNoTrend) {
  for (const int before : {20, 60, 150, 240, 280}) {
    history_.Clear();
    Load(before, 20);
    Load(300 - before, 60);
    EXPECT_EQ(Decided().desired_shards, 4) << "after " << before << " seconds";
  }
}

TEST_F(TrendOfLoadTest, ALoadThatRisesIsNotScaledInFor) {
  Rise(21, 10, 0.9);  // 29 now; 40 with three shards, but the line goes on
  EXPECT_EQ(Decided().desired_shards, 4);
  EXPECT_EQ(Decided().reason, "ScaleInHeld");
}

}  // namespace
}  // namespace windlass::autoscale
