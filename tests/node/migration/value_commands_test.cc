// A large value as commands: whole ones after every step, that make it again.
#include "node/migration/value_commands.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/entry_chunk.h"
#include "node/persistence/value_writer.h"
#include "node/types/hash.h"
#include "node/types/stream.h"

namespace windlass::migration {
namespace {

using Command = std::vector<std::string>;

// Nothing may be left over.
std::vector<Command> Parse(std::string_view bytes) {
  std::vector<Command> commands;
  const auto number = [&bytes](char mark) {
    EXPECT_EQ(bytes.empty() ? '-' : bytes[0], mark);
    const size_t end = bytes.find("\r\n");
    EXPECT_NE(end, std::string_view::npos);
    if (end == std::string_view::npos) return size_t{0};
    const size_t value = std::strtoull(bytes.data() + 1, nullptr, 10);
    bytes.remove_prefix(end + 2);
    return value;
  };
  while (!bytes.empty() && !testing::Test::HasFailure()) {
    Command command(number('*'));
    for (std::string& word : command) {
      const size_t length = number('$');
      EXPECT_LE(length + 2, bytes.size());
      if (length + 2 > bytes.size()) return commands;
      word = bytes.substr(0, length);
      bytes.remove_prefix(length + 2);
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

class ValueCommandsTest : public testing::Test {
 protected:
  ValueCommandsTest() : keyspace({1, false, size_t{64} << 20}, base::Random(1)) {}

  const keyspace::Entry& Put(std::unique_ptr<types::Object> object) {
    keyspace.db(0).SetObject(0, "key", std::move(object), {1234567890123, false});
    return *keyspace.db(0).Peek(0, "key");
  }
  // What it takes, with `between` after the first step.
  std::vector<Command> Commands(const keyspace::Entry& entry, const std::function<void(persistence::ValueWriter&)>& between) {
    EXPECT_TRUE(persistence::ValueWriter::Cuts(entry));
    persistence::ValueWriter writer(entry, std::make_unique<ValueCommands>(entry));
    std::vector<Command> all;
    for (bool whole = false, first = true; !whole; first = false) {
      std::string out;
      whole = writer.Step(20000, &out);
      for (Command& command : Parse(out)) all.push_back(std::move(command));
      EXPECT_LE(out.size(), 140000u);  // no step is long, whatever was made before it
      if (first) between(writer);
    }
    return all;
  }

  keyspace::Keyspace keyspace;
  types::Limits limits;
};

TEST_F(ValueCommandsTest, MakeAHashThatIsChangedAndFreedMeanwhile) {
  auto made = std::make_unique<types::Hash>();
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 30000; ++i) {
    const std::string field = "field:" + std::to_string(i);
    expected[field] = std::string(40, 'v') + field;
    made->Set(field, expected[field], limits);
  }
  auto* hash = made.get();
  const auto commands = Commands(Put(std::move(made)), [&](persistence::ValueWriter&) {
    for (int i = 0; i < 500; ++i) hash->Set("field:" + std::to_string(i * 70), "changed", limits);
    for (int i = 0; i < 500; ++i) hash->Erase("field:" + std::to_string(i * 50 + 1));
    for (int i = 0; i < 500; ++i) hash->Set("new:" + std::to_string(i), "new", limits);
    keyspace.db(0).Erase(0, "key");
  });
  std::map<std::string, std::string> got;
  for (const Command& command : commands) {
    if (command[0] != "HSET") continue;
    ASSERT_EQ(command[1], "key");
    for (size_t i = 2; i < command.size(); i += 2) EXPECT_TRUE(got.emplace(command[i], command[i + 1]).second);
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(commands.back(), (Command{"PEXPIREAT", "key", "1234567890123"}));
}

double CpuMicroseconds() {
  timespec ts;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) * 1e6 + static_cast<double>(ts.tv_nsec) / 1e3;
}

// Steps beside changes; no step and no change is long. WINDLASS_LARGE_MB: how much the
// value holds (300 by hand).
class LargeValueTest : public testing::Test {
 protected:
  LargeValueTest() : keyspace({1, false, size_t{64} << 20}, base::Random(1)) {
    const char* wanted = std::getenv("WINDLASS_LARGE_MB");
    bytes = (wanted == nullptr ? 16 : std::strtoull(wanted, nullptr, 10)) << 20;
  }
  void Walk(std::unique_ptr<types::Object> made, const std::function<void(types::Object&)>& change) {
    keyspace.db(0).SetObject(0, "key", std::move(made), {});
    const keyspace::Entry& entry = *keyspace.db(0).Peek(0, "key");
    std::vector<double> steps;
    std::vector<double> changes;
    const double opened = CpuMicroseconds();
    persistence::ValueWriter writer(entry, std::make_unique<ValueCommands>(entry));
    EXPECT_LT(CpuMicroseconds() - opened, 2000);
    std::string out;
    for (bool whole = false; !whole;) {
      out.clear();
      double begin = CpuMicroseconds();
      whole = writer.Step(64 << 10, &out);
      steps.push_back(CpuMicroseconds() - begin);
      for (int i = 0; i < 5; ++i) {
        begin = CpuMicroseconds();
        change(*entry.object());
        changes.push_back(CpuMicroseconds() - begin);
      }
    }
    std::sort(steps.begin(), steps.end());
    std::sort(changes.begin(), changes.end());
    std::printf("%zu steps: median %.1f us, 99.9 %% %.1f, longest %.1f; %zu changes: 99.9 %% %.1f, longest %.1f\n", steps.size(),
                steps[steps.size() / 2], steps[steps.size() * 999 / 1000], steps.back(), changes.size(),
                changes[changes.size() * 999 / 1000], changes.back());
    EXPECT_LT(steps[steps.size() * 99 / 100], 2000);
    EXPECT_LT(changes[changes.size() * 99 / 100], 2000);
  }

  keyspace::Keyspace keyspace;
  types::Limits limits;
  base::Random random{3};
  size_t bytes;
};

TEST_F(LargeValueTest, AHashIsReadInBoundedStepsUnderWrites) {
  auto hash = std::make_unique<types::Hash>();
  uint64_t fields = 0;
  for (; hash->MemoryBytes() < bytes; ++fields) hash->Set("field:" + std::to_string(fields), std::string(70, 'v'), limits);
  Walk(std::move(hash), [this, fields](types::Object& object) {
    static_cast<types::Hash&>(object).Set("field:" + std::to_string(random.Next() % (2 * fields)), "changed", limits);
  });
}

TEST_F(LargeValueTest, AStreamIsReadInBoundedStepsUnderWrites) {
  auto stream = std::make_unique<types::Stream>();
  const std::string text(70, 'x');
  const std::vector<std::string_view> content{"field", text};
  uint64_t id = 0;
  while (stream->MemoryBytes() < bytes) stream->Append({++id, 0}, content, limits);
  Walk(std::move(stream), [this, id, content](types::Object& object) mutable {
    auto& changed = static_cast<types::Stream&>(object);
    random.Next() % 2 == 0 ? changed.Append({++id, 0}, content, limits)
                           : static_cast<void>(changed.Erase({random.Next() % id, 0}));
  });
}

TEST_F(ValueCommandsTest, AStringGoesInPieces) {
  const std::string text = std::string(5 << 20, 'a') + "end";
  keyspace.db(0).SetString(0, "key", text, {1234567890123, false});
  const keyspace::Entry& entry = *keyspace.db(0).Peek(0, "key");
  std::string head;
  AppendStringHead(entry, text.size(), &head);
  ChunkReader reader;
  std::string got;
  const auto take = [&](ChunkEntry& chunk) { got = std::string(chunk.string); };
  ASSERT_TRUE(reader.Feed(head, limits, take).ok());
  for (const Command& command : Commands(entry, [&](persistence::ValueWriter& writer) {
         writer.BeforeChange(entry);
         keyspace.db(0).SetString(0, "key", "other", {});
       })) {
    ASSERT_EQ(command.size(), 4u);
    ASSERT_TRUE(reader.Feed(command[3], limits, take).ok());
  }
  EXPECT_TRUE(got == text);
}

TEST_F(ValueCommandsTest, WhatIsPendingOfDeletedEntriesIsMadeAndDeletedAgain) {
  auto made = std::make_unique<types::Stream>();
  const std::string text(80, 'x');
  const std::vector<std::string_view> content{"field", text};
  for (uint64_t i = 1; i <= 20000; ++i) made->Append({i, 0}, content, limits);
  types::StreamGroup* group = made->AddGroup("group", {300, 0}, 300);
  types::StreamConsumer& consumer = group->AddConsumer("consumer", 1);
  for (const uint64_t id : {5, 250, 260}) group->AddPending({id, 0}, {7, 2, &consumer});
  types::StreamTrim trim;
  trim.kind = types::StreamTrim::Kind::kMinId;
  trim.min_id = {200, 0};
  made->Trim(trim);
  made->Erase({250, 0});
  const auto commands = Commands(Put(std::move(made)), [](persistence::ValueWriter&) {});
  std::vector<std::string> ids;
  std::vector<Command> rest;
  for (const Command& command : commands) {
    if (command[0] == "XADD") {
      ids.push_back(command[2]);
    } else {
      rest.push_back(command);
    }
  }
  ASSERT_EQ(ids.size(), 20000u - 199 + 1);  // 250 is among them, though it was deleted
  EXPECT_EQ(ids[0], "5-0");
  EXPECT_EQ(ids[1], "200-0");
  EXPECT_EQ(ids[51], "250-0");
  const std::vector<Command> expected{
      {"XGROUP", "CREATE", "key", "group", "300-0", "ENTRIESREAD", "300"},
      {"XGROUP", "CREATECONSUMER", "key", "group", "consumer"},
      {"XCLAIM", "key", "group", "consumer", "0", "5-0", "TIME", "7", "RETRYCOUNT", "2", "JUSTID", "FORCE"},
      {"XCLAIM", "key", "group", "consumer", "0", "250-0", "TIME", "7", "RETRYCOUNT", "2", "JUSTID", "FORCE"},
      {"XCLAIM", "key", "group", "consumer", "0", "260-0", "TIME", "7", "RETRYCOUNT", "2", "JUSTID", "FORCE"},
      {"XTRIM", "key", "MINID", "200-0"},
      {"XDEL", "key", "250-0"},
      {"XSETID", "key", "20000-0", "ENTRIESADDED", "20000", "MAXDELETEDID", "250-0"},
      {"PEXPIREAT", "key", "1234567890123"}};
  EXPECT_EQ(rest, expected);
}

}  // namespace
}  // namespace windlass::migration
