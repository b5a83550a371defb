// The queue's promises, one test each.
#include "operator/workqueue/work_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace windlass::workqueue {
namespace {

using std::chrono::milliseconds;
using Clock = WorkQueue::Clock;

TEST(WorkQueue, AKeyAddedTwiceIsHandedOutOnce) {
  WorkQueue queue;
  queue.Add("a");
  queue.Add("a");
  queue.Add("b");
  EXPECT_EQ(queue.Get(), "a");
  EXPECT_EQ(queue.Get(), "b");
  EXPECT_EQ(queue.ready_count(), 0u);
}

TEST(WorkQueue, NamespacesTakeTurns) {
  WorkQueue queue;
  for (const char* key : {"big/1", "big/2", "big/3", "small/1", "other/1", "other/2"}) queue.Add(key);
  queue.AddAfter("late/1", milliseconds(0), Why::kLook);
  std::vector<std::string> order;
  while (queue.ready_count() > 0) order.push_back(*queue.Get());
  EXPECT_EQ(order, (std::vector<std::string>{"big/1", "small/1", "other/1", "late/1", "big/2", "other/2", "big/3"}));
  // Who has been served stands behind those who have not.
  for (const std::string& key : order) queue.Done(key);
  queue.Add("big/4");
  queue.Add("small/2");
  queue.AddAfter("small/3", milliseconds(0), Why::kLook);
  queue.Add("small/3");  // work now, behind what its namespace has
  EXPECT_EQ(queue.Get(), "big/4");
  EXPECT_EQ(queue.Get(), "small/2");
  EXPECT_EQ(queue.Get(), "small/3");
  EXPECT_EQ(queue.ready_count(), 0u);
}

TEST(WorkQueue, AKeyAddedWhileWorkedOnComesBackOnlyWhenDone) {
  WorkQueue queue;
  queue.Add("a");
  ASSERT_EQ(queue.Get(), "a");
  queue.Add("a");
  EXPECT_EQ(queue.ready_count(), 0u);
  queue.Done("a");
  EXPECT_EQ(queue.ready_count(), 1u);
  EXPECT_EQ(queue.Get(), "a");
  queue.Done("a");
  EXPECT_EQ(queue.ready_count(), 0u);
}

TEST(WorkQueue, TheEarliestDelayWins) {
  WorkQueue queue;
  queue.AddAfter("a", milliseconds(60000));
  queue.AddAfter("a", milliseconds(20));
  queue.AddAfter("a", milliseconds(60000));
  const auto begin = Clock::now();
  EXPECT_EQ(queue.Get(), "a");
  EXPECT_GE(Clock::now() - begin, milliseconds(15));
}

TEST(WorkQueue, AnImmediateAddReplacesADelayedOne) {
  WorkQueue queue;
  queue.AddAfter("a", milliseconds(10));
  queue.Add("a");
  EXPECT_EQ(queue.Get(), "a");
  queue.Done("a");
  queue.AddAfter("end", milliseconds(40));
  EXPECT_EQ(queue.Get(), "end") << "the delayed add of a was still there";
}

TEST(WorkQueue, FailuresWaitLongerEachTimeUntilForgotten) {
  WorkQueue queue({milliseconds(20), milliseconds(1000)});
  const auto take = [&queue] {
    const auto begin = Clock::now();
    queue.AddRateLimited("a");
    EXPECT_EQ(queue.Get(), "a");
    queue.Done("a");
    return Clock::now() - begin;
  };
  EXPECT_LT(take(), milliseconds(75));
  EXPECT_GE(take(), milliseconds(35));
  EXPECT_GE(take(), milliseconds(75));
  queue.Forget("a");
  EXPECT_LT(take(), milliseconds(75));
}

TEST(WorkQueue, WorkGoesBeforeLooksButForOneTurnInFour) {
  WorkQueue queue;
  for (const char* key : {"look-1", "look-2", "look-3"}) queue.AddAfter(key, milliseconds(0), Why::kLook);
  for (const char* key : {"work-1", "work-2", "work-3", "work-4"}) queue.Add(key);
  EXPECT_EQ(queue.ready_count(), 7u);
  std::vector<std::string> order;
  while (queue.ready_count() > 0) order.push_back(*queue.Get());
  EXPECT_EQ(order, (std::vector<std::string>{"work-1", "work-2", "work-3", "look-1", "work-4", "look-2", "look-3"}));
}

TEST(WorkQueue, WhatIsOnlyToBeLookedAtAndThenHasWorkGoesBefore) {
  WorkQueue queue;
  queue.AddAfter("a", milliseconds(0), Why::kLook);
  queue.AddAfter("b", milliseconds(0), Why::kLook);
  queue.Add("b");
  EXPECT_EQ(queue.ready_count(), 2u) << "queued once";
  EXPECT_EQ(queue.Get(), "b");
  queue.AddAfter("b", milliseconds(0), Why::kLook);
  queue.Add("b");
  queue.Done("b");
  EXPECT_EQ(queue.Get(), "b") << "told of while it was worked on";
  EXPECT_EQ(queue.Get(), "a");
}

TEST(WorkQueue, ShutDownWakesAWaitingWorker) {
  WorkQueue queue;
  std::thread worker([&queue] { EXPECT_EQ(queue.Get(), std::nullopt); });
  queue.ShutDown();
  worker.join();
  queue.Add("a");
  EXPECT_EQ(queue.Get(), std::nullopt);
}

}  // namespace
}  // namespace windlass::workqueue
