// When the loop commits a batch of `appendfsync always` itself, and when it leaves it to the helper.
#include "node/persistence/loop_commits.h"

#include <gtest/gtest.h>

namespace windlass::persistence {
namespace {

constexpr int64_t kSecond = 1'000'000;

// Of a disk that takes `us` for each commit; the time afterwards.
int64_t Commits(LoopCommits* commits, int count, int64_t us, int64_t now_us = 0) {
  for (int i = 0; i < count; ++i) {
    now_us += us;
    commits->OnCommitted(us, now_us);
  }
  return now_us;
}

TEST(LoopCommits, ADiskNobodyKnowsIsNotWaitedFor) {
  LoopCommits commits;
  EXPECT_FALSE(commits.Allowed(10, 10, 0));
  const int64_t now_us = Commits(&commits, 10, 100);
  EXPECT_FALSE(commits.Allowed(10, 10, now_us));
}

TEST(LoopCommits, OneThatHasBeenFastIs) {
  LoopCommits commits;
  const int64_t now_us = Commits(&commits, 100, 100);
  EXPECT_TRUE(commits.Allowed(10, 10, now_us));
}

TEST(LoopCommits, OneThatIsSteadilySlowerThanWakesIsNot) {
  LoopCommits commits;
  const int64_t now_us = Commits(&commits, 100, 1000);
  EXPECT_FALSE(commits.Allowed(10, 10, now_us));
}

TEST(LoopCommits, ReadersAreNotMadeToWaitForFewWrites) {
  LoopCommits commits;
  const int64_t now_us = Commits(&commits, 100, 100);
  EXPECT_FALSE(commits.Allowed(10, 21, now_us));
  EXPECT_TRUE(commits.Allowed(10, 20, now_us));
}

TEST(LoopCommits, OneSlowFsyncKeepsTheLoopAwayForASecond) {
  LoopCommits commits;
  int64_t now_us = Commits(&commits, 100, 100);
  now_us = Commits(&commits, 1, 10'000, now_us);
  now_us = Commits(&commits, 1000, 100, now_us);
  EXPECT_FALSE(commits.Allowed(10, 10, now_us));
  EXPECT_TRUE(commits.Allowed(10, 10, now_us + kSecond));
}

TEST(LoopCommits, ADiskThatGoesOnBeingSlowAtTimesIsLeftAloneForLonger) {
  LoopCommits commits;
  int64_t now_us = Commits(&commits, 100, 100);
  int64_t away_us = 0;
  for (int i = 0; i < 12; ++i) {
    now_us = Commits(&commits, 1, 10'000, now_us);
    const int64_t begin_us = now_us;
    while (!commits.Allowed(10, 10, now_us)) now_us = Commits(&commits, 100, 100, now_us);
    EXPECT_GE(now_us - begin_us, away_us);
    away_us = std::min(now_us - begin_us, 60 * kSecond);
  }
  EXPECT_GE(away_us, 60 * kSecond);
  EXPECT_LE(away_us, 65 * kSecond);
  // A long while of peace, and it is trusted as before.
  now_us = Commits(&commits, 2'000'000, 100, now_us);
  now_us = Commits(&commits, 1, 10'000, now_us);
  now_us = Commits(&commits, 1000, 100, now_us);
  EXPECT_TRUE(commits.Allowed(10, 10, now_us + kSecond));
}

}  // namespace
}  // namespace windlass::persistence
