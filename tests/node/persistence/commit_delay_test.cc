// When a batch of `appendfsync always` waits for more writes, and when it does not.
#include "node/persistence/commit_delay.h"

#include <gtest/gtest.h>

namespace windlass::persistence {
namespace {

TEST(CommitDelay, TheFirstBatchGoesAtOnce) {
  const CommitDelay delay;
  EXPECT_EQ(delay.LeftUs(1, 1000), 0);
}

TEST(CommitDelay, ThoseWhoWereAnsweredAreWaitedForUntilAllAreBack) {
  CommitDelay delay;
  delay.OnBegun(30);
  delay.OnSynced(/*released=*/30, /*gathered=*/20, /*fsync_us=*/400, /*now_us=*/1000);
  EXPECT_EQ(delay.LeftUs(20, 1000), 400);
  EXPECT_EQ(delay.LeftUs(49, 1100), 300);
  EXPECT_EQ(delay.LeftUs(50, 1100), 0);
}

TEST(CommitDelay, NotLongerThanAnFsyncTakesNorThanAMillisecond) {
  CommitDelay delay;
  delay.OnSynced(30, 20, 400, 1000);
  EXPECT_EQ(delay.LeftUs(21, 1400), 0);
  CommitDelay slow;
  slow.OnSynced(30, 20, 20'000, 1000);
  EXPECT_EQ(slow.LeftUs(20, 1000), 1000);
}

// Clients that write at a pace of their own lose nothing by it.
TEST(CommitDelay, AfterFourWaitsInVainBatchesGoAtOnceForAWhile) {
  CommitDelay delay;
  int64_t now_us = 1000;
  const auto turn = [&] {
    delay.OnSynced(10, 5, 400, now_us);
    const int64_t left = delay.LeftUs(6, now_us);
    delay.OnBegun(6);
    now_us += 1000;
    return left;
  };
  for (int i = 0; i < 4; ++i) EXPECT_GT(turn(), 0) << i;
  for (int i = 0; i < 64; ++i) EXPECT_EQ(turn(), 0) << i;
  EXPECT_GT(turn(), 0);  // it is tried again
}

TEST(CommitDelay, OneGoodWaitForgetsThoseInVain) {
  CommitDelay delay;
  for (int i = 0; i < 20; ++i) {
    delay.OnSynced(10, 5, 400, 1000);
    EXPECT_GT(delay.LeftUs(5, 1000), 0) << i;
    delay.OnBegun(i % 3 == 2 ? 15 : 6);
  }
}

}  // namespace
}  // namespace windlass::persistence
