// When the file of `appendfsync always` is written ahead, and when it ends with its last command.
#include "node/persistence/write_ahead_choice.h"

#include <gtest/gtest.h>

namespace windlass::persistence {
namespace {

constexpr int64_t kSecond = 1'000'000;

// A second of batches; when it ends.
int64_t Batches(WriteAheadChoice* choice, int64_t count, int64_t writes, int64_t now_us) {
  for (int64_t i = 0; i < count; ++i) choice->OnBatch(writes, now_us + i * kSecond / count);
  return now_us + kSecond;
}

TEST(WriteAheadChoice, ManyWhoWriteAtOnceMakeItPay) {
  WriteAheadChoice choice;
  EXPECT_FALSE(choice.Pays(0));
  const int64_t now_us = Batches(&choice, 1000, 40, 0);
  EXPECT_TRUE(choice.Pays(now_us));
}

TEST(WriteAheadChoice, OneWhoWritesFastDoesNot) {
  WriteAheadChoice choice;
  const int64_t now_us = Batches(&choice, 5000, 1, 0);
  EXPECT_FALSE(choice.Pays(now_us));
}

TEST(WriteAheadChoice, AFewLargeTransactionsDoNot) {
  WriteAheadChoice choice;
  const int64_t now_us = Batches(&choice, 10, 50, 0);
  EXPECT_FALSE(choice.Pays(now_us));
}

TEST(WriteAheadChoice, ItEndsWithTheLoad) {
  WriteAheadChoice choice;
  const int64_t now_us = Batches(&choice, 1000, 40, 0);
  EXPECT_FALSE(choice.Pays(now_us + kSecond));
  WriteAheadChoice other;
  int64_t later_us = Batches(&other, 1000, 40, 0);
  later_us = Batches(&other, 5000, 1, later_us);
  EXPECT_FALSE(other.Pays(later_us));
}

}  // namespace
}  // namespace windlass::persistence
