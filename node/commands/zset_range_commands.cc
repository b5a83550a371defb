// Sorted sets by range: ZRANGE in all its forms, ZCOUNT, ZREMRANGEBY...
#include <optional>
#include <variant>

#include "node/commands/zset_commands.h"
#include "node/commands/zset_ranges.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Zset;

namespace {

constexpr std::string_view kBadScores = "ERR min or max is not a float";
constexpr std::string_view kBadMembers = "ERR min or max not valid string range item";

enum class By { kRank, kScore, kMember };

struct RankRange {
  int64_t first;
  int64_t last;
};
using Range = std::variant<RankRange, ScoreRange, LexRange>;

// Nothing: the error reply was written.
std::optional<Range> ParseRange(Call& call, By by, std::string_view min, std::string_view max) {
  std::string_view error = kNotInteger;
  if (by == By::kRank) {
    const auto first = types::ParseInteger(min);
    const auto last = types::ParseInteger(max);
    if (first && last) return RankRange{*first, *last};
  } else if (by == By::kScore) {
    if (const auto range = ParseScoreRange(min, max)) return *range;
    error = kBadScores;
  } else {
    if (const auto range = ParseLexRange(min, max)) return *range;
    error = kBadMembers;
  }
  call.reply.Error(error);
  return std::nullopt;
}

// Backwards, ranks count from the end; the selection is in order all the same.
Selection SelectRange(const Zset& zset, const Range& range, bool backwards) {
  if (const auto* ranks = std::get_if<RankRange>(&range)) {
    Selection selection = SelectRanks(zset.size(), ranks->first, ranks->last);
    if (backwards && selection.count > 0) selection.first = zset.size() - selection.first - selection.count;
    return selection;
  }
  if (const auto* scores = std::get_if<ScoreRange>(&range)) return Select(zset, *scores);
  return Select(zset, std::get<LexRange>(range), backwards);
}

struct Query {
  std::optional<By> by;             // as the command's name or an option says
  std::optional<bool> backwards;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // negative: none
};

// From args[at] on. False: the error reply was written.
bool ParseOptions(Call& call, size_t at, bool store, Query* query) {
  for (; at < call.args.size(); ++at) {
    const std::string_view word = call.args[at];
    const size_t left = call.args.size() - at - 1;
    if (!store && EqualsNoCase(word, "WITHSCORES")) {
      query->with_scores = true;
    } else if (EqualsNoCase(word, "LIMIT") && left >= 2) {
      const auto offset = types::ParseInteger(call.args[at + 1]);
      const auto limit = types::ParseInteger(call.args[at + 2]);
      if (!offset || !limit) {
        call.reply.Error(kNotInteger);
        return false;
      }
      query->offset = *offset;
      query->limit = *limit;
      at += 2;
    } else if (!query->backwards && EqualsNoCase(word, "REV")) {
      query->backwards = true;
    } else if (!query->by && EqualsNoCase(word, "BYLEX")) {
      query->by = By::kMember;
    } else if (!query->by && EqualsNoCase(word, "BYSCORE")) {
      query->by = By::kScore;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  std::string_view error;
  if (query->limit != -1 && query->by.value_or(By::kRank) == By::kRank) {
    error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
  } else if (query->with_scores && query->by == By::kMember) {
    error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
  }
  if (!error.empty()) call.reply.Error(error);
  return error.empty();
}

// What LIMIT leaves of a selection, which is read backwards or not.
Selection Limited(Selection selection, const Query& query, bool backwards) {
  if (query.offset < 0 || static_cast<size_t>(query.offset) >= selection.count) return {};
  const size_t skipped = static_cast<size_t>(query.offset);
  size_t count = selection.count - skipped;
  if (query.limit >= 0 && static_cast<size_t>(query.limit) < count) count = static_cast<size_t>(query.limit);
  return {backwards ? selection.first + selection.count - skipped - count : selection.first + skipped, count};
}

// args[source] is the key, the range follows; with `target`, the result goes there.
void RunQuery(Call& call, size_t source, std::optional<std::string_view> target, Query query) {
  if (!ParseOptions(call, source + 3, target.has_value(), &query)) return;
  const By by = query.by.value_or(By::kRank);
  const bool backwards = query.backwards.value_or(false);
  const bool swapped = backwards && by != By::kRank;
  const auto range = ParseRange(call, by, call.args[source + (swapped ? 2 : 1)], call.args[source + (swapped ? 1 : 2)]);
  if (!range) return;
  const auto found = FindToRead<Zset>(call, call.args[source]);
  if (found.refused) return;
  Selection selection;
  if (found.object != nullptr) selection = SelectRange(*found.object, *range, backwards);
  if (by != By::kRank) selection = Limited(selection, query, backwards);
  if (target) {
    const types::Limits& limits = LimitsOf(call);
    auto result = std::make_unique<Zset>(by == By::kRank ? selection.count : 0, 0, limits);
    if (selection.count > 0) {
      found.object->ForRange(selection.first, selection.count, backwards, [&](std::string_view member, double score) {
        result->Add(score, member, limits);
      });
    }
    return StoreResult(call, *target, std::move(result), "zrangestore");
  }
  const ElementsReply form{.with_scores = query.with_scores};
  ReplyElementCount(call, selection.count, form);
  if (selection.count == 0) return;
  found.object->ForRange(selection.first, selection.count, backwards, [&](std::string_view member, double score) {
    ReplyElement(call, member, score, form);
  });
}

void Count(Call& call, By by) {
  const auto range = ParseRange(call, by, call.args[2], call.args[3]);
  if (!range) return;
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  const Selection selection = found.object == nullptr ? Selection() : SelectRange(*found.object, *range, false);
  call.reply.Integer(static_cast<int64_t>(selection.count));
}

void Remove(Call& call, By by, std::string_view event) {
  const auto range = ParseRange(call, by, call.args[2], call.args[3]);
  if (!range) return;
  const auto found = FindToWrite<Zset>(call, call.args[1]);
  if (found.refused) return;
  const Selection selection = found.object == nullptr ? Selection() : SelectRange(*found.object, *range, false);
  if (selection.count > 0) RemoveRange(call, call.args[1], found, selection.first, selection.count, event);
  call.reply.Integer(static_cast<int64_t>(selection.count));
}

}  // namespace

void ZRangeCommand(Call& call) { RunQuery(call, 1, std::nullopt, {}); }
void ZRangeStoreCommand(Call& call) { RunQuery(call, 2, call.args[1], {}); }
void ZRevRangeCommand(Call& call) { RunQuery(call, 1, std::nullopt, {.by = By::kRank, .backwards = true}); }
void ZRangeByScoreCommand(Call& call) { RunQuery(call, 1, std::nullopt, {.by = By::kScore, .backwards = false}); }
void ZRevRangeByScoreCommand(Call& call) { RunQuery(call, 1, std::nullopt, {.by = By::kScore, .backwards = true}); }
void ZRangeByLexCommand(Call& call) { RunQuery(call, 1, std::nullopt, {.by = By::kMember, .backwards = false}); }
void ZRevRangeByLexCommand(Call& call) { RunQuery(call, 1, std::nullopt, {.by = By::kMember, .backwards = true}); }

void ZCountCommand(Call& call) { Count(call, By::kScore); }
void ZLexCountCommand(Call& call) { Count(call, By::kMember); }

void ZRemRangeByRankCommand(Call& call) { Remove(call, By::kRank, "zremrangebyrank"); }
void ZRemRangeByScoreCommand(Call& call) { Remove(call, By::kScore, "zremrangebyscore"); }
void ZRemRangeByLexCommand(Call& call) { Remove(call, By::kMember, "zremrangebylex"); }

}  // namespace windlass::commands
