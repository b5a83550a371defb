// Ranges of scores and of members, as commands name them, and which elements of a
// sorted set they hold.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "node/types/zset.h"

namespace windlass::commands {

struct ScoreRange {
  double min = 0;
  double max = 0;
  bool min_excluded = false;
  bool max_excluded = false;
};

struct LexEnd {
  enum class Kind { kLowest, kHighest, kIncluded, kExcluded };  // - + [ (
  Kind kind = Kind::kLowest;
  std::string_view member = {};
};
struct LexRange {
  LexEnd min;
  LexEnd max;
};

// Nothing (both): not such a range.
std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max);
std::optional<LexRange> ParseLexRange(std::string_view min, std::string_view max);

// Elements by rank.
struct Selection {
  size_t first = 0;
  size_t count = 0;
};
// Indexes as typed, both included; from the end if negative.
Selection SelectRanks(size_t size, int64_t first, int64_t last);
Selection Select(const types::Zset& zset, const ScoreRange& range);
// Means something only where all scores are one. In other sorted sets that are small
// it is, as in Redis, a run of elements in the range from its first one on, or up to
// its last one if read backwards.
Selection Select(const types::Zset& zset, const LexRange& range, bool backwards);

}  // namespace windlass::commands
