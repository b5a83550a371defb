// Whether the load is said to decide how many shards there are.
#include "operator/reconcile/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using ::testing::HasSubstr;

class ActiveConditionTest : public testing::Test {
 protected:
  ActiveConditionTest() {
    api::Autoscaling& scaling = builder_.spec().autoscaling.emplace();
    scaling.max_shards = 6;
    scaling.metrics = {{api::MetricType::kOpsPerSecond, 1000}};
  }
  void Measure(std::optional<double> ops_of_the_last) {
    autoscale::Sample sample;
    for (const char* shard : {"shard-0", "shard-1", "shard-2"}) {
      sample.shards.emplace_back().shard = shard;
      sample.shards.back().ops_per_second = 10;
    }
    sample.shards.back().ops_per_second = ops_of_the_last;
    sample.at_ms = ++now_ms_;
    history_.Add(std::move(sample), 60'000);
  }
  api::Condition Said() {
    const api::Condition said = ActiveCondition(builder_.Build(3), history_);
    builder_.status().conditions = {said};
    return said;
  }

  ClusterBuilder builder_ = ClusterBuilder::Even(3);
  autoscale::History history_;
  int64_t now_ms_ = 0;
};

TEST_F(ActiveConditionTest, OnlyWhereTheLoadDecides) {
  Measure(10);
  EXPECT_EQ(Said().status, "Unknown") << "of one reading there are no rates";
  Measure(10);
  EXPECT_EQ(Said().status, "True");
  builder_.spec().autoscaling->mode = api::Autoscaling::Mode::kRecommend;
  EXPECT_EQ(Said().reason, "RecommendsOnly");
  builder_.spec().autoscaling.reset();
  EXPECT_EQ(Said().reason, "Off");
}

TEST_F(ActiveConditionTest, ALoadThatIsNotKnownIsNamed) {
  Measure(10);
  Measure(std::nullopt);
  EXPECT_EQ(Said().status, "False");
  EXPECT_THAT(Said().message, HasSubstr("of shard-2 is not known"));
}

TEST_F(ActiveConditionTest, WhileShardsComeOrGoItStaysAsItWas) {
  Measure(10);
  Measure(10);
  ASSERT_EQ(Said().status, "True");
  history_.Clear();
  EXPECT_EQ(Said().status, "True");
  builder_.spec().autoscaling->mode = api::Autoscaling::Mode::kRecommend;
  Said();
  builder_.spec().autoscaling->mode = api::Autoscaling::Mode::kAuto;
  EXPECT_EQ(Said().status, "Unknown") << "what was said of another mode says nothing";
}

}  // namespace
}  // namespace windlass::reconcile
