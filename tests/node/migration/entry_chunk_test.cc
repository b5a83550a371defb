// Entries packed and taken apart, however the stream is cut.
#include "node/migration/entry_chunk.h"

#include <gtest/gtest.h>

#include <map>

#include "node/keyspace/keyspace.h"

namespace windlass::migration {
namespace {

class EntryChunkTest : public testing::Test {
 protected:
  EntryChunkTest() : keyspace(Options(), base::Random(1)) {
    keyspace::Database& db = keyspace.db(0);
    db.SetString(0, "text", "some text");
    db.SetString(0, "number", "12345");
    db.SetString(0, "empty", "");
    db.SetString(0, "mortal", "x", {1234567890123, false});
    db.SetString(0, "long", std::string(5000, 'l'));
    db.SetString(0, "binary", std::string("\0\r\n\xff", 4));
    db.ForEachInSlot(0, [this](keyspace::Entry& entry) { AppendEntry(entry, &packed); });
  }
  static keyspace::Keyspace::Options Options() {
    keyspace::Keyspace::Options options;
    options.databases = 1;
    options.arena_bytes = size_t{1} << 24;
    return options;
  }
  // Fed in pieces of `size`.
  std::map<std::string, std::pair<std::string, int64_t>> Read(size_t size) {
    std::map<std::string, std::pair<std::string, int64_t>> found;
    ChunkReader reader;
    for (size_t at = 0; at < packed.size(); at += size) {
      const auto fed = reader.Feed(std::string_view(packed).substr(at, size), {}, [&](ChunkEntry& entry) {
        found[std::string(entry.key)] = {std::string(entry.string), entry.expire_at_ms};
      });
      EXPECT_TRUE(fed.ok());
    }
    EXPECT_TRUE(reader.at_rest());
    return found;
  }

  keyspace::Keyspace keyspace;
  std::string packed;
};

TEST_F(EntryChunkTest, ComeOutAsTheyWentIn) {
  const auto found = Read(packed.size());
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found.at("text").first, "some text");
  EXPECT_EQ(found.at("number").first, "12345");
  EXPECT_EQ(found.at("empty").first, "");
  EXPECT_EQ(found.at("long").first, std::string(5000, 'l'));
  EXPECT_EQ(found.at("binary").first, std::string("\0\r\n\xff", 4));
  EXPECT_EQ(found.at("mortal").second, 1234567890123);
  EXPECT_EQ(found.at("text").second, -1);
}

TEST_F(EntryChunkTest, DoNotDependOnWhereTheStreamIsCut) {
  const auto whole = Read(packed.size());
  for (const size_t size : {1, 2, 3, 7, 64, 1000, 4999}) EXPECT_EQ(Read(size), whole) << size;
}

TEST_F(EntryChunkTest, AnUnfinishedEntryIsNotAtRest) {
  ChunkReader reader;
  ASSERT_TRUE(reader.Feed(std::string_view(packed).substr(0, packed.size() - 1), {}, [](ChunkEntry&) {}).ok());
  EXPECT_FALSE(reader.at_rest());
}

TEST_F(EntryChunkTest, AnUnknownTypeIsAnError) {
  ChunkReader reader;
  EXPECT_FALSE(reader.Feed(std::string("\x7f") + std::string(8, '\0') + "\x01k", {}, [](ChunkEntry&) {}).ok());
}

}  // namespace
}  // namespace windlass::migration
