// See zset_ranges.h.
#include "node/commands/zset_ranges.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace windlass::commands {

using types::Zset;
using types::ZsetBound;

namespace {

// "(" excludes. What stands before the first NUL counts, and blanks before it do not:
// so it has always been.
bool ParseScoreEnd(std::string_view text, double* score, bool* excluded) {
  const std::string copy(text);
  const char* begin = copy.c_str();
  *excluded = *begin == '(';
  if (*excluded) ++begin;
  char* end = nullptr;
  *score = std::strtod(begin, &end);
  return *end == '\0' && !std::isnan(*score);
}

bool ParseLexEnd(std::string_view text, LexEnd* end) {
  if (text == "-") {
    end->kind = LexEnd::Kind::kLowest;
  } else if (text == "+") {
    end->kind = LexEnd::Kind::kHighest;
  } else if (!text.empty() && (text[0] == '[' || text[0] == '(')) {
    end->kind = text[0] == '[' ? LexEnd::Kind::kIncluded : LexEnd::Kind::kExcluded;
    end->member = text.substr(1);
  } else {
    return false;
  }
  return true;
}

bool NotBelow(std::string_view member, const LexEnd& min) {
  switch (min.kind) {
    case LexEnd::Kind::kLowest: return true;
    case LexEnd::Kind::kHighest: return false;
    case LexEnd::Kind::kIncluded: return member >= min.member;
    case LexEnd::Kind::kExcluded: return member > min.member;
  }
  return false;
}

bool NotAbove(std::string_view member, const LexEnd& max) {
  switch (max.kind) {
    case LexEnd::Kind::kLowest: return false;
    case LexEnd::Kind::kHighest: return true;
    case LexEnd::Kind::kIncluded: return member <= max.member;
    case LexEnd::Kind::kExcluded: return member < max.member;
  }
  return false;
}

// No member can be in the range.
bool IsEmpty(const LexRange& range) {
  using Kind = LexEnd::Kind;
  if (range.min.kind == Kind::kHighest || range.max.kind == Kind::kLowest) return true;
  if (range.min.kind == Kind::kLowest || range.max.kind == Kind::kHighest) return false;
  const int order = range.min.member.compare(range.max.member);
  return order > 0 || (order == 0 && (range.min.kind == Kind::kExcluded || range.max.kind == Kind::kExcluded));
}

Selection Between(size_t begin, size_t end) { return {begin, end > begin ? end - begin : 0}; }

Selection SelectOneByOne(const Zset& zset, const LexRange& range, bool backwards) {
  std::vector<std::string> members;
  zset.ForEach([&members](std::string_view member, double) { members.emplace_back(member); });
  const size_t size = members.size();
  if (IsEmpty(range) || !NotBelow(members.back(), range.min) || !NotAbove(members.front(), range.max)) return {};
  if (backwards) {
    size_t end = size;
    while (end > 0 && !NotAbove(members[end - 1], range.max)) --end;
    size_t begin = end;
    while (begin > 0 && NotBelow(members[begin - 1], range.min)) --begin;
    return Between(begin, end);
  }
  size_t begin = 0;
  while (begin < size && !NotBelow(members[begin], range.min)) ++begin;
  size_t end = begin;
  while (end < size && NotAbove(members[end], range.max)) ++end;
  return Between(begin, end);
}

double ScoreAt(const Zset& zset, size_t rank) {
  double score = 0;
  zset.ForRange(rank, 1, false, [&score](std::string_view, double there) { score = there; });
  return score;
}

// Elements of one score that are below an end; `with_it`: and the very member, if
// the end includes it.
size_t CountBelow(const Zset& zset, double score, const LexEnd& end, bool with_it) {
  switch (end.kind) {
    case LexEnd::Kind::kLowest: return 0;
    case LexEnd::Kind::kHighest: return zset.size();
    default: break;
  }
  return zset.CountBelow(ZsetBound(score, end.member, with_it ? ZsetBound::Side::kAfter : ZsetBound::Side::kBefore));
}

}  // namespace

std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max) {
  ScoreRange range;
  if (!ParseScoreEnd(min, &range.min, &range.min_excluded)) return std::nullopt;
  if (!ParseScoreEnd(max, &range.max, &range.max_excluded)) return std::nullopt;
  return range;
}

std::optional<LexRange> ParseLexRange(std::string_view min, std::string_view max) {
  LexRange range;
  if (!ParseLexEnd(min, &range.min) || !ParseLexEnd(max, &range.max)) return std::nullopt;
  return range;
}

Selection SelectRanks(size_t size, int64_t first, int64_t last) {
  const int64_t length = static_cast<int64_t>(size);
  if (first < 0) first = std::max<int64_t>(first + length, 0);
  if (last < 0) last += length;
  if (first > last || first >= length) return {};
  last = std::min(last, length - 1);
  return {static_cast<size_t>(first), static_cast<size_t>(last - first + 1)};
}

Selection Select(const Zset& zset, const ScoreRange& range) {
  const auto below = [&zset](double score, bool with_it) {
    return zset.CountBelow(ZsetBound(score, {}, with_it ? ZsetBound::Side::kAfterScore : ZsetBound::Side::kBefore));
  };
  if (range.min > range.max) return {};
  return Between(below(range.min, range.min_excluded), below(range.max, !range.max_excluded));
}

Selection Select(const Zset& zset, const LexRange& range, bool backwards) {
  if (zset.size() == 0 || IsEmpty(range)) return {};
  const double score = ScoreAt(zset, 0);
  if (zset.encoding() == types::Encoding::kListpack && ScoreAt(zset, zset.size() - 1) != score) {
    return SelectOneByOne(zset, range, backwards);
  }
  return Between(CountBelow(zset, score, range.min, range.min.kind == LexEnd::Kind::kExcluded),
                 CountBelow(zset, score, range.max, range.max.kind == LexEnd::Kind::kIncluded));
}

}  // namespace windlass::commands
