// SCAN's promise while tables change size, walks by position, random picks.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

slot::SlotId SlotOf(const Keyspace& keyspace, const std::string& key) {
  return keyspace.cluster_mode() ? slot::KeySlot(key) : slot::SlotId{0};
}

// Runs a scan over `stay` keys while others come or go between its steps.
void ScanWhile(bool cluster, int stay, int others, bool growing) {
  Keyspace keyspace({1, cluster, size_t{1} << 30}, base::Random(3));
  Database& db = keyspace.db(0);
  const auto set = [&](const std::string& key) { db.SetString(SlotOf(keyspace, key), key, "v"); };
  for (int i = 0; i < stay; ++i) set("stay:" + std::to_string(i));
  if (!growing) {
    for (int i = 0; i < others; ++i) set("other:" + std::to_string(i));
  }
  std::map<std::string, int> met;
  uint64_t cursor = 0;
  int next = 0;
  int steps = 0;
  do {
    cursor = db.Scan(cursor, 10, [&](slot::SlotId, Entry& entry) { ++met[std::string(entry.key())]; });
    for (int i = 0; i < 40 && next < others; ++i, ++next) {
      const std::string key = "other:" + std::to_string(next);
      if (growing) {
        set(key);
      } else {
        db.Erase(SlotOf(keyspace, key), key);
      }
    }
    ASSERT_LT(++steps, 1000000);
  } while (cursor != 0);
  for (int i = 0; i < stay; ++i) {
    ASSERT_EQ(met["stay:" + std::to_string(i)], 1) << i;
  }
}

TEST(Scan, MeetsEveryKeyOnceWhileTheTableGrows) {
  ScanWhile(false, 5000, 60000, true);
  ScanWhile(false, 20, 500, true);
}
TEST(Scan, MeetsEveryKeyOnceWhileTheTableShrinks) {
  ScanWhile(false, 2000, 60000, false);
  ScanWhile(false, 15, 400, false);
}
TEST(Scan, MeetsEveryKeyOnceOverSlotTables) {
  ScanWhile(true, 20000, 80000, true);
  ScanWhile(true, 10000, 80000, false);
}

TEST(Scan, EndsOnForeignCursors) {
  Keyspace keyspace({1, false, size_t{1} << 28}, base::Random(3));
  keyspace.db(0).SetString(0, "a", "1");
  EXPECT_EQ(keyspace.db(0).Scan(~uint64_t{0}, 10, [](slot::SlotId, Entry&) { FAIL(); }), 0u);
}

TEST(WalkSlot, AKeyIsVisitedIffItsPositionIsBelowTheWalk) {
  Keyspace keyspace({1, false, size_t{1} << 28}, base::Random(5));
  Database& db = keyspace.db(0);
  for (int i = 0; i < 3000; ++i) db.SetString(0, std::to_string(i), "v");
  std::set<std::string> visited;
  uint64_t position = 0;
  int added = 3000;
  while (position < SlotTable::kEnd) {
    position = db.WalkSlot(0, position, [&](Entry& entry) { visited.insert(std::string(entry.key())); });
    for (int i = 0; i < 3; ++i) {
      const std::string key = std::to_string(added++);
      db.SetString(0, key, "v");
      if (db.PositionOf(key) < position) visited.insert(key);
    }
    db.ForEach([&](slot::SlotId, Entry& entry) {
      const std::string key(entry.key());
      ASSERT_EQ(visited.contains(key), db.PositionOf(key) < position);
    });
    if (added > 3200) break;
  }
}

TEST(RandomEntry, IsUniformOverSlotsAndKeys) {
  Keyspace keyspace({1, true, size_t{1} << 28}, base::Random(11));
  Database& db = keyspace.db(0);
  // One crowded slot and some with one key.
  constexpr int kKeys = 200;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = i < 150 ? "{tag}" + std::to_string(i) : std::to_string(i);
    db.SetString(slot::KeySlot(key), key, "v");
  }
  std::map<std::string, int> picks;
  constexpr int kPicks = 200 * kKeys;
  for (int i = 0; i < kPicks; ++i) {
    slot::SlotId slot = 0;
    const std::string key(db.RandomEntry(&slot)->key());
    ASSERT_EQ(slot, slot::KeySlot(key));
    ++picks[key];
  }
  ASSERT_EQ(picks.size(), static_cast<size_t>(kKeys));
  // 200 expected each; six standard deviations.
  for (const auto& [key, count] : picks) EXPECT_NEAR(count, 200, 6 * std::sqrt(200.0)) << key;
}

TEST(Reserve, ATableThatWasReservedIsFilledWithoutChangingSize) {
  Keyspace keyspace({1, false, size_t{1} << 28}, base::Random(11));
  Database& db = keyspace.db(0);
  constexpr int kKeys = 100'000;
  db.Reserve(kKeys);
  db.SetString(0, "key:0", "v");
  const size_t bytes = db.SlotTableBytes(0);
  for (int i = 1; i < kKeys; ++i) db.SetString(0, "key:" + std::to_string(i), "v");
  EXPECT_EQ(db.SlotTableBytes(0), bytes);
  for (int i = 0; i < kKeys; ++i) ASSERT_NE(db.Peek(0, "key:" + std::to_string(i)), nullptr) << i;
  std::set<std::string> met;
  db.ForEach([&](slot::SlotId, Entry& entry) { met.insert(std::string(entry.key())); });
  EXPECT_EQ(met.size(), size_t{kKeys});
}

TEST(Reserve, KeysThatDidNotComeCostNothingAfterARemoval) {
  Keyspace keyspace({1, false, size_t{1} << 28}, base::Random(11));
  Database& db = keyspace.db(0);
  db.Reserve(1'000'000);
  for (int i = 0; i < 1000; ++i) db.SetString(0, "key:" + std::to_string(i), "v");
  db.Reserve(2'000'000);  // no longer empty: nothing
  db.Erase(0, "key:0");
  while (keyspace.BackgroundStep(1000)) {
  }
  EXPECT_LT(db.SlotTableBytes(0), 64u * 1024);
  for (int i = 1; i < 1000; ++i) ASSERT_NE(db.Peek(0, "key:" + std::to_string(i)), nullptr) << i;
}

TEST(DropSlot, TakesThatSlotOnly) {
  Keyspace keyspace({1, true, size_t{1} << 28}, base::Random(11));
  Database& db = keyspace.db(0);
  for (int i = 0; i < 50; ++i) {
    db.SetString(slot::KeySlot("a"), "{a}" + std::to_string(i), std::string(2000, 'x'));
    db.SetString(slot::KeySlot("b"), "{b}" + std::to_string(i), "y", {kNow, false});
  }
  EXPECT_EQ(db.DropSlot(slot::KeySlot("a"), true), 50u);
  EXPECT_EQ(db.size(), 50u);
  EXPECT_EQ(db.expires_size(), 50u);
  EXPECT_EQ(db.KeysInSlot(slot::KeySlot("a"), 10).size(), 0u);
  EXPECT_EQ(db.KeysInSlot(slot::KeySlot("b"), 10).size(), 10u);
  EXPECT_FALSE(db.occupied_slots().Contains(slot::KeySlot("a")));
  const size_t before = keyspace.used_bytes();
  while (keyspace.BackgroundStep(1000)) {
  }
  EXPECT_LT(keyspace.used_bytes() + 50 * 2000, before);
}

TEST(Unlink, GivesBigValuesToTheHelperThread) {
  Keyspace keyspace({1, false, size_t{1} << 28}, base::Random(11));
  Database& db = keyspace.db(0);
  for (int i = 0; i < 20; ++i) db.SetString(0, std::to_string(i), std::string(size_t{2} << 20, 'x'));
  EXPECT_GT(keyspace.used_bytes(), size_t{40} << 20);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(db.Unlink(0, std::to_string(i)));
  EXPECT_EQ(keyspace.used_bytes(), 0u);
}

}  // namespace
}  // namespace windlass::keyspace
