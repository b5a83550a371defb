// See info_report.h.
#include "node/observe/info_report.h"

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdio>

#include "node/base/letter_case.h"

namespace windlass::observe {
namespace {

constexpr std::string_view kOrder[] = {"server",  "clients",      "memory",     "persistence",  "stats", "replication",
                                       "cpu",     "modules",      "commandstats", "errorstats", "latencystats",
                                       "cluster", "keyspace"};

}  // namespace

void InfoWriter::Field(std::string_view name, std::string_view value) {
  out_->append(name).append(":").append(value).append("\r\n");
}

void InfoWriter::Field(std::string_view name, int64_t value) {
  char text[24];
  const auto result = std::to_chars(text, text + sizeof text, value);
  Field(name, std::string_view(text, static_cast<size_t>(result.ptr - text)));
}

void InfoWriter::Fieldf(std::string_view name, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  Field(name, std::string_view(text));
}

void InfoWriter::Bytes(std::string_view name, int64_t bytes) { Field(name, HumanBytes(bytes)); }

std::string HumanBytes(int64_t bytes) {
  char text[64];
  const double value = static_cast<double>(bytes);
  constexpr double kKb = 1024.0;
  if (bytes < 1024) {
    std::snprintf(text, sizeof text, "%lldB", static_cast<long long>(bytes));
  } else if (value < kKb * kKb) {
    std::snprintf(text, sizeof text, "%.2fK", value / kKb);
  } else if (value < kKb * kKb * kKb) {
    std::snprintf(text, sizeof text, "%.2fM", value / (kKb * kKb));
  } else if (value < kKb * kKb * kKb * kKb) {
    std::snprintf(text, sizeof text, "%.2fG", value / (kKb * kKb * kKb));
  } else {
    std::snprintf(text, sizeof text, "%.2fT", value / (kKb * kKb * kKb * kKb));
  }
  return text;
}

void InfoReport::Add(std::string_view name, Shown shown, Write write) {
  const std::string lower = base::Lower(name);
  int rank = static_cast<int>(std::size(kOrder));
  for (size_t i = 0; i < std::size(kOrder); ++i) {
    if (kOrder[i] == lower) rank = static_cast<int>(i);
  }
  Section section{std::string(name), shown, std::move(write), rank};
  const auto at = std::upper_bound(sections_.begin(), sections_.end(), section,
                                   [](const Section& a, const Section& b) { return a.rank < b.rank; });
  sections_.insert(at, std::move(section));
}

std::string InfoReport::Render(std::span<const std::string_view> wanted) const {
  std::string out;
  for (const Section& section : sections_) {
    const std::string lower = base::Lower(section.name);
    bool shown = wanted.empty() && section.shown == Shown::kDefault;
    for (const std::string_view argument : wanted) {
      const std::string word = base::Lower(argument);
      if (word == "all" || word == "everything" || word == lower ||
          (word == "default" && section.shown == Shown::kDefault)) {
        shown = true;
      }
    }
    if (!shown) continue;
    if (!out.empty()) out += "\r\n";
    out += "# " + section.name + "\r\n";
    InfoWriter writer(&out);
    section.write(writer);
  }
  return out;
}

}  // namespace windlass::observe
