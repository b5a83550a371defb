// Stream against a map of entries, with nodes so small that every border is met; and
// consumer groups against maps of their own.
#include "node/types/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace windlass::types {
namespace {

using Content = std::vector<std::string>;
using Model = std::map<StreamId, Content>;

Model Entries(const Stream& stream, StreamId first = {}, StreamId last = kLastStreamId, bool backwards = false) {
  Model out;
  StreamId before = backwards ? kLastStreamId : StreamId{};
  StreamRange range(stream, first, last, backwards);
  while (range.Next()) {
    const StreamId id = range.entry().id();
    EXPECT_TRUE(out.empty() || (backwards ? id < before : id > before));
    before = id;
    Content content;
    range.entry().ForEach([&content](std::string_view field, std::string_view value) {
      content.emplace_back(field);
      content.emplace_back(value);
    });
    EXPECT_EQ(content.size(), range.entry().field_count() * 2);
    out.emplace(id, std::move(content));
  }
  return out;
}

Model Between(const Model& model, StreamId first, StreamId last) {
  if (first > last) return {};
  return Model(model.lower_bound(first), model.upper_bound(last));
}

void Append(Stream* stream, StreamId id, const Content& content, const Limits& limits) {
  const std::vector<std::string_view> views(content.begin(), content.end());
  stream->Append(id, views, limits);
}

// What a file carries brings the same stream back.
void ExpectRestores(const Stream& stream) {
  Stream copy;
  for (const auto& [master, pack] : stream.nodes()) {
    auto parsed = Listpack::Parse(pack.bytes());
    ASSERT_TRUE(parsed.has_value());
    ASSERT_TRUE(copy.AppendNode(master, *std::move(parsed)));
  }
  ASSERT_TRUE(copy.Restore(stream.counters(), stream.size()));
  EXPECT_EQ(Entries(copy), Entries(stream));
  EXPECT_EQ(copy.counters().first_id, stream.counters().first_id);
}

TEST(StreamTest, BehavesAsAMapOfEntries) {
  for (const size_t node_entries : {size_t{1}, size_t{3}, size_t{100}, size_t{0}}) {
    std::mt19937 random(static_cast<unsigned>(node_entries) + 7);
    Limits limits;
    limits.stream_node_max_entries = node_entries;
    limits.stream_node_max_bytes = node_entries == 3 ? 100 : 4096;
    Stream stream;
    Model model;
    StreamId last, max_deleted;
    uint64_t added = 0;
    const auto random_id = [&] {
      return random() % 10 == 0 ? StreamId{random() % 3, 0} : StreamId{last.ms - std::min<uint64_t>(last.ms, random() % 50), random() % 4};
    };
    for (int i = 0; i < 20000; ++i) {
      switch (random() % 12) {
        default: {
          if (model.size() > 500) break;
          StreamId id = random() % 3 == 0 ? StreamId{last.ms, last.seq + 1 + random() % 3} : StreamId{last.ms + 1 + random() % 9, random() % 3};
          Content content;
          const size_t fields = random() % 5 == 0 ? 1 + random() % 4 : 2;
          for (size_t f = 0; f < fields; ++f) {
            content.push_back(random() % 9 == 0 ? std::to_string(random() % 100) : "field" + std::to_string(f));
            content.push_back(random() % 200 == 0 ? std::string(5000, 'v') : std::to_string(random() % 100000));
          }
          Append(&stream, id, content, limits);
          model.emplace(id, content);
          last = id;
          ++added;
          break;
        }
        case 0:
        case 1:
        case 2: {
          StreamId id = random_id();
          if (random() % 2 == 0 && !model.empty()) id = std::next(model.begin(), static_cast<long>(random() % model.size()))->first;
          const bool there = model.erase(id) > 0;
          ASSERT_EQ(stream.Contains(id), there);
          ASSERT_EQ(stream.Erase(id), there);
          ASSERT_FALSE(stream.Contains(id));
          if (there) max_deleted = std::max(max_deleted, id);
          break;
        }
        case 3: {
          StreamTrim trim;
          const size_t before = model.size();
          trim.kind = random() % 2 == 0 ? StreamTrim::Kind::kMaxLength : StreamTrim::Kind::kMinId;
          trim.max_length = random() % 8 == 0 ? random() % 3 : before - std::min<size_t>(before, random() % 6);
          trim.min_id = random() % 8 == 0 ? random_id() : model.empty() ? last : std::next(model.begin(), static_cast<long>(random() % std::min<size_t>(before, 6)))->first;
          trim.approximate = random() % 3 == 0;
          if (trim.approximate && random() % 2 == 0) trim.limit = 1 + random() % 5;
          const uint64_t trimmed = stream.Trim(trim);
          size_t most = 0;
          if (trim.kind == StreamTrim::Kind::kMaxLength) {
            most = before - std::min<size_t>(before, trim.max_length);
          } else {
            most = static_cast<size_t>(std::distance(model.begin(), model.lower_bound(trim.min_id)));
          }
          ASSERT_LE(trimmed, trim.limit == 0 ? most : std::min<size_t>(most, trim.limit));
          if (!trim.approximate) {
            ASSERT_EQ(trimmed, most);
          } else if (node_entries == 1 && trim.limit == 0) {
            ASSERT_EQ(trimmed, most) << "each entry is a node";
          }
          model.erase(model.begin(), std::next(model.begin(), static_cast<long>(trimmed)));
          break;
        }
        case 4: {
          const StreamId first = random_id(), to = random_id();
          ASSERT_EQ(Entries(stream, first, to), Between(model, first, to));
          ASSERT_EQ(Entries(stream, first, to, true), Between(model, first, to));
          break;
        }
      }
      ASSERT_EQ(stream.size(), model.size());
      ASSERT_EQ(stream.counters().last_id, last);
      ASSERT_EQ(stream.counters().entries_added, added);
      ASSERT_EQ(stream.counters().max_deleted_id, max_deleted);
      ASSERT_EQ(stream.counters().first_id, model.empty() ? StreamId{} : model.begin()->first);
      ASSERT_EQ(stream.LastEntryId(), model.empty() ? StreamId{} : model.rbegin()->first);
      if (i % 50 == 0) {
        ASSERT_EQ(Entries(stream), model) << i;
        ExpectRestores(stream);
      }
    }
    const auto copy = stream.Clone();
    EXPECT_EQ(Entries(static_cast<const Stream&>(*copy)), model);
    while (!stream.FreeStep(2)) {
    }
    EXPECT_EQ(stream.MemoryBytes(), Stream().MemoryBytes());
  }
}

TEST(StreamTest, GroupsKeepPendingEntriesOnceForGroupAndConsumer) {
  std::mt19937 random(3);
  Stream stream;
  const size_t empty_bytes = stream.MemoryBytes();
  StreamGroup* group = stream.AddGroup("group", {}, 0);
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(stream.AddGroup("group", {}, 0), nullptr);
  std::map<StreamId, std::string> model;  // who has what
  for (int i = 0; i < 20000; ++i) {
    const StreamId id{1, random() % 60};
    const std::string name = "consumer with a long name " + std::to_string(random() % 4);
    StreamConsumer* consumer = group->FindConsumer(name);
    if (consumer == nullptr) consumer = &group->AddConsumer(name, i);
    StreamPending* pending = group->FindPending(id);
    ASSERT_EQ(pending != nullptr, model.count(id) == 1);
    switch (random() % 8) {
      case 0:
        ASSERT_EQ(group->Forget(id), model.erase(id) == 1);
        break;
      case 1: {
        if (random() % 20 != 0) break;
        const int64_t count = static_cast<int64_t>(std::erase_if(model, [&name](const auto& item) { return item.second == name; }));
        ASSERT_EQ(group->RemoveConsumer(name), count);
        ASSERT_EQ(group->RemoveConsumer(name), -1);
        break;
      }
      default:
        if (pending == nullptr) {
          group->AddPending(id, {i, 1, consumer});
        } else {
          group->Give(id, pending, consumer);
        }
        model[id] = name;
    }
    ASSERT_EQ(group->pending().size(), model.size());
    size_t held = 0;
    for (const auto& [held_by, one] : group->consumers()) {
      held += one.pending.size();
      for (const auto& [held_id, entry] : one.pending) ASSERT_EQ(model[held_id], held_by);
    }
    ASSERT_EQ(held, model.size());
  }
  const auto copy = stream.Clone();
  const StreamGroup* copied = static_cast<const Stream&>(*copy).FindGroup("group");
  EXPECT_EQ(copied->pending().size(), model.size());
  for (const auto& [id, pending] : copied->pending()) EXPECT_EQ(pending.consumer->name, model[id]);
  EXPECT_EQ(copy->MemoryBytes(), stream.MemoryBytes());
  EXPECT_TRUE(stream.RemoveGroup("group"));
  EXPECT_EQ(stream.MemoryBytes(), empty_bytes);
}

TEST(StreamTest, DamagedNodesAreRefused) {
  Limits limits;
  Stream stream;
  Append(&stream, {5, 1}, {"a", "1", "b", "2"}, limits);
  Append(&stream, {5, 2}, {"a", "1", "c", "2"}, limits);
  Append(&stream, {6, 0}, {"a", "3", "b", "4"}, limits);
  const std::string bytes(stream.nodes().begin()->second.bytes());
  std::mt19937 random(1);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = bytes;
    damaged[6 + random() % (damaged.size() - 7)] = static_cast<char>(random());
    auto pack = Listpack::Parse(damaged);
    if (!pack) continue;
    Stream copy;
    if (!copy.AppendNode({5, 1}, *std::move(pack))) continue;
    ++accepted;  // another text or id
    EXPECT_LE(Entries(copy).size(), 3u);
    EXPECT_EQ(Entries(copy).size(), copy.size());
  }
  EXPECT_GT(accepted, 0);
}

TEST(StreamTest, LagFollowsWhatWasReadUntilDeletionsHideIt) {
  Limits limits;
  Stream stream;
  StreamGroup* group = stream.AddGroup("g", {}, StreamGroup::kUnknown);
  EXPECT_EQ(stream.LagOf(*group), 0);
  for (uint64_t i = 1; i <= 5; ++i) Append(&stream, {i, 0}, {"f", "v"}, limits);
  EXPECT_EQ(stream.LagOf(*group), 5);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group->entries_read, 1);
  stream.Advance(group, {2, 0});
  EXPECT_EQ(group->entries_read, 2);
  EXPECT_EQ(stream.LagOf(*group), 3);
  stream.Erase({4, 0});
  EXPECT_EQ(stream.LagOf(*group), std::nullopt);
  stream.Advance(group, {3, 0});
  EXPECT_EQ(group->entries_read, StreamGroup::kUnknown);
  stream.Advance(group, {5, 0});
  EXPECT_EQ(group->entries_read, 5);
  EXPECT_EQ(stream.LagOf(*group), 0);
}

TEST(StreamIdTest, ReadsAndWrites) {
  EXPECT_EQ(ParseStreamId("5-7", 9), (StreamId{5, 7}));
  EXPECT_EQ(ParseStreamId("5", 9), (StreamId{5, 9}));
  EXPECT_EQ(ParseStreamId("18446744073709551615-18446744073709551615", 0), kLastStreamId);
  for (const char* bad : {"", "-", "5-", "-5", "x", "5-x", "5-*", "18446744073709551616", "5-6-7", "5 "}) {
    EXPECT_EQ(ParseStreamId(bad, 0), std::nullopt) << bad;
  }
  EXPECT_FALSE(ParseNewStreamId("5-*")->sequence_given);
  EXPECT_TRUE(ParseNewStreamId("5-6")->sequence_given);
  EXPECT_EQ(IdAfter({1, UINT64_MAX}), (StreamId{2, 0}));
  EXPECT_EQ(IdBefore({2, 0}), (StreamId{1, UINT64_MAX}));
  EXPECT_EQ(IdAfter(kLastStreamId), std::nullopt);
  EXPECT_EQ(IdBefore({}), std::nullopt);
  EXPECT_EQ(kLastStreamId.ToString(), "18446744073709551615-18446744073709551615");
}

}  // namespace
}  // namespace windlass::types
