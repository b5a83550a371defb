// The queue whose end waits in a file: first in, first out, whatever is where.
#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "node/base/random.h"
#include "node/persistence/spill_queue.h"

namespace windlass::persistence {
namespace {

TEST(SpillQueueTest, GivesBackInOrderWhatItWasGiven) {
  base::WorkerThread worker;
  base::Random random(7);
  SpillQueue queue(&worker, ::testing::TempDir(), 10000);
  std::deque<std::string> model;
  for (int i = 0; i < 5000; ++i) {
    if (random.Below(100) < (i < 3000 ? 60u : 40u)) {
      std::string bytes(1 + random.Below(3000), static_cast<char>('a' + i % 26));
      model.push_back(bytes);
      queue.Push(std::move(bytes));
    } else if (!model.empty()) {
      std::string bytes;
      ASSERT_TRUE(queue.Pop(&bytes));
      ASSERT_EQ(bytes, model.front());
      model.pop_front();
    }
    if (i % 500 == 0) {
      worker.Drain();
      EXPECT_LE(queue.memory_bytes(), 10000u);
    }
    ASSERT_EQ(queue.empty(), model.empty());
  }
}

TEST(SpillQueueTest, NothingIsLostWhereTheDiskTakesNothing) {
  base::WorkerThread worker;
  SpillQueue queue(&worker, "/nowhere/at/all", 10);
  for (int i = 0; i < 10; ++i) {
    queue.Push("piece " + std::to_string(i));
    if (i == 5) worker.Drain();
  }
  for (int i = 0; i < 10; ++i) {
    std::string bytes;
    ASSERT_TRUE(queue.Pop(&bytes));
    EXPECT_EQ(bytes, "piece " + std::to_string(i));
  }
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace windlass::persistence
