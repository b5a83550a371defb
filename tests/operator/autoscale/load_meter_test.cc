// Rates from counters: what two readings tell, and when they tell nothing.
#include "operator/autoscale/load_meter.h"

#include <gtest/gtest.h>

namespace windlass::autoscale {
namespace {

class LoadMeterTest : public ::testing::Test {
 protected:
  LoadMeterTest() {
    now_.process = "first";
    now_.at_ms = 1'000'000;
    now_.memory_percent = 50;
    now_.ops_per_second = 700;
    now_.cpu_seconds = 100;
    now_.network_bytes = 5'000'000;
    now_.evicted_keys = 40;
  }
  ShardLoad After(int64_t ms, double cpu_seconds, double bytes, double keys) {
    now_.at_ms += ms;
    *now_.cpu_seconds += cpu_seconds;
    *now_.network_bytes += bytes;
    *now_.evicted_keys += keys;
    return meter_.Read("shard-0", now_, limit_);
  }

  LoadMeter meter_;
  Counters now_;
  std::optional<double> limit_;
};

TEST_F(LoadMeterTest, TheFirstReadingHasNoRates) {
  const ShardLoad load = After(0, 0, 0, 0);
  EXPECT_EQ(load.memory_percent, 50);
  EXPECT_EQ(load.ops_per_second, 700);
  EXPECT_FALSE(load.cpu_percent || load.network_bytes_per_second || load.evictions_per_second);
}

TEST_F(LoadMeterTest, RatesAreOfTheTimeBetween) {
  After(0, 0, 0, 0);
  const ShardLoad load = After(2000, 0.5, 3000, 10);
  EXPECT_DOUBLE_EQ(*load.cpu_percent, 25);
  EXPECT_DOUBLE_EQ(*load.network_bytes_per_second, 1500);
  EXPECT_DOUBLE_EQ(*load.evictions_per_second, 5);
}

TEST_F(LoadMeterTest, ARestartedNodeHasNoRateUntilTheNextReading) {
  After(0, 0, 0, 0);
  now_.process = "second";
  now_.cpu_seconds = 1000;  // more than before, by chance
  now_.network_bytes = 10;
  now_.evicted_keys = 0;
  ShardLoad load = After(1000, 0, 0, 0);
  EXPECT_FALSE(load.cpu_percent || load.network_bytes_per_second || load.evictions_per_second);
  load = After(1000, 0.1, 100, 1);
  EXPECT_NEAR(*load.cpu_percent, 10, 1e-6);
  EXPECT_DOUBLE_EQ(*load.network_bytes_per_second, 100);
}

TEST_F(LoadMeterTest, ACounterThatGoesBackIsNoRate) {
  After(0, 0, 0, 0);  // CONFIG RESETSTAT sets these two back, and not the process' time
  const ShardLoad load = After(1000, 0.2, -4'000'000, -40);
  EXPECT_FALSE(load.network_bytes_per_second || load.evictions_per_second);
  EXPECT_NEAR(*load.cpu_percent, 20, 1e-6);
}

TEST_F(LoadMeterTest, WhatANodeDoesNotGiveIsUnknown) {
  now_.memory_percent.reset();
  now_.network_bytes.reset();
  meter_.Read("shard-0", now_, limit_);
  now_.at_ms += 1000;
  const ShardLoad load = meter_.Read("shard-0", now_, limit_);
  EXPECT_FALSE(load.memory_percent || load.network_bytes_per_second);
  EXPECT_EQ(load.evictions_per_second, 0);
}

TEST_F(LoadMeterTest, CpuIsOfTheThreadThatExecutesOrOfTheLimitWhicheverEndsFirst) {
  now_.command_cpu_seconds = 60;
  After(0, 0, 0, 0);
  *now_.command_cpu_seconds += 0.5;
  EXPECT_NEAR(*After(1000, 0.8, 0, 0).cpu_percent, 50, 1e-6) << "the rest is other threads'";
  limit_ = 1.0;
  *now_.command_cpu_seconds += 0.5;
  EXPECT_NEAR(*After(1000, 0.8, 0, 0).cpu_percent, 80, 1e-6);
  limit_ = 4.0;
  *now_.command_cpu_seconds += 0.5;
  EXPECT_NEAR(*After(1000, 0.8, 0, 0).cpu_percent, 50, 1e-6);
}

TEST_F(LoadMeterTest, ShardsDoNotMixUp) {
  After(0, 0, 0, 0);
  now_.at_ms += 1000;
  EXPECT_FALSE(meter_.Read("shard-1", now_, limit_).cpu_percent);
}

}  // namespace
}  // namespace windlass::autoscale
