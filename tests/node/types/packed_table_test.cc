// PackedTable against a map: random changes, scans with changes between, picks.
#include "node/types/packed_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>

namespace windlass::types {
namespace {

std::map<std::string, std::string> Contents(const PackedTable& table) {
  std::map<std::string, std::string> out;
  table.ForEach([&](PackedTable::Element e) {
    EXPECT_TRUE(out.emplace(e.key, e.value).second) << "twice: " << e.key;
  });
  return out;
}

TEST(PackedTableTest, BehavesAsAMap) {
  std::mt19937 random(11);
  PackedTable table(true);
  std::map<std::string, std::string> model;
  const auto text = [&](size_t longest) { return std::string(random() % longest, static_cast<char>('a' + random() % 26)); };
  for (int i = 0; i < 60000; ++i) {
    const bool growing = i / 10000 % 2 == 0;
    const std::string key = std::to_string(random() % 5000) + (random() % 500 == 0 ? std::string(700, 'k') : "");
    if (random() % 10 < (growing ? 8u : 2u)) {
      const std::string value = text(random() % 50 == 0 ? 2000 : 40);
      EXPECT_EQ(table.Set(key, value), model.insert_or_assign(key, value).second);
    } else {
      EXPECT_EQ(table.Erase(key), model.erase(key) == 1);
    }
    ASSERT_EQ(table.size(), model.size());
    if (i % 3000 == 0) {
      ASSERT_EQ(Contents(table), model);
      const PackedTable copy(table);
      ASSERT_EQ(Contents(copy), model);
      ASSERT_EQ(copy.MemoryBytes(), table.MemoryBytes());
    }
    const auto found = table.Find(key);
    ASSERT_EQ(found.has_value(), model.count(key) == 1);
    if (found) {
      ASSERT_EQ(*found, model[key]);
    }
  }
  for (const auto& [key, value] : model) EXPECT_TRUE(table.Erase(key));
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.MemoryBytes(), PackedTable(true).MemoryBytes());
}

TEST(PackedTableTest, AScanMeetsWhatStays) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    PackedTable table(false);
    for (int i = 0; i < 2000; ++i) table.Set("stays" + std::to_string(i));
    std::set<std::string> met;
    uint64_t cursor = 0;
    int steps = 0;
    do {
      cursor = table.Scan(cursor, [&](PackedTable::Element e) { met.emplace(e.key); });
      for (int i = 0; i < 200; ++i) {
        const std::string other = "other" + std::to_string(random() % 20000);
        round % 2 == 0 || steps < 50 ? table.Set(other) : table.Erase(other);
      }
      ASSERT_LT(++steps, 100000);
    } while (cursor != 0);
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(met.count("stays" + std::to_string(i)) == 1) << i;
  }
}

TEST(PackedTableTest, RandomIsUniform) {
  std::mt19937_64 random(9);
  PackedTable table(false);
  constexpr int kElements = 200;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kElements; ++i) table.Set(std::to_string(i));
  std::map<std::string, int> drawn;
  for (int i = 0; i < kDraws; ++i) ++drawn[std::string(table.Random([&] { return random(); }).key)];
  EXPECT_EQ(drawn.size(), static_cast<size_t>(kElements));
  const double expected = static_cast<double>(kDraws) / kElements;
  for (const auto& [key, times] : drawn) EXPECT_LT(std::abs(times - expected), 6 * std::sqrt(expected)) << key;
}

TEST(PackedTableTest, IsFreedInSteps) {
  PackedTable table(true);
  for (int i = 0; i < 10000; ++i) table.Set(std::to_string(i), std::string(i % 100 == 0 ? 5000 : 5, 'v'));
  int steps = 1;
  while (!table.FreeStep(16)) ++steps;
  EXPECT_GT(steps, 40);
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace windlass::types
