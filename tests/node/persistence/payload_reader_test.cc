// A large value dumped in steps and restored as its bytes come in, in whatever pieces: the
// same as at once, and nothing is given out of a payload that is wrong.
#include "node/persistence/payload_reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/dump_stream.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/value_writer.h"
#include "node/resp/command.h"
#include "node/resp/request_parser.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace windlass::persistence {
namespace {

class Payloads : public ::testing::Test {
 protected:
  Payloads() : keyspace({1, false, size_t{64} << 20}, base::Random(1)) {}

  const keyspace::Entry& Put(std::unique_ptr<types::Object> object) {
    keyspace.db(0).SetObject(0, "key", std::move(object), {});
    return *keyspace.db(0).Peek(0, "key");
  }
  const keyspace::Entry& PutHash() {
    auto hash = std::make_unique<types::Hash>();
    for (int i = 0; i < 20000; ++i) hash->Set("field:" + std::to_string(i), Member(i), limits);
    return Put(std::move(hash));
  }
  static std::string Member(int i) { return "member:" + std::to_string(i) + ":" + std::string(60, 'x'); }

  // As DumpStream makes it, which tells its length before.
  static std::string InSteps(const keyspace::Entry& entry, size_t bytes) {
    EXPECT_TRUE(ValueWriter::Cuts(entry));
    DumpStream stream(entry);
    int steps = 1;
    for (; !stream.Measure(bytes); ++steps) EXPECT_FALSE(stream.measured());
    std::string out;
    for (; !stream.Step(bytes, &out); ++steps) EXPECT_LT(out.size(), stream.size());
    EXPECT_GT(steps, 3);
    EXPECT_EQ(out.size(), stream.size());
    return out;
  }
  RestoredValue Read(const std::string& payload, size_t piece) {
    PayloadReader reader(payload.size(), limits);
    for (size_t have = piece; have < payload.size(); have += piece) reader.Take(std::string_view(payload).substr(0, have));
    return reader.Finish(payload, true);
  }
  // All parts, in an order that does not depend on how the value was made.
  static std::multiset<std::string> Parts(const types::Object& object) {
    std::multiset<std::string> parts;
    if (const auto* hash = dynamic_cast<const types::Hash*>(&object)) {
      hash->ForEach([&](std::string_view f, std::string_view v) { parts.insert(std::string(f) + "=" + std::string(v)); });
    } else if (const auto* set = dynamic_cast<const types::Set*>(&object)) {
      set->ForEach([&](std::string_view m) { parts.emplace(m); });
    } else {
      std::string bytes;
      AppendObject(object, false, &bytes);
      parts.insert(std::move(bytes));
    }
    return parts;
  }
  void Check(const keyspace::Entry& entry) {
    const std::multiset<std::string> expected = Parts(*entry.object());
    for (const size_t bytes : {size_t{1000}, size_t{65536}}) {
      const std::string payload = InSteps(entry, bytes);
      const RestoredValue at_once = ParseDumpPayload(payload);
      ASSERT_EQ(at_once.fault, PayloadFault::kNone) << at_once.detail;
      EXPECT_EQ(Parts(*at_once.object), expected);
      for (const size_t piece : {size_t{7}, size_t{5000}, size_t{65536}, payload.size()}) {
        const RestoredValue value = Read(payload, piece);
        ASSERT_EQ(value.fault, PayloadFault::kNone) << value.detail;
        ASSERT_NE(value.object, nullptr);
        EXPECT_EQ(Parts(*value.object), expected);
      }
    }
  }

  keyspace::Keyspace keyspace;
  types::Limits limits;
};

TEST_F(Payloads, Hash) { Check(PutHash()); }

TEST_F(Payloads, Set) {
  auto set = std::make_unique<types::Set>();
  for (int i = 0; i < 30000; ++i) set->Add(Member(i), limits);
  Check(Put(std::move(set)));
}

TEST_F(Payloads, SortedSet) {
  auto zset = std::make_unique<types::Zset>();
  for (int i = 0; i < 30000; ++i) zset->Add(i * 7 % 1000, Member(i), limits);
  Check(Put(std::move(zset)));
}

TEST_F(Payloads, List) {
  auto list = std::make_unique<types::List>();
  for (int i = 0; i < 30000; ++i) list->Push(types::List::End::kTail, Member(i), limits);
  Check(Put(std::move(list)));
}

TEST_F(Payloads, String) {
  std::string text(6 << 20, 'a');
  for (size_t i = 0; i < text.size(); i += 3) text[i] = static_cast<char>(i * 31);
  keyspace.db(0).SetString(0, "key", text);
  const std::string payload = InSteps(*keyspace.db(0).Peek(0, "key"), 100000);
  EXPECT_EQ(ParseDumpPayload(payload).text(), text);
  for (const size_t piece : {size_t{7}, size_t{65536}}) {
    const RestoredValue value = Read(payload, piece);
    ASSERT_NE(value.blob, nullptr) << value.detail;
    EXPECT_EQ(value.blob->view(), text);
  }
  // What only claims to be so long.
  std::string shorter = payload.substr(0, payload.size() - 20);
  AppendPayloadFooter(&shorter);
  EXPECT_EQ(Read(shorter, 65536).fault, PayloadFault::kBadFormat);
}

// As others make them.
TEST_F(Payloads, CompressedString) {
  std::string text;
  for (int i = 0; text.size() < 8 << 20; ++i) text += std::to_string(i * 2654435761u) + std::string(static_cast<size_t>(i % 40), 'x');
  const std::string payload = DumpString(text);
  ASSERT_LT(payload.size(), text.size() * 9 / 10);
  for (const size_t piece : {size_t{7}, size_t{65536}, payload.size()}) {
    const RestoredValue value = Read(payload, piece);
    ASSERT_NE(value.blob, nullptr) << value.detail;
    EXPECT_TRUE(value.blob->view() == text);
  }
  // The end of it is missing, or more comes out of it than was announced, or it reaches back too far.
  const std::string body(PayloadBody(payload));
  std::string cut = body.substr(0, 7) + body.substr(8);
  std::string longer = body + std::string("\xe0\xff\x00", 3);
  std::string before = body;
  before[12] = '\x3f';
  for (std::string* wrong : {&cut, &longer, &before}) {
    AppendPayloadFooter(wrong);
    const RestoredValue expected = ParseDumpPayload(*wrong);
    EXPECT_NE(expected.fault, PayloadFault::kNone);
    for (const size_t piece : {size_t{7}, size_t{65536}}) EXPECT_EQ(Read(*wrong, piece).fault, expected.fault);
  }
}

TEST_F(Payloads, WhatIsWrongIsRefusedAsAtOnce) {
  const std::string good = InSteps(PutHash(), 65536);
  const auto with_footer = [](std::string body) {
    AppendPayloadFooter(&body);
    return body;
  };
  const std::string body(PayloadBody(good));
  std::string damaged = good;
  damaged[good.size() / 2] ^= 1;
  std::string newer = good;
  newer[good.size() - kPayloadFooterBytes] = 99;
  std::string unknown = body;
  unknown[0] = 99;
  std::string twice = body + body.substr(6);
  for (const std::string& payload :
       {damaged, newer, with_footer(body.substr(0, body.size() - 5)), with_footer(body + "behind"), with_footer(unknown),
        with_footer(twice), good.substr(0, 5)}) {
    const RestoredValue expected = ParseDumpPayload(payload);
    EXPECT_NE(expected.fault, PayloadFault::kNone);
    for (const size_t piece : {size_t{5000}, size_t{65536}}) {
      const RestoredValue value = Read(payload, piece);
      EXPECT_EQ(value.fault, expected.fault) << expected.detail << " / " << value.detail;
      EXPECT_EQ(value.object, nullptr);
      EXPECT_FALSE(value.detail.empty());
    }
  }
  PayloadReader unverified(damaged.size(), limits);
  EXPECT_NE(unverified.Finish(damaged, false).fault, PayloadFault::kVersionOrChecksum);
}

TEST_F(Payloads, ABrokenStreamReadsNothingMore) {
  DumpStream stream(PutHash());
  EXPECT_FALSE(stream.Measure(1000));
  stream.Break();
  EXPECT_TRUE(stream.broken());
  keyspace.db(0).Flush(false);
}

// What arrives of a request, piece by piece, as a connection has it.
TEST_F(Payloads, ARestoreIsReadAhead) {
  const std::string payload = InSteps(PutHash(), 65536);
  const auto arrives = [&](std::vector<std::string_view> words) {
    std::string request;
    resp::EncodeCommand(words, &request);
    resp::RequestParser parser;
    std::shared_ptr<PayloadReader> reader;
    std::vector<std::string_view> args;
    size_t consumed = 0;
    for (size_t have = 1000; consumed == 0; have += 40000) {
      const std::string_view buffer = std::string_view(request).substr(0, have);
      if (parser.Parse(buffer, &consumed, &args) == resp::ParseStatus::kNeedMore) ReadAhead(parser, buffer, limits, &reader);
    }
    return reader;
  };
  for (const std::string_view name : {"RESTORE", "restore-asking"}) {
    const auto reader = arrives({name, "key", "0", payload, "REPLACE"});
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->Finish(payload, true).fault, PayloadFault::kNone);
  }
  EXPECT_EQ(arrives({"SET", "key", "0", payload}), nullptr);
  EXPECT_EQ(arrives({"RESTORE", payload, "0", "short"}), nullptr);
  EXPECT_EQ(arrives({"RESTORE", "key", "0", payload.substr(0, PayloadReader::kLarge - 1)}), nullptr);
}

}  // namespace
}  // namespace windlass::persistence
