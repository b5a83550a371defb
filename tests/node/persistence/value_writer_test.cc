// A large value written in steps is, to the byte, what it is when written at once; for
// hashes and sets, which have no order, to the element. A container that changes meanwhile
// is written as it was, and a step does not grow with it.
#include "node/persistence/value_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_reader.h"
#include "node/persistence/rdb_writer.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
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
          for (size_t i = 0; i < list->chunks().size(); ++i) parts.emplace_back(list->chunks()[i].bytes());
        } else if (const auto* stream = dynamic_cast<types::Stream*>(entry.object.get())) {
          parts.emplace_back();
          AppendObject(*stream, false, &parts.back());
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

TEST_F(Values, AStringIsFinishedBeforeItChanges) {
  keyspace.db(0).SetString(0, "key", std::string(5 << 20, 'a') + "end", {});
  const keyspace::Entry& entry = *keyspace.db(0).Peek(0, "key");
  const std::string before = Content(AtOnce(entry));
  RdbWriter writer({});
  writer.Begin({});
  writer.SelectDb(0);
  ASSERT_TRUE(writer.BeginEntry(entry));
  ASSERT_TRUE(writer.Continue(1000));
  writer.BeforeChange(entry);
  keyspace.db(0).ResizeString(0, "key", 6 << 20)[5000] = 'b';
  while (writer.Continue(1000)) {
  }
  EXPECT_EQ(Content(Framed(&writer)), before);
}

TEST_F(Values, ThatIsFreedIsFinishedFirst) {
  auto set = std::make_unique<types::Set>();
  for (int i = 0; i < 30000; ++i) set->Add(Member(i), limits);
  const keyspace::Entry& entry = Put(std::move(set));
  const std::string before = Content(AtOnce(entry));
  RdbWriter writer({});
  writer.Begin({});
  writer.SelectDb(0);
  ASSERT_TRUE(writer.BeginEntry(entry));
  ASSERT_TRUE(writer.Continue(1000));
  keyspace.db(0).Erase(0, "key");
  while (writer.Continue(1000)) {
  }
  EXPECT_EQ(Content(Framed(&writer)), before);
}

// Changes between any two steps: what is written is what was, and neither a step nor a
// change makes more than its share.
class ChangingValues : public Values {
 protected:
  // `change` makes one.
  void Check(std::unique_ptr<types::Object> made, const std::function<void(types::Object&)>& change) {
    const keyspace::Entry& entry = Put(std::move(made));
    ASSERT_TRUE(ValueWriter::Cuts(entry));
    const std::string before = Content(AtOnce(entry));
    RdbWriter writer({});
    writer.Begin({});
    writer.SelectDb(0);
    ASSERT_TRUE(writer.BeginEntry(entry));
    constexpr size_t kStep = 10000;
    constexpr size_t kPart = 12000;  // a chunk of a list
    bool more = true;
    while (more) {
      for (int i = 0; i < 20; ++i) {
        const size_t pending = writer.pending();
        change(*entry.object());
        ASSERT_LE(writer.pending() - pending, kPart);
      }
      const size_t pending = writer.pending();
      more = writer.Continue(kStep);
      // What waited is no more than was pending, the rest is what was made.
      ASSERT_LE(writer.pending() - pending, kStep + kPart);
    }
    ASSERT_EQ(Content(Framed(&writer)), before);
    EXPECT_NE(Content(AtOnce(entry)), before);
  }
  uint64_t Below(uint64_t limit) { return random.Next() % limit; }

  base::Random random{7};
};

TEST_F(ChangingValues, Hash) {
  auto hash = std::make_unique<types::Hash>();
  for (int i = 0; i < 20000; ++i) hash->Set("field:" + std::to_string(i), Member(i), limits);
  Check(std::move(hash), [this](types::Object& object) {
    auto& changed = static_cast<types::Hash&>(object);
    const std::string field = "field:" + std::to_string(Below(40000));
    Below(3) == 0 ? changed.Erase(field) : changed.Set(field, Member(static_cast<int>(Below(100))), limits);
  });
}

// So many go, or come, that leaves are joined, or split, under the walk.
TEST_F(ChangingValues, SetThatShrinks) {
  auto set = std::make_unique<types::Set>();
  for (int i = 0; i < 30000; ++i) set->Add(Member(i), limits);
  Check(std::move(set), [this, next = 0](types::Object& object) mutable {
    auto& changed = static_cast<types::Set&>(object);
    for (int i = 0; i < 7; ++i) changed.Erase(Member(next++));
    if (Below(10) == 0) changed.Add(Member(static_cast<int>(Below(60000))), limits);
  });
}

TEST_F(ChangingValues, SetThatGrows) {
  auto set = std::make_unique<types::Set>();
  for (int i = 0; i < 30000; ++i) set->Add(Member(i), limits);
  Check(std::move(set), [this, next = 30000](types::Object& object) mutable {
    auto& changed = static_cast<types::Set&>(object);
    for (int i = 0; i < 20; ++i) changed.Add(Member(next++), limits);
  });
}

TEST_F(ChangingValues, SortedSet) {
  auto zset = std::make_unique<types::Zset>();
  zset->ToSkiplist();
  for (int i = 0; i < 30000; ++i) zset->Add(static_cast<double>(Below(1000)), Member(i), limits);
  Check(std::move(zset), [this](types::Object& object) {
    auto& changed = static_cast<types::Zset&>(object);
    const std::string member = Member(static_cast<int>(Below(60000)));
    const auto score = changed.Score(member);
    if (!score) {
      changed.Add(static_cast<double>(Below(1000)), member, limits);
    } else if (Below(2) == 0) {
      changed.Change(*score, static_cast<double>(Below(1000)), member);
    } else {
      changed.Erase(*score, member);
    }
  });
}

TEST_F(ChangingValues, List) {
  auto list = std::make_unique<types::List>();
  for (int i = 0; i < 40000; ++i) list->Push(types::List::End::kTail, Member(i), limits);
  Check(std::move(list), [this](types::Object& object) {
    auto& changed = static_cast<types::List&>(object);
    const auto end = Below(2) == 0 ? types::List::End::kHead : types::List::End::kTail;
    const int64_t index = static_cast<int64_t>(Below(changed.size()));
    switch (Below(6)) {
      case 0: return changed.Push(end, Member(1), limits);
      case 1: changed.Pop(end); return;
      case 2: return changed.Insert(changed.Seek(index), Below(2) == 0, Member(2), limits);
      case 3: return changed.Replace(changed.Seek(index), std::string(Below(200), 'r'), limits);
      case 4: {
        auto place = changed.Seek(index);
        changed.Erase(&place);
        return;
      }
      default: {
        const size_t first = static_cast<size_t>(Below(changed.size()));
        changed.EraseRange(first, std::min<size_t>(30, changed.size() - first));
      }
    }
  });
}

TEST_F(ChangingValues, Stream) {
  auto stream = std::make_unique<types::Stream>();
  const std::string text(60, 'x');
  const std::vector<std::string_view> content{"field", text};
  for (uint64_t i = 1; i <= 30000; ++i) stream->Append({i, 0}, content, limits);
  types::StreamGroup* group = stream->AddGroup("group", {100, 0}, 100);
  types::StreamConsumer& consumer = group->AddConsumer("consumer", 1);
  for (uint64_t i = 1; i <= 50; ++i) group->AddPending({i, 0}, {5, 1, &consumer});
  Check(std::move(stream), [this, content](types::Object& object) {
    auto& changed = static_cast<types::Stream&>(object);
    switch (Below(5)) {
      case 0: {
        types::StreamTrim trim;
        trim.kind = types::StreamTrim::Kind::kMaxLength;
        trim.max_length = changed.size() - 20;
        changed.Trim(trim);
        return;
      }
      case 1: changed.Erase({Below(30000), 0}); return;
      case 2: changed.FindGroup("group")->Forget({Below(50), 0}); return;
      default: changed.Append({changed.counters().last_id.ms + 1, 0}, content, limits);
    }
  });
}

}  // namespace
}  // namespace windlass::persistence
