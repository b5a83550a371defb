// What is said of plans and slots.
#include "operator/plugin/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/plugin/example.h"

namespace windlass::plugin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Plan, SaysWhatMovesAndWhatFailed) {
  Json cluster = Cluster();
  EXPECT_EQ(PlanText(cluster), "nothing is under way\n");
  cluster["status"]["operation"] = {{"id", "7"}, {"kind", "ScaleOut"}, {"fromShards", 2}, {"toShards", 3}, {"progressPercent", 50},
                                    {"step", "moving slots"}, {"lastError", "no answer"}, {"attempts", 1},
                                    {"moves", {{{"slots", "0-99"}, {"from", "shard-0"}, {"to", "shard-2"}, {"state", "Pending"}}}}};
  const std::string text = PlanText(cluster);
  EXPECT_THAT(text, HasSubstr("[############............] 50 %  moving slots"));
  EXPECT_THAT(text, HasSubstr("no answer"));
  EXPECT_THAT(text, HasSubstr("shard-0 -> shard-2  0-99"));
}

TEST(Slots, TellsWhatNobodyServes) {
  Json cluster = Cluster();
  EXPECT_THAT(SlotsText(cluster), HasSubstr("8192 slots, 50 %, at demo-0"));
  EXPECT_THAT(SlotsText(cluster), Not(HasSubstr("no master")));
  cluster["status"]["shardStatuses"][1]["slots"] = 0;
  EXPECT_THAT(SlotsText(cluster), HasSubstr("8192 slots have no master that answers"));
}

}  // namespace
}  // namespace windlass::plugin
