// HyperLogLogs against an array of registers, and against strings a server of Redis made.
#include "node/types/hyperloglog.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "node/types/hyperloglog_runs.h"

namespace windlass::types {
namespace {

HllRegisters RegistersOf(const std::string& bytes) {
  HllRegisters registers = {};
  EXPECT_TRUE(HllMergeInto(bytes, &registers));
  return registers;
}

// No two runs that could be one, apart from what a change of five runs at a time leaves.
int CountRuns(const std::string& bytes) {
  int runs = 0;
  for (size_t at = kHllHeaderBytes; at < bytes.size(); at += static_cast<size_t>(HllRunAt(bytes, at).bytes)) ++runs;
  return runs;
}

TEST(HyperLogLogTest, AnEmptyOneIsARunOfZeros) {
  const std::string bytes = EmptyHyperLogLog();
  EXPECT_TRUE(IsHyperLogLog(bytes));
  EXPECT_EQ(bytes, std::string("HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18));
  EXPECT_EQ(HllRunsAsText(bytes), "Z:16384");
  EXPECT_EQ(HllCount(bytes), 0u);
  EXPECT_EQ(HllCachedCount(bytes), 0u);
}

TEST(HyperLogLogTest, HashesAsRedisDoes) {
  // PFADD k a, PFADD k hello and PFADD k 0123456789, each alone, shown by PFDEBUG DECODE.
  for (const auto& [element, runs] : {std::pair{"a", "Z:12711 v:2,1 Z:3672"}, {"hello", "Z:9216 v:1,1 Z:7167"},
                                      {"0123456789", "Z:1021 v:2,1 Z:15362"}, {"", "Z:5938 v:2,1 Z:10445"}}) {
    std::string bytes = EmptyHyperLogLog();
    EXPECT_EQ(HllRaise(&bytes, HllHash(element), 3000), HllChange::kRaised);
    EXPECT_EQ(HllRunsAsText(bytes), runs) << element;
  }
}

TEST(HyperLogLogTest, SparseAndDenseHoldTheSameRegisters) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::mt19937_64 random(seed);
    std::string sparse = EmptyHyperLogLog();
    std::string dense = sparse;
    ASSERT_TRUE(HllToDense(&dense));
    HllRegisters model = {};
    for (int i = 0; i < 3000; ++i) {
      // Near each other, so that runs split and join.
      const HllHit hit{static_cast<int>(random() % (seed < 3 ? 300 : kHllRegisters)), static_cast<uint8_t>(1 + random() % 32)};
      uint8_t& held = model[static_cast<size_t>(hit.index)];
      const HllChange expected = held < hit.rank ? HllChange::kRaised : HllChange::kNone;
      held = std::max(held, hit.rank);
      ASSERT_EQ(HllRaise(&sparse, hit, 1 << 20), expected);
      ASSERT_EQ(HllRaise(&dense, hit, 0), expected);
      ASSERT_EQ(HllRegisterAt(sparse, hit.index), held);
      ASSERT_EQ(HllRegisterAt(dense, hit.index), held);
    }
    EXPECT_EQ(HllEncodingOf(sparse), HllEncoding::kSparse);
    EXPECT_EQ(RegistersOf(sparse), model);
    EXPECT_EQ(RegistersOf(dense), model);
    EXPECT_EQ(HllCount(sparse), HllCount(dense));
    EXPECT_EQ(HllCount(dense), HllCount(model));
    ASSERT_TRUE(HllToDense(&sparse));
    EXPECT_EQ(sparse, dense);
  }
}

TEST(HyperLogLogTest, NeighboursOfOneValueBecomeOneRun) {
  std::string bytes = EmptyHyperLogLog();
  for (const int index : {10, 12, 11, 13}) HllRaise(&bytes, {index, 5}, 3000);
  EXPECT_EQ(HllRunsAsText(bytes), "z:10 v:5,4 Z:16370");
  EXPECT_EQ(CountRuns(bytes), 3);
  HllRaise(&bytes, {14, 5}, 3000);
  EXPECT_EQ(HllRunsAsText(bytes), "z:10 v:5,4 v:5,1 Z:16369") << "four is the most";
  HllRaise(&bytes, {12, 9}, 3000);
  EXPECT_EQ(HllRunsAsText(bytes), "z:10 v:5,2 v:9,1 v:5,2 Z:16369");
}

TEST(HyperLogLogTest, BecomesDenseWhenItIsTooLongOrARankTooHigh) {
  std::string bytes = EmptyHyperLogLog();
  int raised = 0;
  while (HllEncodingOf(bytes) == HllEncoding::kSparse) {
    ASSERT_LE(bytes.size(), 100u);
    HllRaise(&bytes, {raised * 200, 3}, 100);
    ++raised;
  }
  EXPECT_EQ(bytes.size(), kHllDenseBytes);
  EXPECT_EQ(HllRegisterAt(bytes, (raised - 1) * 200), 3);
  std::string high = EmptyHyperLogLog();
  EXPECT_EQ(HllRaise(&high, {0, 33}, 3000), HllChange::kRaised);
  EXPECT_EQ(HllEncodingOf(high), HllEncoding::kDense);
  EXPECT_EQ(HllRegisterAt(high, 0), 33);
}

TEST(HyperLogLogTest, EstimatesWithinTheStandardError) {
  std::string bytes = EmptyHyperLogLog();
  int next = 10;
  for (int i = 1; i <= 300000; ++i) {
    HllRaise(&bytes, HllHash("element " + std::to_string(i)), 3000);
    if (i != next) continue;
    next *= 3;
    EXPECT_NEAR(static_cast<double>(*HllCount(bytes)), i, std::ceil(i * 4 * 1.04 / 128)) << i;
  }
}

TEST(HyperLogLogTest, TheCachedCountIsForgottenAndRemembered) {
  std::string bytes = EmptyHyperLogLog();
  HllForgetCount(bytes);
  EXPECT_EQ(HllCachedCount(bytes), std::nullopt);
  HllRememberCount(bytes, 1234567);
  EXPECT_EQ(HllCachedCount(bytes), 1234567u);
}

TEST(HyperLogLogTest, WhatIsNoneOrCorruptIsSeen) {
  EXPECT_FALSE(IsHyperLogLog(""));
  EXPECT_FALSE(IsHyperLogLog("HYLL"));
  EXPECT_FALSE(IsHyperLogLog(std::string("HYLL\0", 5) + std::string(20, '\0'))) << "dense of another size";
  EXPECT_FALSE(IsHyperLogLog(std::string("HYLL\2", 5) + std::string(20, '\0'))) << "no such encoding";
  std::string bytes = EmptyHyperLogLog();
  bytes.pop_back();
  ASSERT_TRUE(IsHyperLogLog(bytes));
  HllRegisters registers = {};
  EXPECT_EQ(HllCount(bytes), std::nullopt);
  EXPECT_FALSE(HllMergeInto(bytes, &registers));
  EXPECT_FALSE(HllToDense(&bytes));
  EXPECT_EQ(HllRaise(&bytes, {16383, 1}, 3000), HllChange::kCorrupt);
  const std::string longer = EmptyHyperLogLog() + "\x80";
  EXPECT_EQ(HllCount(longer), std::nullopt);
  EXPECT_FALSE(HllMergeInto(longer, &registers));
  EXPECT_FALSE(HllMergeInto(EmptyHyperLogLog() + std::string(1, '\0'), &registers));
}

}  // namespace
}  // namespace windlass::types
