// The object store: revisions, history and what is left after a restart.
#include "operator/local/api_server/object_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace windlass::api_server {
namespace {

using nlohmann::json;
using Tx = ObjectStore::Transaction;

class ObjectStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "store-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open() { store_ = std::make_unique<ObjectStore>(directory_, limits_); }
  void Reopen() {
    store_.reset();
    Open();
  }
  uint64_t Put(const std::string& name, int value) {
    Tx tx(*store_);
    tx.Put({"pods", "default", name}, {{"metadata", {{"name", name}}}, {"value", value}});
    return tx.revision();
  }
  void Delete(const std::string& name) { Tx(*store_).Delete({"pods", "default", name}); }
  std::string Journal() const { return directory_ + "/objects.journal"; }

  ObjectStore::Limits limits_;
  std::string directory_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ObjectStoreTest, EveryWriteHasARevisionAboveTheLast) {
  uint64_t first = Put("a", 1);
  EXPECT_EQ(Put("b", 1), first + 1);
  EXPECT_EQ(Put("a", 2), first + 2);
  Object a = Tx(*store_).Get({"pods", "default", "a"});
  EXPECT_EQ((*a)["metadata"]["resourceVersion"], std::to_string(first + 2));
}

TEST_F(ObjectStoreTest, ARestartKeepsObjectsRevisionsAndHistory) {
  uint64_t first = Put("a", 1);
  Put("b", 1);
  Delete("a");
  uint64_t last = store_->revision();
  Reopen();
  EXPECT_EQ(store_->revision(), last);
  EXPECT_EQ(Tx(*store_).Get({"pods", "default", "a"}), nullptr);
  ASSERT_NE(Tx(*store_).Get({"pods", "default", "b"}), nullptr);
  auto batch = store_->Events("pods", first, 0);
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->events[1].after, nullptr);
  EXPECT_GT(Put("c", 1), last);
}

TEST_F(ObjectStoreTest, ARecordCutShortAtTheEndIsDropped) {
  Put("a", 1);
  auto good = std::filesystem::file_size(Journal());
  Put("b", 1);
  store_.reset();
  std::filesystem::resize_file(Journal(), good + 10);
  Open();
  EXPECT_NE(Tx(*store_).Get({"pods", "default", "a"}), nullptr);
  EXPECT_EQ(Tx(*store_).Get({"pods", "default", "b"}), nullptr);
  Put("c", 1);
  Reopen();
  EXPECT_NE(Tx(*store_).Get({"pods", "default", "c"}), nullptr);
}

TEST_F(ObjectStoreTest, DamageBeforeTheLastRecordIsRefused) {
  Put("a", 1);
  Put("b", 1);
  store_.reset();
  {
    std::fstream file(Journal(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('#');
  }
  EXPECT_THROW(Open(), std::runtime_error);
}

TEST_F(ObjectStoreTest, TwoStoresCannotHoldOneDirectory) {
  EXPECT_THROW(ObjectStore(directory_, limits_), std::runtime_error);
}

TEST_F(ObjectStoreTest, AnOldRevisionIsRefusedOnceHistoryIsFull) {
  limits_.history_events = 3;
  Reopen();
  uint64_t first = Put("a", 0);
  for (int i = 1; i <= 4; ++i) Put("a", i);
  EXPECT_FALSE(store_->Events("pods", first, 0).has_value());
  EXPECT_TRUE(store_->Events("pods", first + 1, 0).has_value());
  store_->CompactHistory();
  EXPECT_FALSE(store_->Events("pods", first + 3, 0).has_value());
  EXPECT_TRUE(store_->Events("pods", store_->revision(), 0).has_value());
}

TEST_F(ObjectStoreTest, TheJournalIsRewrittenAndStaysTrue) {
  limits_.journal_slack_bytes = 2000;
  Reopen();
  for (int i = 0; i < 200; ++i) Put("a", i);
  EXPECT_LT(std::filesystem::file_size(Journal()), 6000U);
  uint64_t last = store_->revision();
  Reopen();
  EXPECT_EQ(store_->revision(), last);
  EXPECT_EQ((*Tx(*store_).Get({"pods", "default", "a"}))["value"], 199);
}

TEST_F(ObjectStoreTest, EventsOfOtherResourcesAreLeftOut) {
  uint64_t start = store_->revision();
  Put("a", 1);
  Tx(*store_).Put({"nodes", "", "n"}, json{{"metadata", json::object()}});
  auto batch = store_->Events("nodes", start, 0);
  ASSERT_TRUE(batch.has_value());
  ASSERT_EQ(batch->events.size(), 1U);
  EXPECT_EQ(batch->next, store_->revision());
}

TEST_F(ObjectStoreTest, AListOfOneNamespaceIsOnlyThat) {
  Put("a", 1);
  Tx(*store_).Put({"pods", "other", "b"}, json{{"metadata", json::object()}});
  EXPECT_EQ(Tx(*store_).List("pods", "other").items.size(), 1U);
  EXPECT_EQ(Tx(*store_).List("pods", "").items.size(), 2U);
  EXPECT_TRUE(Tx(*store_).List("pod", "").items.empty());
}

}  // namespace
}  // namespace windlass::api_server
