// A large value written in steps is, to the byte, what it is when written at once; for
// hashes and sets, which have no order, to the element.
#include "node/persistence/value_writer.h"

#include <gtest/gtest.h>

#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/rdb_reader.h"
#include "node/persistence/rdb_writer.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/zset.h"

namespace windlass::persistence {
namespace {

class Values : public ::testing::Test {
 protected:
  Values() : keyspace({1, false, size_t{64} << 20}, base::Random(1)) {}

  const keyspace::Entry& Put(std::unique_ptr<types::Object> object) {
    keyspace.db(0).SetObject(0, "key", std::move(object), {});
    return *keyspace.db(0).Peek(0, "key");
  }
  static std::string Member(int i) { return "member:" + std::to_string(i) + ":" + std::string(60, 'x'); }

  static std::string Framed(RdbWriter* writer) {
    writer->End();
    return writer->Take();
  }
  std::string AtOnce(const keyspace::Entry& entry) {
    RdbWriter writer({});
    writer.Begin({});
    writer.SelectDb(0);
    writer.Entry(entry);
    return Framed(&writer);
  }
  std::string InSteps(const keyspace::Entry& entry, size_t bytes) {
    RdbWriter writer({});
    writer.Begin({});
    writer.SelectDb(0);
    EXPECT_TRUE(writer.BeginEntry(entry));
    writer.StringEntry("behind", "it", -1);
    std::string out;
    int steps = 1;
    for (; writer.Continue(bytes); ++steps) out += "";
    EXPECT_GT(steps, 1);
    return Framed(&writer);
  }
  // All that a file holds, as a sorted text.
  static std::string Content(const std::string& rdb) {
    struct Sink : RdbSink {
      base::Result<void> OnEntry(RdbEntry entry) override {
        std::vector<std::string> parts;
        if (entry.object == nullptr) parts.push_back(entry.string);
        if (const auto* hash = dynamic_cast<types::Hash*>(entry.object.get())) {
          hash->ForEach([&](std::string_view f, std::string_view v) { parts.push_back(std::string(f) + "=" + std::string(v)); });
        } else if (const auto* set = dynamic_cast<types::Set*>(entry.object.get())) {
          set->ForEach([&](std::string_view m) { parts.emplace_back(m); });
        } else if (const auto* zset = dynamic_cast<types::Zset*>(entry.object.get())) {
          zset->ForEach([&](std::string_view m, double s) { parts.push_back(std::string(m) + "=" + std::to_string(s)); });
        } else if (const auto* list = dynamic_cast<types::List*>(entry.object.get())) {
          for (const types::Listpack& chunk : list->chunks()) parts.emplace_back(chunk.bytes());
        }
        if (dynamic_cast<types::List*>(entry.object.get()) == nullptr) std::sort(parts.begin(), parts.end());
        text += entry.key + ":" + std::to_string(parts.size());
        for (const std::string& part : parts) text += part + ";";
        return {};
      }
      std::string text;
    } sink;
    RdbReader reader({true}, &sink);
    const auto fed = reader.Feed(rdb);
    EXPECT_TRUE(fed.ok() && reader.done()) << (fed.ok() ? "cut short" : fed.error());
    return sink.text;
  }
  void Check(const keyspace::Entry& entry) {
    ASSERT_TRUE(ValueWriter::Cuts(entry));
    const std::string expected = Content(AtOnce(entry)) + Content([] {
      RdbWriter writer({});
      writer.Begin({});
      writer.StringEntry("behind", "it", -1);
      return Framed(&writer);
    }());
    for (const size_t bytes : {size_t{1}, size_t{1000}, size_t{100000}}) EXPECT_EQ(Content(InSteps(entry, bytes)), expected);
  }

  keyspace::Keyspace keyspace;
  types::Limits limits;
};

TEST_F(Values, Hash) {
  auto hash = std::make_unique<types::Hash>();
  for (int i = 0; i < 20000; ++i) hash->Set("field:" + std::to_string(i), Member(i), limits);
  Check(Put(std::move(hash)));
}

TEST_F(Values, Set) {
  auto set = std::make_unique<types::Set>();
  for (int i = 0; i < 30000; ++i) set->Add(Member(i), limits);
  Check(Put(std::move(set)));
}

TEST_F(Values, List) {
  auto list = std::make_unique<types::List>();
  for (int i = 0; i < 30000; ++i) list->Push(types::List::End::kTail, Member(i), limits);
  Check(Put(std::move(list)));
}

TEST_F(Values, String) {
  keyspace.db(0).SetString(0, "key", std::string(5 << 20, 'a') + "end", {});
  const keyspace::Entry& entry = *keyspace.db(0).Peek(0, "key");
  ASSERT_TRUE(ValueWriter::Cuts(entry));
  EXPECT_EQ(Content(InSteps(entry, 100000)).substr(0, 5), "key:1");
}

TEST_F(Values, SmallOnesAreNotCut) {
  auto hash = std::make_unique<types::Hash>();
  hash->Set("f", "v", limits);
  EXPECT_FALSE(ValueWriter::Cuts(Put(std::move(hash))));
}

TEST_F(Values, WhoeverChangesItHasItFinishedFirst) {
  auto hash = std::make_unique<types::Hash>();
  for (int i = 0; i < 20000; ++i) hash->Set("field:" + std::to_string(i), Member(i), limits);
  const keyspace::Entry& entry = Put(std::move(hash));
  const std::string before = Content(AtOnce(entry));
  RdbWriter writer({});
  writer.Begin({});
  writer.SelectDb(0);
  ASSERT_TRUE(writer.BeginEntry(entry));
  ASSERT_TRUE(writer.Continue(1000));
  writer.BeforeChange(entry);
  EXPECT_FALSE(writer.open());
  static_cast<types::Hash*>(keyspace.db(0).Peek(0, "key")->object())->Set("field:0", "changed", limits);
  EXPECT_EQ(Content(Framed(&writer)), before);
}

}  // namespace
}  // namespace windlass::persistence
