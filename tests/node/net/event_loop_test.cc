// Timers, posted work and the order of a turn.
#include "node/net/event_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>

namespace windlass::net {
namespace {

void RunTurns(EventLoop* loop, int turns, int64_t wait_ms = 5) {
  for (int i = 0; i < turns; ++i) loop->RunOnce(wait_ms);
}

TEST(EventLoopTest, TimersRunInOrderOfTheirTime) {
  EventLoop loop;
  std::string order;
  loop.After(20, [&] { order += 'c'; });
  loop.After(1, [&] { order += 'a'; });
  loop.After(10, [&] { order += 'b'; });
  for (int i = 0; i < 50 && order.size() < 3; ++i) loop.RunOnce(10);
  EXPECT_EQ(order, "abc");
}

TEST(EventLoopTest, ATimerForEverIsNotDue) {
  EventLoop loop;
  bool ran = false;
  loop.After(INT64_MAX / 2, [&] { ran = true; });
  loop.RunOnce(1);
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, APeriodicTimerRunsUntilItCancelsItself) {
  EventLoop loop;
  int runs = 0;
  TimerId id = 0;
  id = loop.Every(1, [&] {
    if (++runs == 3) loop.Cancel(id);
  });
  RunTurns(&loop, 30, 2);
  EXPECT_EQ(runs, 3);
}

TEST(EventLoopTest, ACancelledTimerDoesNotRun) {
  EventLoop loop;
  bool ran = false;
  loop.Cancel(loop.After(1, [&] { ran = true; }));
  RunTurns(&loop, 3);
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, ATimerMadeByATimerWaitsForTheNextTurn) {
  EventLoop loop;
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    loop.After(0, again);
  };
  loop.After(0, again);
  RunTurns(&loop, 5, 1);
  EXPECT_GE(runs, 1);
  EXPECT_LE(runs, 5);
}

TEST(EventLoopTest, PostFromAnotherThreadWakesTheLoop) {
  EventLoop loop;
  bool ran = false;
  std::thread other([&] { loop.Post([&] { ran = true; }); });
  loop.RunOnce(5000);
  other.join();
  if (!ran) loop.RunOnce(5000);
  EXPECT_TRUE(ran);
}

TEST(EventLoopTest, TurnEndHooksRunInOrderAfterEverythingElse) {
  EventLoop loop;
  std::string order;
  loop.AtTurnEnd([&] { order += '1'; });
  loop.AtTurnEnd([&] { order += '2'; });
  loop.Post([&] { order += 'p'; });
  loop.RunOnce(10);
  EXPECT_EQ(order, "p12");
}

TEST(EventLoopTest, AShortTimerDoesNotWaitForAMillisecond) {
  EventLoop loop;
  int runs = 0;
  int64_t shortest_us = INT64_MAX;
  for (int i = 0; i < 20; ++i) {
    loop.UpdateTime();
    const int64_t begin_us = loop.MonotonicUs();
    loop.AfterUs(100, [&runs] { ++runs; });
    while (runs <= i) loop.RunOnce(1000);
    shortest_us = std::min(shortest_us, loop.MonotonicUs() - begin_us);
  }
  EXPECT_GE(shortest_us, 90);
  EXPECT_LT(shortest_us, 1000);
}

TEST(EventLoopTest, WhatCanWaitComesLast) {
  EventLoop loop;
  std::string order;
  loop.AfterFlush([&order] { order += "c"; });
  loop.AtTurnEnd([&order] { order += "b"; });
  loop.Post([&order] { order += "a"; });
  loop.RunOnce(0);
  EXPECT_EQ(order, "abc");
}

TEST(EventLoopTest, StopEndsRun) {
  EventLoop loop;
  loop.After(1, [&] { loop.Stop(); });
  loop.Run();
  SUCCEED();
}

}  // namespace
}  // namespace windlass::net
