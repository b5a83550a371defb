// LATENCY GRAPH and DOCTOR.
#include "node/commands/latency_report.h"

#include <gtest/gtest.h>

namespace windlass::commands {
namespace {

observe::LatencyMonitor Spikes() {
  observe::LatencyMonitor monitor;
  monitor.Add("command", 973, 47);
  monitor.Add("command", 975, 34);
  monitor.Add("command", 976, 55);
  monitor.Add("command", 977, 39);
  return monitor;
}

// As Redis draws the same spikes.
TEST(LatencyReportTest, TheGraphIsDrawnByHeightAndAge) {
  const observe::LatencyMonitor monitor = Spikes();
  EXPECT_EQ(LatencyGraph("command", monitor.events().at("command"), 978),
            "command - high 55 ms, low 34 ms (all time high 55 ms)\n" + std::string(80, '-') +
                "\n  # \no | \n| | \n|_|#\n    \n5321\nssss\n\n");
}

TEST(LatencyReportTest, ManySpikesAreDrawnInStrips) {
  observe::LatencyMonitor monitor;
  for (int i = 0; i < 100; ++i) monitor.Add("command", 1000 + i, 10 + i);
  const std::string graph = LatencyGraph("command", monitor.events().at("command"), 1100);
  size_t lines = 0;
  for (const char c : graph) lines += c == '\n' ? 1 : 0;
  EXPECT_EQ(lines, 2 + (4 + 1 + 3) + 1 + (4 + 1 + 3) + 1u);
}

TEST(LatencyReportTest, TheDoctorNamesEventsAndKnowsWhenItIsBlind) {
  EXPECT_NE(LatencyDiagnosis(Spikes(), 0, 980).find("off"), std::string::npos);
  EXPECT_NE(LatencyDiagnosis(observe::LatencyMonitor(), 10, 980).find("No latency spike"), std::string::npos);
  const std::string text = LatencyDiagnosis(Spikes(), 10, 980);
  EXPECT_NE(text.find("command: 4 spikes (mean 44 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("Worst ever: 55 ms"), std::string::npos);
}

}  // namespace
}  // namespace windlass::commands
