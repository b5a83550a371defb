// A snapshot is what was there at its start, whatever happens while it is taken.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "node/base/random.h"
#include "node/snapshot/snapshot.h"
#include "node/types/number.h"

namespace windlass::snapshot {
namespace {

using keyspace::Database;
using keyspace::Entry;
using keyspace::Keyspace;

constexpr int64_t kSmallestStepUs = 0;

std::string Describe(const Entry& entry) {
  char digits[types::kMaxIntegerDigits];
  return std::string(entry.Text(digits)) + "@" + std::to_string(entry.expire_at_ms());
}

using Contents = std::map<std::string, std::string>;

class CollectingSink : public SnapshotSink {
 public:
  void OnEntry(int db, slot::SlotId slot, const Entry& entry) override {
    const bool fresh = seen.emplace(std::to_string(db) + "/" + std::string(entry.key()), Describe(entry)).second;
    if (!fresh) ++repeated;
  }
  bool AfterCapture() override { return allow_captures; }
  Contents seen;
  int repeated = 0;
  bool allow_captures = true;
};

class SnapshotTest : public ::testing::TestWithParam<bool> {
 protected:
  SnapshotTest() : keyspace_(MakeOptions(GetParam()), base::Random(1)), engine_(&keyspace_) {}
  static Keyspace::Options MakeOptions(bool cluster) {
    Keyspace::Options options;
    options.databases = cluster ? 1 : 3;
    options.cluster_mode = cluster;
    options.arena_bytes = size_t{1} << 30;
    return options;
  }
  Database& db(int i = 0) { return keyspace_.db(i); }
  slot::SlotId SlotOf(std::string_view key) { return GetParam() ? slot::KeySlot(key) : 0; }
  void Set(const std::string& key, const std::string& value, int i = 0) { db(i).SetString(SlotOf(key), key, value); }
  Contents Now() {
    Contents all;
    for (int i = 0; i < keyspace_.database_count(); ++i) {
      db(i).ForEach([&](slot::SlotId, Entry& entry) {
        all[std::to_string(i) + "/" + std::string(entry.key())] = Describe(entry);
      });
    }
    return all;
  }
  int MarkedEntries() {
    int marked = 0;
    for (int i = 0; i < keyspace_.database_count(); ++i) {
      db(i).ForEach([&](slot::SlotId, Entry& entry) { marked += entry.marks() != 0; });
    }
    return marked;
  }

  Keyspace keyspace_;
  Engine engine_;
};

TEST_P(SnapshotTest, OfAnEmptyKeyspaceIsDoneAtOnce) {
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  EXPECT_EQ(snapshot->Step(1000), SnapshotState::kDone);
  EXPECT_TRUE(sink.seen.empty());
}

TEST_P(SnapshotTest, IsWhatWasThereAtItsStartUnderRandomChanges) {
  base::Random random(42);
  for (int round = 0; round < 12; ++round) {
    const uint64_t keys = 200 + random.Below(6000);
    for (uint64_t i = 0; i < keys; ++i) Set("key" + std::to_string(i), "value" + std::to_string(random.Below(1000)), static_cast<int>(random.Below(keyspace_.database_count())));
    const Contents before = Now();
    CollectingSink sink;
    auto snapshot = engine_.StartWhole(&sink);
    while (snapshot->Step(kSmallestStepUs) == SnapshotState::kRunning) {
      for (int change = 0; change < 12; ++change) {
        const int i = static_cast<int>(random.Below(keyspace_.database_count()));
        const std::string key = "key" + std::to_string(random.Below(keys * 2));
        switch (random.Below(6)) {
          case 0: db(i).Erase(SlotOf(key), key); break;
          case 1: db(i).SetExpiry(SlotOf(key), key, 1 + static_cast<int64_t>(random.Below(1000000))); break;
          case 2: db(i).ClearExpiry(SlotOf(key), key); break;
          case 3: db(i).ResizeString(SlotOf(key), key, random.Below(3000)); break;
          default: Set(key, std::string(random.Below(60), 'x'), i); break;
        }
      }
    }
    ASSERT_EQ(snapshot->state(), SnapshotState::kDone);
    EXPECT_EQ(sink.seen, before);
    EXPECT_EQ(sink.repeated, 0);
    EXPECT_EQ(snapshot->entries(), before.size());
    EXPECT_EQ(MarkedEntries(), 0);
  }
}

TEST_P(SnapshotTest, SurvivesATableThatGrowsTenfoldInTheMiddle) {
  for (int i = 0; i < 2000; ++i) Set("old" + std::to_string(i), "1");
  const Contents before = Now();
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  int added = 0;
  while (snapshot->Step(kSmallestStepUs) == SnapshotState::kRunning) {
    for (int i = 0; i < 200 && added < 20000; ++i) Set("new" + std::to_string(added++), "2");
  }
  EXPECT_EQ(sink.seen, before);
  EXPECT_EQ(MarkedEntries(), 0);
}

TEST_P(SnapshotTest, HoldsAKeyThatExpiresMeanwhile) {
  for (int i = 0; i < 500; ++i) Set("key" + std::to_string(i), "v");
  db().SetString(SlotOf("dying"), "dying", "v", {.at_ms = 1000});
  const Contents before = Now();
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  EXPECT_EQ(db().Find(SlotOf("dying"), "dying", 5000), nullptr);
  while (snapshot->Step(kSmallestStepUs) == SnapshotState::kRunning) {}
  EXPECT_EQ(sink.seen, before);
}

TEST_P(SnapshotTest, CapturesASmallFlushAndGoesOn) {
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i), "v");
  const Contents before = Now();
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  snapshot->Step(kSmallestStepUs);
  keyspace_.FlushAll(true);
  for (int i = 0; i < 100; ++i) Set("after" + std::to_string(i), "v");
  while (snapshot->Step(kSmallestStepUs) == SnapshotState::kRunning) {}
  EXPECT_EQ(snapshot->state(), SnapshotState::kDone);
  EXPECT_EQ(sink.seen, before);
  EXPECT_EQ(MarkedEntries(), 0);
}

TEST_P(SnapshotTest, EndsWhenALotIsFlushedAtOnceAndLeavesNoMarkForTheNext) {
  for (uint64_t i = 0; i < Snapshot::kMaxEntriesByDrop + 100; ++i) Set("key" + std::to_string(i), "v");
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  keyspace_.FlushAll(false);
  EXPECT_EQ(snapshot->Step(100), SnapshotState::kAborted);
  EXPECT_FALSE(snapshot->abort_reason().empty());
  snapshot.reset();
  Set("after", "v");
  CollectingSink again;
  auto next = engine_.StartWhole(&again);
  while (next->Step(100) == SnapshotState::kRunning) {}
  EXPECT_EQ(again.seen.size(), 1u);
}

TEST_P(SnapshotTest, EndsWhenTheSinkCanTakeNoMore) {
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i), "v");
  CollectingSink sink;
  sink.allow_captures = false;
  auto snapshot = engine_.StartWhole(&sink);
  Set("key1", "other");
  EXPECT_EQ(snapshot->state(), SnapshotState::kAborted);
}

TEST_P(SnapshotTest, AnAbandonedOnesMarksAreClearedInSteps) {
  for (int i = 0; i < 3000; ++i) Set("key" + std::to_string(i), "v");
  CollectingSink sink;
  auto snapshot = engine_.StartWhole(&sink);
  for (int i = 0; i < 3000; ++i) Set("key" + std::to_string(i), "w");
  EXPECT_GT(MarkedEntries(), 2000);
  snapshot.reset();
  EXPECT_TRUE(engine_.cleaning());
  int steps = 0;
  while (engine_.CleanStep(kSmallestStepUs)) ++steps;
  EXPECT_GT(steps, 10);
  EXPECT_EQ(MarkedEntries(), 0);
  EXPECT_FALSE(engine_.cleaning());
}

TEST_P(SnapshotTest, SeveralAtOnceDoNotDisturbEachOther) {
  for (int i = 0; i < 2000; ++i) Set("key" + std::to_string(i), "1");
  const Contents first_view = Now();
  CollectingSink first_sink;
  auto first = engine_.StartWhole(&first_sink);
  for (int i = 0; i < 50; ++i) first->Step(kSmallestStepUs);
  for (int i = 0; i < 2000; i += 3) Set("key" + std::to_string(i), "2");
  const Contents second_view = Now();
  CollectingSink second_sink;
  auto second = engine_.StartWhole(&second_sink);
  bool more = true;
  for (int i = 0; more; ++i) {
    Set("key" + std::to_string(i * 7 % 2000), "3");
    const bool first_runs = first->Step(kSmallestStepUs) == SnapshotState::kRunning;
    more = second->Step(kSmallestStepUs) == SnapshotState::kRunning || first_runs;
  }
  EXPECT_EQ(first_sink.seen, first_view);
  EXPECT_EQ(second_sink.seen, second_view);
}

TEST_P(SnapshotTest, NoMoreThanEightAtATime) {
  CollectingSink sink;
  std::vector<std::unique_ptr<Snapshot>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(engine_.StartWhole(&sink));
    ASSERT_NE(all.back(), nullptr);
  }
  EXPECT_EQ(engine_.StartWhole(&sink), nullptr);
}

INSTANTIATE_TEST_SUITE_P(BothLayouts, SnapshotTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Cluster" : "Standalone"; });

TEST(SnapshotOfSlots, HoldsTheseSlotsOnlyAndSurvivesDroppingOne) {
  Keyspace::Options options;
  options.databases = 1;
  options.cluster_mode = true;
  options.arena_bytes = size_t{1} << 30;
  Keyspace keyspace(options, base::Random(1));
  Engine engine(&keyspace);
  Contents expected;
  slot::SlotSet wanted;
  for (int i = 0; i < 4000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const slot::SlotId slot = slot::KeySlot(key);
    keyspace.db(0).SetString(slot, key, "v");
    if (slot >= 8000) continue;
    wanted.Add(slot);
    expected["0/" + key] = "v@-1";
  }
  CollectingSink sink;
  auto snapshot = engine.Start(wanted, &sink);
  for (int i = 0; i < 20; ++i) snapshot->Step(0);
  const slot::SlotId late = static_cast<slot::SlotId>(wanted.Ranges().back().last);
  keyspace.db(0).DropSlot(late, true);
  while (snapshot->Step(0) == SnapshotState::kRunning) {}
  EXPECT_EQ(sink.seen, expected);
}

}  // namespace
}  // namespace windlass::snapshot
