// What several sorted sets make together: ZUNION, ZINTER, ZDIFF, their STORE forms
// and ZINTERCARD. Sets take part with a score of one for each member.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/commands/zset_commands.h"
#include "node/types/number.h"
#include "node/types/real_number.h"
#include "node/types/set.h"

namespace windlass::commands {

using types::Set;
using types::Zset;

namespace {

enum class Operation { kUnion, kInter, kDiff };
enum class Aggregate { kSum, kMin, kMax };

// One input: a sorted set, a set, or nothing.
struct Source {
  const Zset* zset = nullptr;
  const Set* set = nullptr;
  double weight = 1;

  size_t size() const { return zset != nullptr ? zset->size() : set != nullptr ? set->size() : 0; }
  bool Same(const Source& other) const { return zset == other.zset && set == other.set; }
  std::optional<double> Score(std::string_view member) const {
    if (zset != nullptr) return zset->Score(member);
    return set != nullptr && set->Contains(member) ? std::optional<double>(1) : std::nullopt;
  }
  void ForEach(const Zset::Visitor& f) const {
    if (zset != nullptr) zset->ForEach(f);
    if (set != nullptr) set->ForEach([&f](std::string_view member) { f(member, 1); });
  }
};

// Infinity times zero is zero here.
double Weighted(const Source& source, double score) {
  const double value = source.weight * score;
  return std::isnan(value) ? 0 : value;
}

void Combine(Aggregate how, double value, double* score) {
  if (how == Aggregate::kSum) {
    *score += value;
    if (std::isnan(*score)) *score = 0;  // of opposite infinities
  } else if (how == Aggregate::kMin ? value < *score : value > *score) {
    *score = value;
  }
}

struct Request {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // of ZINTERCARD; 0: none
};

struct Form {
  Operation operation;
  size_t at;                 // args[at] is the number of keys
  bool store = false;
  bool count_only = false;
};

// Nothing (all of the three): the error reply was written.
std::optional<std::vector<Source>> ParseSources(Call& call, const Form& form) {
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  const auto keys = types::ParseInteger(call.args[form.at]);
  if (!keys) return refuse(kNotInteger);
  if (*keys < 1) return refuse("ERR at least 1 input key is needed for '" + std::string(call.spec.name) + "' command");
  if (*keys > static_cast<int64_t>(call.args.size() - form.at) - 1) return refuse(kSyntaxError);
  std::vector<Source> sources;
  for (const std::string_view key : call.args.subspan(form.at + 1, static_cast<size_t>(*keys))) {
    const keyspace::Entry* entry = call.db.FindRead(call.slot, key, call.now_ms, !call.client.Has(client::kNoTouch));
    Source source;
    if (entry != nullptr && entry->type() == types::Type::kSortedSet) {
      source.zset = static_cast<const Zset*>(entry->object());
    } else if (entry != nullptr && entry->type() == types::Type::kSet) {
      source.set = static_cast<const Set*>(entry->object());
    } else if (entry != nullptr) {
      return refuse(kWrongType);
    }
    sources.push_back(source);
  }
  return sources;
}

bool ParseAggregate(std::string_view word, Aggregate* aggregate) {
  if (EqualsNoCase(word, "SUM")) *aggregate = Aggregate::kSum;
  else if (EqualsNoCase(word, "MIN")) *aggregate = Aggregate::kMin;
  else if (EqualsNoCase(word, "MAX")) *aggregate = Aggregate::kMax;
  else return false;
  return true;
}

std::optional<Request> ParseRequest(Call& call, const Form& form) {
  auto sources = ParseSources(call, form);
  if (!sources) return std::nullopt;
  Request request;
  request.sources = std::move(*sources);
  const bool weighs = form.operation != Operation::kDiff && !form.count_only;
  std::string_view error;
  for (size_t at = form.at + 1 + request.sources.size(); at < call.args.size() && error.empty(); ++at) {
    const std::string_view word = call.args[at];
    const size_t left = call.args.size() - at - 1;
    if (weighs && left >= request.sources.size() && EqualsNoCase(word, "WEIGHTS")) {
      for (Source& source : request.sources) {
        const auto weight = types::ParseDouble(call.args[++at]);
        if (!weight) {
          error = "ERR weight value is not a float";
          break;
        }
        source.weight = *weight;
      }
    } else if (weighs && left >= 1 && EqualsNoCase(word, "AGGREGATE")) {
      if (!ParseAggregate(call.args[++at], &request.aggregate)) error = kSyntaxError;
    } else if (!form.store && !form.count_only && EqualsNoCase(word, "WITHSCORES")) {
      request.with_scores = true;
    } else if (form.count_only && left >= 1 && EqualsNoCase(word, "LIMIT")) {
      const auto limit = types::ParseInteger(call.args[++at]);
      if (!limit || *limit < 0) error = "ERR LIMIT can't be negative";
      request.limit = limit.value_or(0);
    } else {
      error = kSyntaxError;
    }
  }
  if (error.empty()) return request;
  call.reply.Error(error);
  return std::nullopt;
}

// Sums of doubles depend on the order: from the smallest input to the largest.
void SortBySize(std::vector<Source>* sources) {
  std::stable_sort(sources->begin(), sources->end(), [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

// Calls f(member, score) for what all have in common, until it returns false.
template <typename F>
void Intersect(const Request& request, F&& f) {
  const std::vector<Source>& sources = request.sources;
  if (sources[0].size() == 0) return;
  bool go_on = true;
  sources[0].ForEach([&](std::string_view member, double first) {
    if (!go_on) return;
    double score = Weighted(sources[0], first);
    for (size_t i = 1; i < sources.size(); ++i) {
      const auto there = sources[i].Same(sources[0]) ? first : sources[i].Score(member);
      if (!there) return;
      Combine(request.aggregate, *there * sources[i].weight, &score);
    }
    go_on = f(member, score);
  });
}

std::unique_ptr<Zset> ResultOf(Operation operation, Request* request, const types::Limits& limits) {
  auto result = std::make_unique<Zset>();
  result->ToSkiplist();
  if (operation == Operation::kDiff) {
    const std::vector<Source>& sources = request->sources;
    sources[0].ForEach([&](std::string_view member, double score) {
      const bool elsewhere = std::any_of(sources.begin() + 1, sources.end(),
                                         [member](const Source& source) { return source.Score(member).has_value(); });
      if (!elsewhere) result->Add(score, member, limits);
    });
    return result;
  }
  SortBySize(&request->sources);
  if (operation == Operation::kInter) {
    Intersect(*request, [&](std::string_view member, double score) {
      result->Add(score, member, limits);
      return true;
    });
    return result;
  }
  std::unordered_map<std::string, double> scores;
  for (const Source& source : request->sources) {
    source.ForEach([&](std::string_view member, double score) {
      const double value = Weighted(source, score);
      const auto [there, added] = scores.try_emplace(std::string(member), value);
      if (!added) Combine(request->aggregate, value, &there->second);
    });
  }
  for (const auto& [member, score] : scores) result->Add(score, member, limits);
  return result;
}

void Reply(Call& call, Operation operation) {
  auto request = ParseRequest(call, {operation, 1});
  if (!request) return;
  const std::unique_ptr<Zset> result = ResultOf(operation, &*request, LimitsOf(call));
  const ElementsReply form{.with_scores = request->with_scores};
  ReplyElementCount(call, result->size(), form);
  result->ForEach([&](std::string_view member, double score) { ReplyElement(call, member, score, form); });
}

void Store(Call& call, Operation operation, std::string_view event) {
  auto request = ParseRequest(call, {operation, 2, true});
  if (!request) return;
  std::unique_ptr<Zset> result = ResultOf(operation, &*request, LimitsOf(call));
  result->FitEncoding(LimitsOf(call));
  StoreResult(call, call.args[1], std::move(result), event);
}

}  // namespace

void ZUnionCommand(Call& call) { Reply(call, Operation::kUnion); }
void ZInterCommand(Call& call) { Reply(call, Operation::kInter); }
void ZDiffCommand(Call& call) { Reply(call, Operation::kDiff); }
void ZUnionStoreCommand(Call& call) { Store(call, Operation::kUnion, "zunionstore"); }
void ZInterStoreCommand(Call& call) { Store(call, Operation::kInter, "zinterstore"); }
void ZDiffStoreCommand(Call& call) { Store(call, Operation::kDiff, "zdiffstore"); }

void ZInterCardCommand(Call& call) {
  auto request = ParseRequest(call, {Operation::kInter, 1, false, true});
  if (!request) return;
  SortBySize(&request->sources);
  int64_t count = 0;
  Intersect(*request, [&](std::string_view, double) { return ++count != request->limit; });
  call.reply.Integer(count);
}

}  // namespace windlass::commands
