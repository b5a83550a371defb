// Expiry: on access by each mode, by the cycle, and who is told.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kLongTimeUs = 1'000'000'000;

struct Recorder : ExpiryListener, ChangeObserver, ChangeListener {
  void OnExpired(Database&, slot::SlotId, std::string_view key) override { expired.emplace_back(key); }
  void OnEvicted(Database&, slot::SlotId, std::string_view) override {}
  void BeforeChange(Database&, slot::SlotId, Entry& entry) override {
    char buffer[20];
    before.push_back(std::string(entry.key()) + "=" + std::string(entry.Text(buffer)));
  }
  void AfterInsert(Database&, slot::SlotId, Entry& entry) override { inserted.emplace_back(entry.key()); }
  void BeforeDrop(Database&, slot::SlotId) override { ++drops; }
  void BeforeSwap(Database&, Database&) override { ++swaps; }
  void AfterChange(Database&, slot::SlotId, std::string_view key) override { changed.emplace_back(key); }
  void AfterFlush(Database&) override { ++flushes; }
  std::vector<std::string> expired, before, inserted, changed;
  int drops = 0, swaps = 0, flushes = 0;
};

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() : keyspace_({2, false, size_t{1} << 28}, base::Random(3)) {
    keyspace_.set_expiry_listener(&recorder_);
    keyspace_.set_change_listener(&recorder_);
    keyspace_.AddObserver(&recorder_);
  }
  Keyspace keyspace_;
  Database& db_ = keyspace_.db(0);
  Recorder recorder_;
};

TEST_F(ExpiryTest, AMasterDeletesOnAccessAndSaysSo) {
  db_.SetString(0, "a", "1", {kNow, false});
  const uint64_t dirty = keyspace_.dirty();
  EXPECT_NE(db_.Find(0, "a", kNow), nullptr);  // not yet: the time must have passed
  EXPECT_EQ(db_.Find(0, "a", kNow + 1), nullptr);
  EXPECT_EQ(recorder_.expired, std::vector<std::string>{"a"});
  EXPECT_EQ(recorder_.before, std::vector<std::string>{"a=1"});
  EXPECT_EQ(db_.size(), 0u);
  EXPECT_EQ(db_.expires_size(), 0u);
  EXPECT_EQ(keyspace_.dirty(), dirty) << "deletion by expiry must not propagate the command that noticed";
  EXPECT_EQ(keyspace_.stats().expired_keys, 1u);
}

TEST_F(ExpiryTest, AReplicaOnlyHidesAndALoaderSees) {
  db_.SetString(0, "a", "1", {kNow, false});
  keyspace_.set_expiry_mode(ExpiryMode::kHide);
  EXPECT_EQ(db_.FindRead(0, "a", kNow + 1), nullptr);
  keyspace_.set_expiry_mode(ExpiryMode::kIgnore);
  EXPECT_NE(db_.FindRead(0, "a", kNow + 1), nullptr);
  EXPECT_EQ(db_.size(), 1u);
  EXPECT_TRUE(recorder_.expired.empty());
  EXPECT_EQ(keyspace_.stats().misses, 1u);
  EXPECT_EQ(keyspace_.stats().hits, 1u);
}

TEST_F(ExpiryTest, TheCycleFindsAFewAmongMany) {
  for (int i = 0; i < 50000; ++i) db_.SetString(0, "plain:" + std::to_string(i), "v");
  for (int i = 0; i < 20; ++i) db_.SetString(0, "brief:" + std::to_string(i), "v", {kNow, false});
  for (int i = 0; i < 20; ++i) db_.SetString(0, "long:" + std::to_string(i), "v", {kNow + 1000000, false});
  size_t expired = 0;
  for (int step = 0; step < 10; ++step) expired += keyspace_.ExpireStep(kNow + 1, kLongTimeUs);
  EXPECT_EQ(expired, 20u);
  EXPECT_EQ(recorder_.expired.size(), 20u);
  EXPECT_EQ(db_.size(), 50020u);
  EXPECT_EQ(db_.expires_size(), 20u);
  EXPECT_NEAR(static_cast<double>(db_.average_ttl_ms()), 1e6, 1e5);
}

TEST_F(ExpiryTest, TheCycleEmptiesAFullTableInOneCallIfTimeAllows) {
  for (int i = 0; i < 30000; ++i) db_.SetString(0, std::to_string(i), "v", {kNow - i, false});
  size_t expired = 0;
  for (int step = 0; step < 5; ++step) expired += keyspace_.ExpireStep(kNow + 1, kLongTimeUs);
  EXPECT_EQ(expired, 30000u);
  EXPECT_EQ(db_.size(), 0u);
}

TEST_F(ExpiryTest, TheCycleReachesEverySlot) {
  Keyspace slotted({1, true, size_t{1} << 28}, base::Random(3));
  Database& db = slotted.db(0);
  for (int i = 0; i < 30000; ++i) {
    const std::string key = std::to_string(i);
    db.SetString(slot::KeySlot(key), key, "v", {i % 2 == 0 ? kNow : kNow * 2, false});
  }
  for (int step = 0; step < 100; ++step) slotted.ExpireStep(kNow + 1, kLongTimeUs);
  EXPECT_EQ(db.size(), 15000u);
}

TEST_F(ExpiryTest, ObserversSeeTheOldStateOfEveryChange) {
  db_.SetString(0, "a", "1");
  db_.SetString(0, "a", "2");
  db_.SetExpiry(0, "a", kNow);
  db_.ResizeString(0, "a", 2)[1] = 'x';
  db_.Copy(0, "a", {keyspace_.db(1), 0, "b"});
  db_.Move(0, "a", {db_, 0, "c"});
  db_.Erase(0, "c");
  EXPECT_EQ(recorder_.before, (std::vector<std::string>{"a=1", "a=2", "a=2", "a=2x", "c=2x"}));
  EXPECT_EQ(recorder_.inserted, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(recorder_.changed, (std::vector<std::string>{"a", "a", "a", "a", "b", "c", "a", "c"}));
  EXPECT_EQ(keyspace_.db(1).Peek(0, "b")->expire_at_ms(), kNow);
  db_.Swap(keyspace_.db(1));
  EXPECT_EQ(db_.size(), 1u);
  EXPECT_EQ(recorder_.swaps, 1);
  keyspace_.FlushAll(false);
  EXPECT_EQ(recorder_.drops, 1);
  EXPECT_EQ(keyspace_.used_bytes(), 0u);
}

TEST_F(ExpiryTest, MarksStayWithAnEntryThatMoves) {
  db_.SetString(0, "a", "1")->set_marks(5);
  db_.SetString(0, "a", std::string(500, 'x'));
  db_.SetExpiry(0, "a", kNow);
  EXPECT_EQ(db_.Peek(0, "a")->marks(), 5);
  db_.Move(0, "a", {db_, 0, "b"});
  EXPECT_EQ(db_.Peek(0, "b")->marks(), 0);
}

}  // namespace
}  // namespace windlass::keyspace
