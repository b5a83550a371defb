// See node_tables.h.
#include "operator/redis/node_tables.h"

#include <array>
#include <functional>

#include "operator/base/text.h"
#include "operator/redis/parse.h"

namespace windlass::redis {
namespace {

using topology::NodeLines;

constexpr std::string_view kMyself = "myself";

uint64_t Hash(std::string_view text) { return std::hash<std::string_view>()(text); }

uint64_t Mix(uint64_t seed, uint64_t value) {
  seed ^= value + 0x9e3779b97f4a7c15U + (seed << 6) + (seed >> 2);
  return seed * 0xff51afd7ed558ccdU;
}

// Where the first eight words of the line end; nothing of a line that has fewer.
bool FindWords(std::string_view line, std::array<size_t, 8>* ends) {
  size_t at = 0;
  for (size_t& end : *ends) {
    if (at > line.size()) return false;
    end = std::min(line.find(' ', at), line.size());
    at = end + 1;
  }
  return true;
}

struct LineSum {
  uint64_t hash = 0;
  bool own = false;
};

LineSum SumOf(std::string_view line) {
  std::array<size_t, 8> ends{};
  if (!FindWords(line, &ends)) return {Hash(line), false};
  LineSum sum;
  const auto words = [&](size_t from, size_t to) { return line.substr(from == 0 ? 0 : ends[from - 1], ends[to] - (from == 0 ? 0 : ends[from - 1])); };
  std::string_view flags = words(2, 2);  // with the space before it
  if (flags.substr(1, kMyself.size()) == kMyself) {
    sum.own = true;
    flags.remove_prefix(1 + kMyself.size());
    if (!flags.empty()) flags.remove_prefix(1);  // its comma
  } else {
    flags.remove_prefix(1);
  }
  const std::string_view rest = line.substr(ends[5]);  // behind the times of ping and pong
  sum.hash = Mix(Hash(words(0, 1)), Hash(flags));
  sum.hash = Mix(sum.hash, Hash(words(3, 3)));
  sum.hash = Mix(sum.hash, Hash(rest.substr(0, rest.find(" ["))));  // open slots come last
  return sum;
}

}  // namespace

base::Result<NodeLines> NodeTables::Read(std::string_view text) {
  uint64_t sum = 0;
  std::string_view own;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const LineSum of = SumOf(line);
    sum += Mix(of.hash, 1);
    if (of.own) own = line;
  }
  if (const auto known = by_sum_.find(sum); known != by_sum_.end() && !own.empty()) {
    auto line = ParseClusterNodesLine(own);
    if (!line) return base::Error{"its own line of CLUSTER NODES " + line.error()};
    if (const auto at = known->second->IndexOf(line->id)) return NodeLines(known->second, *at, std::move(*line));
  }
  auto lines = ParseClusterNodes(text);
  if (!lines) return base::Error{lines.error()};
  NodeLines said(std::move(*lines));
  by_sum_.insert_or_assign(sum, said.table());
  return said;
}

}  // namespace windlass::redis
