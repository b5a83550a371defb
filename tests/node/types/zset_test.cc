// Zset against a map and an ordered set: all encodings, small and large, with scores
// that tie, fill every width and move elements between leaves.
#include "node/types/zset.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass::types {
namespace {

using Element = std::pair<double, std::string>;
using Side = ZsetBound::Side;

// What a sorted set is, said simply.
class Model {
 public:
  void Add(double score, const std::string& member) {
    scores_[member] = score;
    order_.emplace(score, member);
  }
  void Erase(const std::string& member) {
    order_.erase({scores_.at(member), member});
    scores_.erase(member);
  }
  size_t CountBelow(double score, const std::string& member, Side side) const {
    size_t below = 0;
    for (const auto& [s, m] : order_) {
      const bool counts = s < score || (s == score && (side == Side::kAfterScore || m < member ||
                                                       (side == Side::kAfter && m == member)));
      below += counts ? 1 : 0;
    }
    return below;
  }
  const std::map<std::string, double>& scores() const { return scores_; }
  std::vector<Element> elements() const { return {order_.begin(), order_.end()}; }
  size_t size() const { return order_.size(); }

 private:
  std::map<std::string, double> scores_;
  std::set<Element> order_;
};

std::vector<Element> Elements(const Zset& zset) {
  std::vector<Element> out;
  zset.ForEach([&out](std::string_view member, double score) { out.emplace_back(score, member); });
  return out;
}

std::vector<Element> Backwards(const Zset& zset, size_t first, size_t count) {
  std::vector<Element> out;
  zset.ForRange(first, count, true, [&out](std::string_view member, double score) { out.emplace_back(score, member); });
  return out;
}

std::set<std::string> Scanned(const Zset& zset) {
  std::set<std::string> out;
  uint64_t cursor = 0;
  do {
    cursor = zset.Scan(cursor, [&out](std::string_view member, double) { EXPECT_TRUE(out.emplace(member).second); });
  } while (cursor != 0);
  return out;
}

void ExpectSame(const Zset& zset, const Model& model) {
  ASSERT_EQ(zset.size(), model.size());
  const std::vector<Element> wanted = model.elements();
  ASSERT_EQ(Elements(zset), wanted);
  ASSERT_EQ(Backwards(zset, 0, zset.size()), std::vector<Element>(wanted.rbegin(), wanted.rend()));
  ASSERT_EQ(Scanned(zset).size(), model.size());
  for (size_t rank = 0; rank < wanted.size(); rank += 1 + wanted.size() / 50) {
    const auto& [score, member] = wanted[rank];
    ASSERT_EQ(zset.Score(member), score);
    ASSERT_EQ(zset.CountBelow(ZsetBound(score, member)), rank);
    ASSERT_EQ(zset.CountBelow(ZsetBound(score, member, Side::kAfter)), rank + 1);
  }
}

// A run of random changes; `style` decides what scores and members look like.
struct Style {
  const char* name;
  size_t most;
  double (*score)(std::mt19937& random);
  std::string (*member)(std::mt19937& random);
};

std::string Numbered(std::mt19937& random) { return "member:" + std::to_string(random() % 100000); }
std::string Odd(std::mt19937& random) {
  const std::string number = std::to_string(random() % 3000);
  switch (random() % 5) {
    case 0: return number;
    case 1: return std::string(random() % 3, '\0') + number;
    case 2: return std::string(250 + random() % 10, 'L') + number;  // about the longest in a leaf
    case 3: return std::string(random() % 9, '\xff');
    default: return std::string(40, 'p') + number;
  }
}
double Zero(std::mt19937&) { return 0; }
double Few(std::mt19937& random) { return static_cast<double>(random() % 4) - 2; }
double Whole(std::mt19937& random) { return static_cast<double>(static_cast<int32_t>(random())); }
double Any(std::mt19937& random) {
  switch (random() % 6) {
    case 0: return static_cast<double>(random()) / 1e9;
    case 1: return -std::numeric_limits<double>::infinity();
    case 2: return std::numeric_limits<double>::infinity();
    case 3: return 40000 + static_cast<double>(random() % 100);
    case 4: return 1e300 * (static_cast<double>(random() % 7) - 3);
    default: return static_cast<double>(random() % 1000);
  }
}

class ZsetModelTest : public testing::TestWithParam<Style> {};

TEST_P(ZsetModelTest, BehavesAsAnOrderedSet) {
  const Style style = GetParam();
  std::mt19937 random(7);
  const Limits limits;
  Zset zset;
  Model model;
  bool growing = true;
  for (int i = 0; i < 30000; ++i) {
    if (model.size() > style.most) growing = false;
    if (model.size() < 3) growing = true;
    const std::string member = style.member(random);
    const auto score = zset.Score(member);
    ASSERT_EQ(score.has_value(), model.scores().count(member) != 0);
    if (!score) {
      const double fresh = style.score(random);
      zset.Add(fresh, member, limits);
      model.Add(fresh, member);
    } else if (growing && random() % 8 != 0) {
      const double changed = random() % 2 == 0 ? *score + 1 : style.score(random);
      if (changed == *score) continue;
      zset.Change(*score, changed, member);
      model.Erase(member);
      model.Add(changed, member);
    } else {
      zset.Erase(*score, member);
      model.Erase(member);
    }
    if (!growing && model.size() > 0 && random() % 20 == 0) {
      const size_t first = random() % model.size();
      const size_t count = std::min<size_t>(random() % 60, model.size() - first);
      const auto all = model.elements();
      for (size_t j = 0; j < count; ++j) model.Erase(all[first + j].second);
      zset.EraseRange(first, count);
    }
    if (i % 200 == 0) {
      const double at = style.score(random);
      for (const Side side : {Side::kBefore, Side::kAfter, Side::kAfterScore}) {
        ASSERT_EQ(zset.CountBelow(ZsetBound(at, member, side)), model.CountBelow(at, member, side));
      }
    }
    if (i % 2000 == 0) ExpectSame(zset, model);
  }
  ExpectSame(zset, model);
  const auto copy = zset.Clone();
  zset.EraseRange(0, zset.size());
  EXPECT_EQ(zset.size(), 0u);
  ExpectSame(static_cast<const Zset&>(*copy), model);
}

INSTANTIATE_TEST_SUITE_P(Styles, ZsetModelTest,
                         testing::Values(Style{"Lexical", 3000, Zero, Numbered}, Style{"Ties", 3000, Few, Odd},
                                         Style{"Integers", 5000, Whole, Numbered}, Style{"Anything", 2000, Any, Odd},
                                         Style{"Small", 100, Any, Odd}),
                         [](const auto& info) { return info.param.name; });

TEST(ZsetTest, ReportsTheEncodingThatTheLimitsSay) {
  Limits limits;
  Zset zset;
  for (int i = 0; i < 128; ++i) zset.Add(i, std::to_string(i), limits);
  EXPECT_EQ(zset.encoding(), Encoding::kListpack);
  zset.Add(5, "one more", limits);
  EXPECT_EQ(zset.encoding(), Encoding::kSkiplist);
  zset.EraseRange(0, 100);
  EXPECT_EQ(zset.encoding(), Encoding::kSkiplist);
  EXPECT_EQ(zset.Clone()->encoding(), Encoding::kSkiplist);
  zset.FitEncoding(limits);
  EXPECT_EQ(zset.encoding(), Encoding::kListpack);
  zset.Add(1, std::string(65, 'x'), limits);
  EXPECT_EQ(zset.encoding(), Encoding::kSkiplist);
  zset.FitEncoding(limits);
  EXPECT_EQ(zset.encoding(), Encoding::kSkiplist);
  EXPECT_EQ(Zset(129, 0, limits).encoding(), Encoding::kSkiplist);
  EXPECT_EQ(Zset(1, 65, limits).encoding(), Encoding::kSkiplist);
}

TEST(ZsetTest, KeepsTheSignOfZeroInTheLargeForm) {
  for (const bool large : {false, true}) {
    Zset zset;
    if (large) zset.ToSkiplist();
    zset.Add(-0.0, "a", {});
    zset.Add(0, "b", {});
    zset.Add(1, "c", {});
    zset.Change(1, -0.0, "c");
    EXPECT_EQ(std::signbit(*zset.Score("a")), large);
    EXPECT_FALSE(std::signbit(*zset.Score("b")));
    EXPECT_EQ(std::signbit(*zset.Score("c")), large);
    zset.FitEncoding({});
    EXPECT_FALSE(std::signbit(*zset.Score("a")));
  }
}

TEST(ZsetTest, IsFreedInSteps) {
  for (const size_t size : {size_t{0}, size_t{10}, size_t{20000}}) {
    Zset zset;
    for (size_t i = 0; i < size; ++i) zset.Add(static_cast<double>(i * 7919 % 1000), std::string(i % 300, 'm') + std::to_string(i), {});
    const auto copy = zset.Clone();
    size_t steps = 1;
    size_t before = zset.MemoryBytes();
    while (!zset.FreeStep(10)) {
      EXPECT_LT(zset.MemoryBytes(), before);
      before = zset.MemoryBytes();
      ++steps;
    }
    EXPECT_GE(steps, size / 20 / 10);
    EXPECT_EQ(zset.size(), 0u);
    EXPECT_LT(zset.MemoryBytes(), sizeof(Zset) + 6000 + size);  // the shell and the table of leaves
    EXPECT_EQ(static_cast<const Zset&>(*copy).size(), size);
  }
}

TEST(ZsetTest, AWholeScanMeetsEveryElementThoughScoresChange) {
  Zset zset;
  for (int i = 0; i < 5000; ++i) zset.Add(i, "stays" + std::to_string(i), {});
  std::set<std::string> met;
  std::mt19937 random(3);
  uint64_t cursor = 0;
  int added = 0;
  do {
    cursor = zset.Scan(cursor, [&met](std::string_view member, double) { met.emplace(member); });
    for (int i = 0; i < 10; ++i) {
      const std::string member = "stays" + std::to_string(random() % 5000);
      const double score = *zset.Score(member);
      const double changed = static_cast<double>(random() % 10000);
      if (changed != score) zset.Change(score, changed, member);
      zset.Add(changed, "other" + std::to_string(added++), {});
    }
  } while (cursor != 0);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(met.count("stays" + std::to_string(i)), 1u);
}

TEST(ZsetTest, PicksEveryElementAsLikely) {
  Zset zset;
  for (int i = 0; i < 300; ++i) zset.Add(i % 7, std::to_string(i), {});
  std::mt19937_64 random(11);
  std::map<std::string, int> picks;
  for (int i = 0; i < 300 * 100; ++i) {
    zset.Random([&random] { return random(); }, [&picks](std::string_view member, double) { ++picks[std::string(member)]; });
  }
  EXPECT_EQ(picks.size(), 300u);
  for (const auto& [member, count] : picks) EXPECT_NEAR(count, 100, 60) << member;
}

// Of this thread: what other work on the machine takes is not ours.
double CpuMicroseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Walks a large sorted set leaf by leaf while others write: every element that stays
// where it is is met once, in order, and no step is long. WINDLASS_WALK_MB: how much
// it holds (1024 by hand).
TEST(ZsetTest, IsWalkedInBoundedStepsUnderWrites) {
  const char* wanted = std::getenv("WINDLASS_WALK_MB");
  const size_t bytes = (wanted == nullptr ? 16 : std::strtoull(wanted, nullptr, 10)) << 20;
  std::mt19937_64 random(5);
  Zset zset;
  size_t stays = 0;
  while (zset.MemoryBytes() < bytes) {
    zset.Add(static_cast<double>(random() % 100000000), "stays:" + std::to_string(stays++), {});
  }
  size_t met = 0;
  size_t written = 0;
  std::vector<double> steps_us;
  Element last{-1, ""};
  bool in_order = true;
  Zset::Position position;
  for (bool more = true; more;) {
    const double begin = CpuMicroseconds();
    size_t here = 0;
    more = zset.Walk(&position, [&](std::string_view member, double score) {
      ++here;
      if (member[0] == 's') ++met;
      in_order = in_order && last < Element(score, member);
      last = {score, std::string(member)};
    });
    steps_us.push_back(CpuMicroseconds() - begin);
    EXPECT_LE(here, 128u);
    for (int i = 0; i < 5; ++i) {
      const std::string member = "other:" + std::to_string(random() % 100000);
      const double score = static_cast<double>(random() % 100000000);
      const auto old = zset.Score(member);
      if (!old) {
        zset.Add(score, member, {});
      } else if (*old != score && random() % 2 == 0) {
        zset.Change(*old, score, member);
      } else {
        zset.Erase(*old, member);
      }
      ++written;
    }
  }
  EXPECT_EQ(met, stays);
  EXPECT_TRUE(in_order);
  std::sort(steps_us.begin(), steps_us.end());
  EXPECT_LT(steps_us[steps_us.size() * 999 / 1000], 200);
  RecordProperty("elements", static_cast<int>(stays));
  std::printf("%zu elements, %zu steps beside %zu writes: median %.1f us, 99.9 %% %.1f us, longest %.1f us\n", stays,
              steps_us.size(), written, steps_us[steps_us.size() / 2], steps_us[steps_us.size() * 999 / 1000],
              steps_us.back());
}

TEST(ZsetTest, FillGivesWhatAddingOneByOneGives) {
  std::mt19937_64 random(7);
  for (const size_t count : {1, 2, 8, 100, 128}) {
    for (int round = 0; round < 20; ++round) {
      std::set<Element> sorted;
      std::set<std::string> names;
      while (sorted.size() < count) {
        const double score = round % 3 == 0 ? 5 : round % 3 == 1 ? static_cast<double>(random() % 90000) : 0.5 * static_cast<double>(random() % 9);
        std::string name = std::to_string(random()) + std::string(random() % 20 == 0 ? 300 : 0, 'x');
        if (names.insert(name).second) sorted.emplace(score, name);
      }
      Limits limits;
      limits.zset_max_listpack_value = 1000;
      Zset one_by_one;
      std::vector<ZsetTree::Element> elements;
      for (const auto& [score, member] : sorted) {
        elements.push_back({score, member});
        one_by_one.Add(score, member, limits);
      }
      Zset filled;
      size_t near = 0;
      for (const auto& element : elements) near += ZsetLeaf::NearBytes(element.member);
      ASSERT_EQ(filled.Fill(elements, limits), near <= 8192);
      if (near > 8192) continue;
      ASSERT_EQ(filled.size(), count);
      ASSERT_EQ(filled.encoding(), Encoding::kListpack);
      std::vector<Element> all;
      filled.ForEach([&all](std::string_view member, double score) { all.emplace_back(score, member); });
      ASSERT_EQ(all, std::vector<Element>(sorted.begin(), sorted.end()));
      for (const auto& [score, member] : sorted) ASSERT_EQ(filled.Score(member), score);
      EXPECT_LE(filled.MemoryBytes(), one_by_one.MemoryBytes());
      // It is a sorted set like any other from here on.
      for (size_t i = 0; i < 300; ++i) filled.Add(static_cast<double>(i), "later:" + std::to_string(i), limits);
      for (const auto& [score, member] : sorted) filled.Erase(score, member);
      EXPECT_EQ(filled.size(), 300u);
    }
  }
}

TEST(ZsetTest, FillRefusesWhatIsOutOfOrderTwiceThereOrTooMuch) {
  const Limits limits;
  const std::vector<std::vector<ZsetTree::Element>> bad = {
      {{2, "a"}, {1, "b"}}, {{1, "b"}, {1, "a"}}, {{1, "a"}, {1, "a"}}, {{1, "a"}, {2, "b"}, {3, "a"}},
      std::vector<ZsetTree::Element>(129, {1, "x"})};
  for (const auto& elements : bad) {
    Zset zset;
    EXPECT_FALSE(zset.Fill(elements, limits));
    EXPECT_EQ(zset.size(), 0u);
    zset.Add(1, "a", limits);
    EXPECT_EQ(zset.Score("a"), 1);
  }
}

}  // namespace
}  // namespace windlass::types
