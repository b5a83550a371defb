// A container changed in place: who is told, what is counted, what is booked.
#include "node/keyspace/object_edit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {
namespace {

// As little of a container as there can be: its size is told.
class Bag final : public types::Object {
 public:
  explicit Bag(size_t items) : items(items) {}
  types::Type type() const override { return types::Type::kSet; }
  types::Encoding encoding() const override { return types::Encoding::kHashtable; }
  size_t MemoryBytes() const override { return 100 * items; }
  std::unique_ptr<types::Object> Clone() const override { return std::make_unique<Bag>(items); }
  bool FreeStep(size_t) override { return true; }
  size_t items;
};

class Told final : public ChangeObserver, public ChangeListener {
 public:
  void BeforeChange(Database&, slot::SlotId, Entry& entry) override {
    before.push_back(static_cast<Bag*>(entry.object())->items);
  }
  void AfterInsert(Database&, slot::SlotId, Entry&) override {}
  void BeforeDrop(Database&, slot::SlotId) override {}
  void BeforeSwap(Database&, Database&) override {}
  void AfterChange(Database&, slot::SlotId, std::string_view key) override { after.emplace_back(key); }
  void AfterFlush(Database&) override {}
  std::vector<size_t> before;
  std::vector<std::string> after;
};

class ObjectEditTest : public testing::Test {
 protected:
  ObjectEditTest() {
    keyspace.db(0).SetObject(0, "bag", std::make_unique<Bag>(3));
    keyspace.AddObserver(&told);
    keyspace.set_change_listener(&told);
  }
  ~ObjectEditTest() override { keyspace.RemoveObserver(&told); }
  Entry& Find() { return *keyspace.db(0).Find(0, "bag", 1); }

  Keyspace keyspace{{1, false, size_t{64} << 20}, base::Random(1)};
  Told told;
};

TEST_F(ObjectEditTest, BooksMemoryAndTellsOnce) {
  const size_t used = keyspace.used_bytes();
  const size_t slot_bytes = keyspace.db(0).SlotBytes(0);
  const uint64_t dirty = keyspace.dirty();
  {
    ObjectEdit edit(keyspace.db(0), 0, "bag", Find());
    edit.As<Bag>().items = 10;
    edit.Changed(4);
    edit.Changed();
  }
  EXPECT_EQ(told.before, std::vector<size_t>{3});
  EXPECT_EQ(told.after, std::vector<std::string>{"bag"});
  EXPECT_EQ(keyspace.dirty(), dirty + 5);
  EXPECT_EQ(keyspace.used_bytes(), used + 700);
  EXPECT_EQ(keyspace.db(0).SlotBytes(0), slot_bytes + 700);
}

TEST_F(ObjectEditTest, WithoutAChangeNobodyIsTold) {
  const uint64_t dirty = keyspace.dirty();
  { ObjectEdit edit(keyspace.db(0), 0, "bag", Find()); }
  EXPECT_TRUE(told.after.empty());
  EXPECT_EQ(keyspace.dirty(), dirty);
}

TEST_F(ObjectEditTest, AnEmptyContainerIsNoKey) {
  const size_t used = keyspace.used_bytes();
  {
    ObjectEdit edit(keyspace.db(0), 0, "bag", Find());
    edit.As<Bag>().items = 0;
    edit.Changed(3);
    edit.EraseIf(true);
  }
  EXPECT_EQ(keyspace.db(0).size(), 0u);
  EXPECT_EQ(keyspace.db(0).Find(0, "bag", 1), nullptr);
  EXPECT_EQ(told.after, std::vector<std::string>{"bag"});
  EXPECT_LT(keyspace.used_bytes(), used);
}

}  // namespace
}  // namespace windlass::keyspace
