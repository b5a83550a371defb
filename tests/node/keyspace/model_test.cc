// A database against a std::map: random operations, the same answers; then the
// counts and byte totals come back to nothing.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::keyspace {
namespace {

struct ModelValue {
  std::string value;
  int64_t expire_at_ms = kNoExpiry;
};

class Model {
 public:
  Model(bool cluster, uint64_t seed, int keys)
      : random_(seed), keys_(keys), keyspace_({2, cluster, size_t{1} << 30}, base::Random(seed + 1)) {}

  void Run(int operations) {
    for (int i = 0; i < operations; ++i) {
      // Phases that grow and phases that shrink, so that tables do both.
      const bool growing = i / (operations / 4) % 2 == 0;
      Operate(growing);
      if (i % 1024 == 0) now_ += static_cast<int64_t>(random_.Below(400));
      if (i % 4096 == 0) keyspace_.BackgroundStep(50);
    }
    CheckAll();
  }

  void DropAll() {
    db().Flush(true);
    while (keyspace_.BackgroundStep(1000)) {
    }
    EXPECT_EQ(db().size(), 0u);
    EXPECT_EQ(keyspace_.used_bytes(), 0u);
  }

 private:
  Database& db() { return keyspace_.db(0); }
  std::string Key() {
    const uint64_t n = random_.Below(static_cast<uint64_t>(keys_));
    std::string key = "key:" + std::to_string(n);
    if (n % 97 == 0) key.append(200, 'k');
    if (n % 997 == 0) key.append(3000, 'k');
    return key;
  }
  std::string Value() {
    switch (random_.Below(8)) {
      case 0: return std::to_string(static_cast<int64_t>(random_.Next()));
      case 1: return std::string(random_.Below(3000), 'v');
      case 2: return "";
      default: return random_.Hex(static_cast<int>(random_.Below(100)));
    }
  }
  slot::SlotId SlotOf(const std::string& key) { return keyspace_.cluster_mode() ? slot::KeySlot(key) : 0; }
  void Expire(const std::string& key) {
    const auto found = model_.find(key);
    if (found != model_.end() && found->second.expire_at_ms != kNoExpiry && found->second.expire_at_ms < now_) {
      model_.erase(found);
    }
  }

  void Operate(bool growing) {
    const std::string key = Key();
    const slot::SlotId slot = SlotOf(key);
    Expire(key);
    Entry* entry = db().Find(slot, key, now_);
    Compare(key, entry);
    const uint64_t choice = random_.Below(20);
    if (choice < (growing ? 11u : 3u)) {
      const std::string value = Value();
      Expiry expiry;
      if (random_.Below(3) == 0) expiry.at_ms = now_ + static_cast<int64_t>(random_.Below(20000));
      if (random_.Below(5) == 0) expiry.keep = true;
      db().SetString(slot, key, value, expiry);
      ModelValue& target = model_[key];
      target.value = value;
      if (!expiry.keep) target.expire_at_ms = expiry.at_ms;
    } else if (choice < 14) {
      const bool erased = random_.Below(2) == 0 ? db().Erase(slot, key) : db().Unlink(slot, key);
      EXPECT_EQ(erased, model_.erase(key) == 1);
    } else if (choice < 16) {
      const int64_t at_ms = now_ + static_cast<int64_t>(random_.Below(50000));
      EXPECT_EQ(db().SetExpiry(slot, key, at_ms), model_.contains(key));
      if (model_.contains(key)) model_[key].expire_at_ms = at_ms;
    } else if (choice == 16) {
      const bool had = model_.contains(key) && model_[key].expire_at_ms != kNoExpiry;
      EXPECT_EQ(db().ClearExpiry(slot, key), had);
      if (had) model_[key].expire_at_ms = kNoExpiry;
    } else if (choice == 17) {
      Resize(key, slot);
    } else {
      Rename(key, slot, choice == 18);
    }
  }

  void Resize(const std::string& key, slot::SlotId slot) {
    std::string& value = model_[key].value;
    const size_t length = value.size() + 1 + random_.Below(random_.Below(10) == 0 ? 2000 : 30);
    const std::span<char> bytes = db().ResizeString(slot, key, length);
    ASSERT_EQ(bytes.size(), length);
    bytes[length - 1] = 'e';
    value.resize(length, '\0');
    value[length - 1] = 'e';
  }

  void Rename(const std::string& key, slot::SlotId slot, bool move) {
    const std::string other = Key();
    if (!model_.contains(key) || other == key) return;
    const Database::Target target{db(), SlotOf(other), other};
    if (move) {
      db().Move(slot, key, target);
    } else {
      db().Copy(slot, key, target);
    }
    const ModelValue value = model_[key];
    model_[other] = value;
    if (move) model_.erase(key);
  }

  void Compare(const std::string& key, const Entry* entry) {
    const auto found = model_.find(key);
    ASSERT_EQ(entry != nullptr, found != model_.end()) << key;
    if (entry == nullptr) return;
    char buffer[types::kMaxIntegerDigits];
    ASSERT_EQ(entry->key(), key);
    ASSERT_EQ(entry->Text(buffer), found->second.value);
    ASSERT_EQ(entry->expire_at_ms(), found->second.expire_at_ms);
  }

  void CheckAll() {
    for (const auto& [key, value] : model_) {
      const Entry* entry = db().Peek(SlotOf(key), key);
      Compare(key, entry);
    }
    size_t met = 0;
    size_t expiring = 0;
    db().ForEach([&](slot::SlotId slot, Entry& entry) {
      ++met;
      if (entry.has_expiry()) ++expiring;
      EXPECT_EQ(slot, SlotOf(std::string(entry.key())));
    });
    EXPECT_EQ(met, db().size());
    EXPECT_EQ(expiring, db().expires_size());
    size_t in_slots = 0;
    for (int s = 0; s < (keyspace_.cluster_mode() ? slot::kSlotCount : 1); ++s) {
      in_slots += db().SlotSize(static_cast<slot::SlotId>(s));
    }
    EXPECT_EQ(in_slots, db().size());
    // Keys past their time that nobody asked for are still in the database.
    EXPECT_EQ(met, model_.size());
  }

  base::Random random_;
  int keys_;
  Keyspace keyspace_;
  std::map<std::string, ModelValue> model_;
  int64_t now_ = 1'700'000'000'000;
};

TEST(DatabaseModel, OneTableAgreesWithAMap) {
  Model model(false, 1, 20000);
  model.Run(200000);
  model.DropAll();
}

TEST(DatabaseModel, SlotTablesAgreeWithAMap) {
  Model model(true, 2, 30000);
  model.Run(200000);
  model.DropAll();
}

TEST(DatabaseModel, AFewKeysAgreeWithAMap) {
  for (uint64_t seed = 10; seed < 20; ++seed) {
    Model model(false, seed, 40);
    model.Run(8000);
    model.DropAll();
  }
}

}  // namespace
}  // namespace windlass::keyspace
