// Whole days by a clock of their own: what the autoscaler makes of loads that go up
// and down, with the defaults, and with shards that take two minutes to come or go.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "operator/autoscale/autoscaler.h"

namespace windlass::autoscale {
namespace {

constexpr int kHour = 3600;
constexpr int kDay = 24 * kHour;
constexpr int kStep = 15;
constexpr int kScalingTakes = 120;
constexpr int64_t kMidnight = 1'700'006'400'000;

struct Scaling {
  int at_s;
  int from, to;
};

struct Day {
  std::vector<Scaling> scalings;
  double worst = 0;  // load of a shard, in percent of the target, after the first hour
  int shards = 0;
};

class SimulatedDays : public ::testing::Test {
 protected:
  SimulatedDays() {
    spec_.min_shards = 3;
    spec_.max_shards = 20;
    spec_.metrics = {{api::MetricType::kOpsPerSecond, 1000, api::ScaleMetric::Statistic::kMax}};
  }

  // `load`: of the whole cluster, in shards' targets, by the second of the day.
  Day Run(int shards, int seconds, const std::function<double(int)>& load) {
    Day day;
    Input input;
    input.spec = spec_;
    input.evicts = evicts_;
    input.spec_shards = shards;
    input.current_shards = shards;
    History history;
    int busy_until = 0, target = shards;
    for (int second = 0; second < seconds; second += kStep) {
      input.now_ms = kMidnight + int64_t{second} * 1000;
      if (second >= busy_until) input.current_shards = target;
      const double each = load(second) * 1000 / input.current_shards;
      if (second > kHour) day.worst = std::max(day.worst, each / 10);
      input.busy = second < busy_until ? "scaling" : "";
      if (input.busy.empty()) {
        Sample sample{input.now_ms, {}};
        for (int i = 0; i < input.current_shards; ++i) sample.shards.push_back({"s", memory_percent_, each});
        history.Add(std::move(sample), 1800 * 1000);
      } else {
        history.Clear();
      }
      const int before = input.status ? input.status->desired_shards : shards;
      input.status = Decide(input, history);
      if (input.status->desired_shards == before) continue;
      day.scalings.push_back({second, before, input.status->desired_shards});
      target = input.status->desired_shards;
      busy_until = second + kScalingTakes;
    }
    day.shards = target;
    return day;
  }

  api::Autoscaling spec_;
  bool evicts_ = false;
  double memory_percent_ = 20;
};

std::string Told(const Day& day) {
  std::string text;
  for (const Scaling& one : day.scalings) text += std::to_string(one.at_s / 60) + " min: " + std::to_string(one.from) + " to " + std::to_string(one.to) + "; ";
  return text;
}

TEST_F(SimulatedDays, ASawtoothScalesTwiceAtMost) {
  for (const int period : {10 * 60, 20 * 60, 30 * 60, 45 * 60, kHour, 90 * 60, 2 * kHour, 3 * kHour, 4 * kHour}) {
    const Day day = Run(4, kDay, [period](int second) { return 1 + 3.6 * (second % period) / period; });
    EXPECT_LE(day.scalings.size(), 2u) << period / 60 << " minutes: " << Told(day);
    EXPECT_GE(day.shards, 5) << "its peak needs five";
  }
}

TEST_F(SimulatedDays, ASawtoothThatFallsSlowlyDoesNotFlapEither) {
  for (const int period : {10 * 60, 20 * 60, 30 * 60}) {
    const Day day = Run(4, kDay, [period](int second) { return 4.6 - 3.6 * (second % period) / period; });
    EXPECT_LE(day.scalings.size(), 2u) << period / 60 << " minutes: " << Told(day);
  }
}

TEST_F(SimulatedDays, ACacheThatIsFullAndEvictsStaysAsItIs) {
  evicts_ = true;
  memory_percent_ = 100;
  const Day day = Run(4, kDay, [](int) { return 1.0; });
  EXPECT_EQ(day.scalings.size(), 0u) << Told(day);
}

TEST_F(SimulatedDays, ShortSpikesDoNothing) {
  const Day day = Run(4, kDay, [](int second) { return second % kHour < 45 ? 9.0 : 2.9; });
  EXPECT_EQ(day.scalings.size(), 0u) << Told(day);
}

TEST_F(SimulatedDays, NoiseDoesNothing) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(0.8, 1.2);
  const Day day = Run(5, kDay, [&](int) { return 3.9 * noise(random); });
  EXPECT_EQ(day.scalings.size(), 0u) << Told(day);
}

TEST_F(SimulatedDays, ADaysTideIsFollowedAndTheTargetKept) {
  const Day day = Run(3, 2 * kDay, [](int second) { return 5.5 - 3.5 * std::cos(2 * M_PI * second / kDay); });
  EXPECT_LE(day.worst, 100.0) << "the trend brings shards before they are needed";
  EXPECT_GE(day.scalings.size(), 4u);
  EXPECT_LE(day.scalings.size(), 30u) << Told(day);
  for (size_t i = 1; i < day.scalings.size(); ++i) {
    const bool turned = (day.scalings[i].to > day.scalings[i].from) != (day.scalings[i - 1].to > day.scalings[i - 1].from);
    if (!turned) continue;
    EXPECT_GE(day.scalings[i].at_s - day.scalings[i - 1].at_s, kHour) << Told(day);
  }
}

TEST_F(SimulatedDays, ASteadyRiseIsMetBeforeTheTarget) {
  const auto rise = [](int second) { return 2.0 + 4.0 * second / (4 * kHour); };
  EXPECT_LE(Run(3, 4 * kHour, rise).worst, 100.0);
  spec_.scale_out.predict_seconds = 0;
  EXPECT_GT(Run(3, 4 * kHour, rise).worst, 100.0) << "without it the target is crossed first";
}

}  // namespace
}  // namespace windlass::autoscale
