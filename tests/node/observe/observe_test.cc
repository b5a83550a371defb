// Histograms, the slow log, latency events and the INFO text.
#include <gtest/gtest.h>

#include "node/observe/command_stats.h"
#include "node/observe/info_report.h"
#include "node/observe/latency_monitor.h"
#include "node/observe/slow_log.h"

namespace windlass::observe {
namespace {

TEST(LatencyHistogramTest, PercentilesAreWithinAQuarter) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.Add(us * 1000);
  EXPECT_NEAR(histogram.PercentileUs(50), 500, 125);
  EXPECT_NEAR(histogram.PercentileUs(99), 990, 250);
  EXPECT_EQ(histogram.count(), 1000u);
}

TEST(LatencyHistogramTest, CumulativeCountsEndWithAll) {
  LatencyHistogram histogram;
  for (const int us : {1, 3, 3, 100, 5000}) histogram.Add(us * 1000);
  const auto buckets = histogram.Cumulative();
  ASSERT_FALSE(buckets.empty());
  EXPECT_EQ(buckets.back().second, 5u);
  for (size_t i = 1; i < buckets.size(); ++i) {
    EXPECT_GT(buckets[i].first, buckets[i - 1].first);
    EXPECT_GT(buckets[i].second, buckets[i - 1].second);
  }
}

TEST(CommandStatsTest, ErrorCodesAreCountedUpToABound) {
  CommandStats stats;
  stats.AddError("ERR");
  stats.AddError("ERR");
  for (int i = 0; i < 1000; ++i) stats.AddError("CODE" + std::to_string(i));
  EXPECT_EQ(stats.errors().at("ERR"), 2u);
  EXPECT_LE(stats.errors().size(), 128u);
}

TEST(SlowLogTest, LongArgumentsAreShortenedAndOldEntriesGo) {
  SlowLog log;
  const std::string big(200, 'x');
  const std::vector<std::string_view> args(40, big);
  for (int i = 0; i < 5; ++i) log.Add(args, 100 + i, 7, "1.2.3.4:5", "me", 3);
  ASSERT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries().front().id, 4);
  EXPECT_EQ(log.entries().front().args.size(), 32u);
  EXPECT_EQ(log.entries().front().args[0], std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(log.entries().front().args[31], "... (9 more arguments)");
}

TEST(LatencyMonitorTest, OneSampleASecondKeepsTheWorst) {
  LatencyMonitor monitor;
  monitor.Add("command", 10, 5);
  monitor.Add("command", 10, 9);
  monitor.Add("command", 11, 3);
  const auto& event = monitor.events().at("command");
  EXPECT_EQ(event.samples.size(), 2u);
  EXPECT_EQ(event.samples[0].ms, 9);
  EXPECT_EQ(event.max_ms, 9);
  EXPECT_TRUE(monitor.Reset("command"));
  EXPECT_FALSE(monitor.Reset("command"));
}

TEST(InfoReportTest, SectionsComeInTheUsualOrderAndByName) {
  InfoReport report;
  report.Add("Keyspace", Shown::kDefault, [](InfoWriter& out) { out.Field("db0", "x"); });
  report.Add("Server", Shown::kDefault, [](InfoWriter& out) { out.Field("port", 1); });
  report.Add("Commandstats", Shown::kAllOnly, [](InfoWriter& out) { out.Field("c", 2); });
  EXPECT_EQ(report.Render({}), "# Server\r\nport:1\r\n\r\n# Keyspace\r\ndb0:x\r\n");
  const std::string_view wanted[] = {"commandSTATS"};
  EXPECT_EQ(report.Render(wanted), "# Commandstats\r\nc:2\r\n");
  const std::string_view all[] = {"all"};
  EXPECT_NE(report.Render(all).find("# Commandstats"), std::string::npos);
}

TEST(HumanBytesTest, HasTwoDecimals) {
  EXPECT_EQ(HumanBytes(512), "512B");
  EXPECT_EQ(HumanBytes(1536), "1.50K");
  EXPECT_EQ(HumanBytes(3 << 20), "3.00M");
}

}  // namespace
}  // namespace windlass::observe
