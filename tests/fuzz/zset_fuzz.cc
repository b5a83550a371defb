// Operations on a sorted set read from the input, against a map and an ordered set: ranks,
// ranges by score and by member, scans and walks under way while it changes.
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "node/types/zset.h"
#include "node/types/zset_leaf.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scan_promise.h"

namespace {

using windlass::types::Limits;
using windlass::types::Zset;
using windlass::types::ZsetBound;

using Ordered = std::set<std::pair<double, std::string>>;

struct Model {
  std::map<std::string, double> scores;
  Ordered order;

  size_t Rank(const Ordered::const_iterator& at) const {
    return static_cast<size_t>(std::distance(order.begin(), at));
  }
};

// Whole and broken ones, of every width that a leaf keeps, and the ends.
double ReadScore(Input* input) {
  const uint8_t kind = input->Byte();
  const double number = static_cast<double>(input->Word());
  switch (kind % 8) {
    case 0: return kind % 16 == 0 ? INFINITY : -INFINITY;
    case 1: return number / 7;
    case 2: return -number * 65536 * 3;
    case 3: return number * 1e300;
    case 4: return 5;
    default: return static_cast<double>(kind) - number;
  }
}

class Player {
 public:
  explicit Player(Input* input) : input_(*input) {
    limits_.zset_max_listpack_entries = input_.Byte() % 40;
    limits_.zset_max_listpack_value = input_.Byte() % 80;
  }

  void Play() {
    while (!input_.empty()) {
      Operate(input_.Byte());
      Require(zset_.size() == model_.order.size());
    }
    CompareAll(zset_);
    const auto copy = zset_.Clone();
    while (!zset_.FreeStep(1)) {
    }
    CompareAll(static_cast<const Zset&>(*copy));
  }

 private:
  void Operate(uint8_t choice) {
    switch (choice % 10) {
      default: {
        const std::string member = input_.Text();
        Put(member, ReadScore(&input_));
        break;
      }
      case 2: Many(choice < 128); break;
      case 3: Erase(input_.Text()); break;
      case 4: CompareBelow(); break;
      case 5: CompareRange(); break;
      case 6: EraseRange(); break;
      case 7: ScanStep(); break;
      case 8: WalkStep(); break;
      case 9:
        if (choice % 20 == 9) zset_.FitEncoding(limits_);
        zset_.Expect(input_.Byte() % 50, input_.Byte() % 100, limits_);
        break;
    }
  }

  void Put(const std::string& member, double score) {
    const auto there = zset_.Score(member);
    const auto wanted = model_.scores.find(member);
    Require(there.has_value() == (wanted != model_.scores.end()));
    if (!there) {
      zset_.Add(score, member, limits_);
    } else {
      Require(*there == wanted->second);
      if (*there != score) zset_.Change(*there, score, member);
      model_.order.erase({*there, member});
      // An element that moves may be passed by the walk, or met again.
      Moved(member);
    }
    model_.scores[member] = score;
    model_.order.insert({score, member});
  }

  void Erase(const std::string& member) {
    const auto found = model_.scores.find(member);
    if (found == model_.scores.end()) {
      Require(!zset_.Score(member).has_value());
      return;
    }
    zset_.Erase(found->second, member);
    model_.order.erase({found->second, member});
    model_.scores.erase(found);
    Gone(member);
  }

  void Many(bool add) {
    const uint32_t first = input_.Byte();
    const uint32_t count = input_.Byte();
    const uint8_t spread = input_.Byte();
    for (uint32_t i = first; i < first + count; ++i) {
      const std::string member = "m" + std::to_string(i * 7919 % 512);
      add ? Put(member, spread == 0 ? 0 : static_cast<double>(i % spread)) : Erase(member);
    }
  }

  // Bounds of all kinds count as many as the order has below them.
  void CompareBelow() {
    const double score = ReadScore(&input_);
    const std::string member = input_.Text();
    const auto at = model_.order.lower_bound({score, member});
    const bool is_there = at != model_.order.end() && *at == std::pair(score, member);
    Require(zset_.CountBelow({score, member, ZsetBound::Side::kBefore}) == model_.Rank(at));
    Require(zset_.CountBelow({score, member, ZsetBound::Side::kAfter}) == model_.Rank(at) + (is_there ? 1 : 0));
    auto last = at;
    while (last != model_.order.end() && last->first == score) ++last;
    Require(zset_.CountBelow({score, {}, ZsetBound::Side::kAfterScore}) == model_.Rank(last));
    Require(zset_.CountBelow({score, {}}) == model_.Rank(model_.order.lower_bound({score, ""})));
  }

  void CompareRange() {
    if (model_.order.empty()) return;
    const size_t first = input_.Word() % model_.order.size();
    const size_t count = input_.Word() % (model_.order.size() - first + 1);
    auto at = std::next(model_.order.begin(), static_cast<std::ptrdiff_t>(first));
    zset_.ForRange(first, count, false, [&at](std::string_view member, double score) {
      Require(at->first == score && at->second == member);
      ++at;
    });
    Require(model_.Rank(at) == first + count);
    zset_.ForRange(first, count, true, [&at](std::string_view member, double score) {
      --at;
      Require(at->first == score && at->second == member);
    });
    Require(model_.Rank(at) == first);
  }

  void EraseRange() {
    if (model_.order.empty()) return;
    const size_t first = input_.Word() % model_.order.size();
    const size_t count = input_.Byte() % (model_.order.size() - first + 1);
    zset_.EraseRange(first, count);
    auto at = std::next(model_.order.begin(), static_cast<std::ptrdiff_t>(first));
    for (size_t i = 0; i < count; ++i) {
      Gone(at->second);
      model_.scores.erase(at->second);
      at = model_.order.erase(at);
    }
  }

  std::set<std::string> Members() const {
    std::set<std::string> members;
    for (const auto& [member, score] : model_.scores) members.insert(member);
    return members;
  }

  void ScanStep() {
    if (!scan_) scan_.emplace(Members());
    const bool over = scan_->Step([this](uint64_t cursor, auto&& met) {
      return zset_.Scan(cursor, [&met](std::string_view member, double) { met(member); });
    });
    if (over) scan_.reset();
  }

  // What is there from the first step on and stays where it is, is met once.
  void WalkStep() {
    if (!walking_) {
      position_ = {};
      walk_owes_ = Members();
      met_.clear();
      walking_ = true;
    }
    const bool more = zset_.Walk(&position_, [this](std::string_view member, double score) {
      Require(model_.scores.at(std::string(member)) == score);
      if (walk_owes_.erase(std::string(member)) == 1) Require(met_.insert(std::string(member)).second);
    });
    if (more) return;
    Require(walk_owes_.empty());
    walking_ = false;
  }

  void Moved(const std::string& member) { walk_owes_.erase(member); }
  void Gone(const std::string& member) {
    walk_owes_.erase(member);
    if (scan_) scan_->Gone(member);
  }

  void CompareAll(const Zset& zset) {
    auto at = model_.order.begin();
    zset.ForEach([&](std::string_view member, double score) {
      Require(at != model_.order.end() && at->first == score && at->second == member);
      ++at;
    });
    Require(at == model_.order.end());
    for (const auto& [member, score] : model_.scores) Require(zset.Score(member) == score);
  }

  Input& input_;
  Limits limits_;
  Zset zset_;
  Model model_;
  std::optional<ScanPromise> scan_;
  Zset::Position position_;
  std::set<std::string> walk_owes_;
  std::set<std::string> met_;
  bool walking_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Player(&input).Play();
  return 0;
}
