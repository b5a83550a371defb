// See checks.h.
#include "node/config/checks.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "node/base/letter_case.h"

namespace windlass::config {
namespace {

using Words = std::vector<std::string>;

constexpr int64_t kSmallestBacklog = 16 * 1024;
constexpr size_t kLongestHostname = 255;
constexpr long kOomAdjustmentLimit = 2000;

base::Result<void> CheckPercentiles(Words* words) {
  if (words->size() == 1 && words->front().empty()) return {};
  for (std::string& word : *words) {
    char* end = nullptr;
    const double percentile = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != '\0') return base::Error{"Invalid latency-tracking-info-percentiles parameters"};
    if (!(percentile >= 0.0 && percentile <= 100.0)) {
      return base::Error{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", percentile);
    word = text;
  }
  return {};
}

base::Result<void> CheckOomAdjustments(Words* words) {
  if (words->size() != 3) return base::Error{"wrong number of arguments"};
  for (const std::string& word : *words) {
    char* end = nullptr;
    const long value = std::strtol(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0' || value < -kOomAdjustmentLimit || value > kOomAdjustmentLimit) {
      return base::Error{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
    }
  }
  return {};
}

// The name of a file in the working directory.
base::Result<void> CheckPlainName(std::string_view name, const std::string& value, const char* kind) {
  if (value.find('/') == std::string::npos) return {};
  return base::Error{std::string(name) + " can't be a path, just a " + kind};
}

base::Result<void> CheckHostname(const std::string& value) {
  if (value.size() > kLongestHostname) return base::Error{"Hostnames must be less than 256 characters"};
  const bool fine = std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  if (fine) return {};
  return base::Error{"Hostnames may only contain alphanumeric characters, hyphens or dots"};
}

base::Result<void> CheckHumanName(const std::string& value) {
  const bool fine = std::none_of(value.begin(), value.end(), [](unsigned char c) {
    return c <= ' ' || c >= 127 || std::string_view(":,\"'=@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (fine) return {};
  return base::Error{"Announced human node name contained invalid character"};
}

base::Result<void> CheckTitle(const std::string& value) {
  static constexpr std::string_view kVariables[] = {"title", "listen-addr", "server-mode", "port", "tls-port",
                                                    "unixsocket", "config-file"};
  const base::Error wrong{"template format is invalid or contains unknown variables"};
  bool says_something = false;  // with no title, and no socket
  size_t begin = 0;             // behind the last variable
  const auto look_at = [&](size_t end) {
    says_something |= value.find_first_not_of(' ', begin) < end;
  };
  for (size_t open = value.find('{'); open != std::string::npos; open = value.find('{', open + 1)) {
    const size_t close = value.find('}', open);
    if (close == std::string::npos) return wrong;
    const std::string_view name = std::string_view(value).substr(open + 1, close - open - 1);
    if (std::find(std::begin(kVariables), std::end(kVariables), name) == std::end(kVariables)) return wrong;
    look_at(open);
    says_something |= name != "title" && name != "unixsocket";
    begin = close + 1;
  }
  look_at(value.size());
  if (!says_something) return wrong;
  return {};
}

base::Result<void> CheckShutdownOptions(const Words& words) {
  const auto has = [&words](std::string_view word) {
    return std::any_of(words.begin(), words.end(),
                       [word](const std::string& given) { return base::EqualsNoCase(given, word); });
  };
  if (!has("save") || !has("nosave")) return {};
  return base::Error{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
}

base::Result<void> CheckMaster(const Words& words) {
  if (words.size() != 2) return {};  // "": none
  char* end = nullptr;
  const long port = std::strtol(words[1].c_str(), &end, 10);
  if (!words[1].empty() && *end == '\0' && port >= 0 && port <= 65535) return {};
  return base::Error{"Invalid master port"};
}

}  // namespace

base::Result<void> CheckWords(const Directive& directive, Words* words) {
  const std::string_view name = directive.name;
  if (name == "latency-tracking-info-percentiles") return CheckPercentiles(words);
  if (name == "oom-score-adj-values") return CheckOomAdjustments(words);
  if (name == "shutdown-on-sigint" || name == "shutdown-on-sigterm") return CheckShutdownOptions(*words);
  if (name == "replicaof") return CheckMaster(*words);
  if (words->empty()) return {};
  const std::string& value = words->front();
  if (name == "dbfilename" || name == "appendfilename") return CheckPlainName(name, value, "filename");
  if (name == "appenddirname") return CheckPlainName(name, value, "dirname");
  if (name == "cluster-announce-hostname") return CheckHostname(value);
  if (name == "cluster-announce-human-nodename") return CheckHumanName(value);
  if (name == "proc-title-template") return CheckTitle(value);
  return {};
}

int64_t Settled(const Directive& directive, int64_t value) {
  if (directive.name == "hz") return std::clamp<int64_t>(value, 1, 500);
  if (directive.name == "repl-backlog-size") return std::max(value, kSmallestBacklog);
  return value;
}

}  // namespace windlass::config
