// Arbitrary text as redis.conf. What is accepted can be rewritten, and the
// rewritten file says the same.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/quoted_words.h"
#include "node/config/config.h"
#include "node/config/rewriter.h"

namespace {

using windlass::config::Config;

// "include" reads any file and "dir" changes the folder: not here.
bool ReachesOutside(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t' || line.front() == '\r')) line.remove_prefix(1);
  std::vector<std::string> words;
  if (!windlass::base::SplitQuoted(line, &words) || words.empty()) return false;
  for (char& c : words[0]) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return words[0] == "include" || words[0] == "dir";
}

std::string WithoutReachingOutside(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const size_t end = text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1;
    if (!ReachesOutside(text.substr(0, end))) kept += text.substr(0, end);
    text.remove_prefix(end);
  }
  return kept;
}

Config::Pairs Everything(const Config& config) {
  const std::string_view all = "*";
  Config::Pairs pairs = config.Get(std::span(&all, 1));
  for (const char* repeated : {"rename-command", "user", "loadmodule"}) {
    for (const std::string& entry : config.List(repeated)) pairs.emplace_back(repeated, entry);
  }
  return pairs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = WithoutReachingOutside({reinterpret_cast<const char*>(data), size});
  Config config;
  const auto loaded = config.LoadText(text);
  if (!loaded.ok) {
    if (loaded.error.reason.empty() || loaded.error.line == 0) std::abort();
    return 0;
  }
  const std::string rewritten = windlass::config::RewriteText(config, text);
  Config again;
  // RewriteText says where the process is: leave that out for the same reason.
  if (!again.LoadText(WithoutReachingOutside(rewritten)).ok || Everything(again) != Everything(config)) std::abort();
  return 0;
}
