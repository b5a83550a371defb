// See latency_report.h.
#include "node/commands/latency_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace windlass::commands {
namespace {

using observe::LatencyMonitor;

constexpr int kRows = 4;
constexpr int kMarksPerRow = 3;  // a column ends in one of three heights of its row
constexpr std::string_view kMarks = "_o#";
constexpr size_t kColumns = 80;

struct Column {
  int height;         // 0 .. kRows * kMarksPerRow - 1
  std::string label;  // written downwards
};

std::string AgeLabel(int64_t seconds) {
  char text[32];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%llds", static_cast<long long>(seconds));
  } else if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%lldm", static_cast<long long>(seconds / 60));
  } else if (seconds < 3600 * 24) {
    std::snprintf(text, sizeof text, "%lldh", static_cast<long long>(seconds / 3600));
  } else {
    std::snprintf(text, sizeof text, "%lldd", static_cast<long long>(seconds / (3600 * 24)));
  }
  return text;
}

char MarkAt(int height, int row) {
  const int mark = height - (kRows - row - 1) * kMarksPerRow;
  if (mark >= kMarksPerRow) return '|';
  return mark >= 0 ? kMarks[static_cast<size_t>(mark)] : ' ';
}

void DrawStrip(const std::vector<Column>& columns, size_t begin, size_t end, std::string* out) {
  for (int row = 0; row < kRows; ++row) {
    for (size_t i = begin; i < end; ++i) *out += MarkAt(columns[i].height, row);
    *out += '\n';
  }
  out->append(end - begin, ' ').append("\n");
  size_t longest = 0;
  for (size_t i = begin; i < end; ++i) longest = std::max(longest, columns[i].label.size());
  for (size_t row = 0; row < longest; ++row) {
    for (size_t i = begin; i < end; ++i) *out += row < columns[i].label.size() ? columns[i].label[row] : ' ';
    *out += '\n';
  }
}

struct Summary {
  int64_t lowest = INT64_MAX;
  int64_t highest = 0;
  double mean = 0;
  double mean_deviation = 0;
  double period_s = 0;  // between spikes
};

Summary Summarize(const LatencyMonitor::Event& event, int64_t now_s) {
  Summary summary;
  const double count = static_cast<double>(event.samples.size());
  for (const auto& sample : event.samples) {
    summary.lowest = std::min(summary.lowest, sample.ms);
    summary.highest = std::max(summary.highest, sample.ms);
    summary.mean += static_cast<double>(sample.ms) / count;
  }
  for (const auto& sample : event.samples) {
    summary.mean_deviation += std::abs(static_cast<double>(sample.ms) - summary.mean) / count;
  }
  summary.period_s = static_cast<double>(now_s - event.samples.front().unix_seconds) / count;
  return summary;
}

// What to look at, by event.
std::string_view AdviceFor(std::string_view event) {
  if (event == "command") return "Commands that go through much data: the slow log names them.";
  if (event == "fast-command") return "Commands that are fast by nature took long: is the processor shared, or memory swapped out?";
  if (event == "expire-cycle") return "Many keys expire at the same time: spread their times, or lower active-expire-effort.";
  if (event == "eviction-cycle") return "maxmemory is reached by large steps: lower maxmemory-eviction-tenacity, or set lazyfree-lazy-eviction.";
  if (event.substr(0, 3) == "aof") return "The disk is slow for what is written: appendfsync everysec, no-appendfsync-on-rewrite, or a disk of its own.";
  return "";
}

}  // namespace

std::string LatencyGraph(std::string_view name, const LatencyMonitor::Event& event, int64_t now_s) {
  const Summary summary = Summarize(event, now_s);
  char head[256];
  std::snprintf(head, sizeof head, "%.*s - high %lld ms, low %lld ms (all time high %lld ms)\n",
                static_cast<int>(std::min<size_t>(name.size(), 128)), name.data(), static_cast<long long>(summary.highest),
                static_cast<long long>(summary.lowest), static_cast<long long>(event.max_ms));
  std::string out = head;
  out.append(kColumns, '-').append("\n");
  const int64_t range = std::max<int64_t>(1, summary.highest - summary.lowest);
  std::vector<Column> columns;
  for (const auto& sample : event.samples) {
    const int64_t step = (sample.ms - summary.lowest) * kRows * kMarksPerRow / range;
    columns.push_back({static_cast<int>(std::min<int64_t>(step, kRows * kMarksPerRow - 1)),
                       AgeLabel(now_s - sample.unix_seconds)});
  }
  for (size_t begin = 0; begin < columns.size(); begin += kColumns) {
    if (begin != 0) out += '\n';
    DrawStrip(columns, begin, std::min(columns.size(), begin + kColumns), &out);
  }
  return out + '\n';
}

std::string LatencyDiagnosis(const LatencyMonitor& monitor, int64_t threshold_ms, int64_t now_s) {
  if (threshold_ms == 0) {
    return "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> switches it on.\n";
  }
  if (monitor.events().empty()) return "No latency spike was observed since monitoring began or was last reset.\n";
  std::string text = "Latency spikes of at least " + std::to_string(threshold_ms) + " ms, by event:\n\n";
  int number = 0;
  for (const auto& [name, event] : monitor.events()) {
    const Summary summary = Summarize(event, now_s);
    char line[320];
    std::snprintf(line, sizeof line,
                  "%d. %s: %zu spikes (mean %.0f ms, mean deviation %.0f ms, one in %.1f s). Worst ever: %lld ms.\n",
                  ++number, name.c_str(), event.samples.size(), summary.mean, summary.mean_deviation, summary.period_s,
                  static_cast<long long>(event.max_ms));
    text += line;
    if (const std::string_view advice = AdviceFor(name); !advice.empty()) text.append("   ").append(advice).append("\n");
  }
  return text;
}

}  // namespace windlass::commands
