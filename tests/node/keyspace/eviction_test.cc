// Which keys go when memory runs out, by policy, and who is told.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "node/keyspace/evictor.h"
#include "node/keyspace/keyspace.h"
#include "node/slot/slot.h"

namespace windlass::keyspace {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

struct Recorder : ExpiryListener {
  void OnExpired(Database&, slot::SlotId, std::string_view) override { ++expired; }
  void OnEvicted(Database&, slot::SlotId, std::string_view key) override { evicted.emplace_back(key); }
  std::vector<std::string> evicted;
  int expired = 0;
};

// In cluster mode keys lie in 16 384 tables, else in one: parameter.
class EvictionTest : public testing::TestWithParam<bool> {
 protected:
  EvictionTest() : keyspace_({1, GetParam(), size_t{1} << 28}, base::Random(7)), evictor_(&keyspace_) {
    keyspace_.set_expiry_listener(&recorder_);
  }
  slot::SlotId SlotOf(const std::string& key) const { return GetParam() ? slot::KeySlot(key) : slot::SlotId{0}; }
  Entry* Put(const std::string& key, Expiry expiry = {}) {
    keyspace_.db(0).Find(SlotOf(key), key, kNow);  // tells the time
    return keyspace_.db(0).SetString(SlotOf(key), key, "value", expiry);
  }
  bool Evict(EvictionPolicy policy) { return evictor_.EvictOne({policy, 5, false}, kNow); }

  Keyspace keyspace_;
  Evictor evictor_;
  Recorder recorder_;
};

INSTANTIATE_TEST_SUITE_P(Modes, EvictionTest, testing::Bool());

TEST_P(EvictionTest, WithoutAPolicyNothingGoes) {
  Put("a");
  EXPECT_FALSE(Evict(EvictionPolicy::kNone));
  EXPECT_EQ(keyspace_.db(0).size(), 1u);
}

TEST_P(EvictionTest, VolatilePoliciesTakeKeysWithExpiryOnlyAndAllOfThem) {
  for (const EvictionPolicy policy : {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu,
                                      EvictionPolicy::kVolatileRandom, EvictionPolicy::kVolatileTtl}) {
    // Few among many: they have to be looked for.
    for (int i = 0; i < 3000; ++i) Put("stays" + std::to_string(i));
    for (int i = 0; i < 7; ++i) Put("goes" + std::to_string(i), {kNow + 100000 + i, false});
    recorder_.evicted.clear();
    while (Evict(policy)) ASSERT_LE(recorder_.evicted.size(), 7u);
    EXPECT_EQ(recorder_.evicted.size(), 7u) << static_cast<int>(policy);
    for (const std::string& key : recorder_.evicted) EXPECT_EQ(key.substr(0, 4), "goes");
    EXPECT_EQ(keyspace_.db(0).size(), 3000u);
  }
  EXPECT_EQ(keyspace_.stats().evicted_keys, 28u);
  EXPECT_EQ(recorder_.expired, 0);
}

TEST_P(EvictionTest, AllKeysPoliciesEmptyTheDatabase) {
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAllKeysLru, EvictionPolicy::kAllKeysLfu, EvictionPolicy::kAllKeysRandom}) {
    for (int i = 0; i < 300; ++i) Put("k" + std::to_string(i));
    int count = 0;
    while (Evict(policy)) ASSERT_LE(++count, 300);
    EXPECT_EQ(count, 300);
    EXPECT_EQ(keyspace_.db(0).size(), 0u);
  }
}

// The share of evictions that hit the half of the keys that ought to go.
double Accuracy(const std::vector<std::string>& evicted) {
  double good = 0;
  for (const std::string& key : evicted) good += key.substr(0, 3) == "old" ? 1 : 0;
  return good / static_cast<double>(evicted.size());
}

TEST_P(EvictionTest, LruTakesWhatWasNotUsedForLong) {
  for (int i = 0; i < 2000; ++i) {
    const std::string name = (i % 2 == 0 ? "old" : "new") + std::to_string(i);
    Put(name)->set_access(AccessClock::FromIdleSeconds(i % 2 == 0 ? 1000 + i : i / 10, kNow));
  }
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(Evict(EvictionPolicy::kAllKeysLru));
  EXPECT_GT(Accuracy(recorder_.evicted), 0.99);
}

TEST_P(EvictionTest, LfuTakesWhatIsSeldomUsed) {
  keyspace_.access_options().policy = AccessPolicy::kLfu;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = (i % 2 == 0 ? "old" : "new") + std::to_string(i);
    Put(name)->set_access(AccessClock::FromFrequency(i % 2 == 0 ? 1 : 100, kNow));
  }
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(Evict(EvictionPolicy::kAllKeysLfu));
  EXPECT_GT(Accuracy(recorder_.evicted), 0.99);
}

TEST_P(EvictionTest, TtlTakesWhatEndsSoonest) {
  for (int i = 0; i < 2000; ++i) {
    Put((i % 2 == 0 ? "old" : "new") + std::to_string(i), {kNow + (i % 2 == 0 ? 1000 + i : 10'000'000 + i), false});
  }
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(Evict(EvictionPolicy::kVolatileTtl));
  EXPECT_GT(Accuracy(recorder_.evicted), 0.99);
}

TEST_P(EvictionTest, ACandidateThatWasUsedSinceIsSpared) {
  std::vector<std::string> keys;
  for (int i = 0; i < 16; ++i) {
    keys.push_back("k" + std::to_string(i));
    Put(keys.back())->set_access(AccessClock::FromIdleSeconds(1000 + i, kNow));
  }
  ASSERT_TRUE(Evict(EvictionPolicy::kAllKeysLru));  // others are in the pool now
  std::set<std::string> used;
  for (const std::string& key : keys) {
    Entry* entry = keyspace_.db(0).Peek(SlotOf(key), key);
    if (entry == nullptr || used.size() == 14) continue;
    entry->set_access(AccessClock::FromIdleSeconds(0, kNow));
    used.insert(key);
  }
  Entry* last = nullptr;
  std::string idle;
  for (const std::string& key : keys) {
    Entry* entry = keyspace_.db(0).Peek(SlotOf(key), key);
    if (entry != nullptr && !used.contains(key)) last = entry, idle = key;
  }
  ASSERT_NE(last, nullptr);
  // With more samples than keys the only idle one is always seen.
  while (evictor_.EvictOne({EvictionPolicy::kAllKeysLru, 64, false}, kNow) && recorder_.evicted.back() != idle) {
    EXPECT_FALSE(used.contains(recorder_.evicted.back())) << recorder_.evicted.back();
    if (recorder_.evicted.size() > 3) break;
  }
  EXPECT_EQ(recorder_.evicted.back(), idle);
}

// Slots that arrive by a migration are the other node's until they are handed over.
TEST(EvictionOfHiddenSlots, TakesNothingThatIsNotShown) {
  for (int policy = 0; policy < static_cast<int>(EvictionPolicy::kNone); ++policy) {
    Keyspace keyspace({1, true, size_t{1} << 28}, base::Random(7));
    Recorder recorder;
    keyspace.set_expiry_listener(&recorder);
    Evictor evictor(&keyspace);
    Database& db = keyspace.db(0);
    slot::SlotSet hidden;
    for (slot::SlotId slot = 0; slot < slot::kSlotCount; ++slot) {
      if (slot % 1000 != 0) hidden.Add(slot);
    }
    std::set<std::string> shown;
    const auto fill = [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const std::string key = "k" + std::to_string(i);
        db.SetString(slot::KeySlot(key), key, "value", {kNow + 100000 + i, false});
        if (!hidden.Contains(slot::KeySlot(key))) shown.insert(key);
      }
    };
    const auto evict = [&] { return evictor.EvictOne({static_cast<EvictionPolicy>(policy), 5, false}, kNow); };
    // Candidates are remembered from before their slots are hidden.
    fill(0, 3000);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(evict());
    for (const std::string& key : recorder.evicted) shown.erase(key);
    recorder.evicted.clear();
    db.Hide(hidden);
    fill(3000, 6000);
    const size_t before = db.size();
    while (evict()) ASSERT_LE(recorder.evicted.size(), shown.size()) << policy;
    EXPECT_EQ(std::set<std::string>(recorder.evicted.begin(), recorder.evicted.end()), shown) << policy;
    EXPECT_GT(shown.size(), 0u);
    EXPECT_EQ(db.size(), before - shown.size());
    db.Unhide(hidden);
    EXPECT_TRUE(evict());
  }
}

TEST_P(EvictionTest, RandomPicksAreEven) {
  for (int i = 0; i < 400; ++i) Put("k" + std::to_string(i), {kNow + 100000, false});
  std::vector<int> seen(400);
  for (int i = 0; i < 40000; ++i) {
    keyspace_.db(0).Sample(true, 1, [&](slot::SlotId, Entry& entry) {
      ++seen[static_cast<size_t>(std::stoi(std::string(entry.key().substr(1))))];
    });
  }
  for (int i = 0; i < 400; ++i) {
    EXPECT_GT(seen[static_cast<size_t>(i)], 20) << i;
    EXPECT_LT(seen[static_cast<size_t>(i)], 300) << i;
  }
}

}  // namespace
}  // namespace windlass::keyspace
