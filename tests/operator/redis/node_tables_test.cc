// Nodes that say the same of each other share one table, and only those.
#include "operator/redis/node_tables.h"

#include <gtest/gtest.h>

namespace windlass::redis {
namespace {

using topology::NodeLines;

const char kA[] = "aaaa 10.0.0.1:6379@16379,c-0 myself,master - 0 0 1 connected 0-99 [7->-bbbb]\n"
                  "bbbb 10.0.0.2:6379@16379,c-1 master - 0 1700000000001 2 connected 100-16383\n"
                  "cccc 10.0.0.3:6379@16379,c-2 slave aaaa 0 1700000000002 1 connected\n";
const char kB[] = "cccc 10.0.0.3:6379@16379,c-2 slave aaaa 1700000000009 1700000000008 1 connected\n"
                  "aaaa 10.0.0.1:6379@16379,c-0 master - 0 1700000000007 1 connected 0-99\n"
                  "bbbb 10.0.0.2:6379@16379,c-1 myself,master - 0 0 2 connected 100-16383 [7-<-aaaa]\n";

TEST(NodeTables, IsSharedByThoseWhoSayTheSameInAnyOrderAndAtAnyTime) {
  NodeTables tables;
  const auto a = tables.Read(kA);
  const auto b = tables.Read(kB);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->table(), b->table());
  EXPECT_EQ(a->Own()->id, "aaaa");
  EXPECT_EQ(b->Own()->id, "bbbb");
  EXPECT_EQ(a->Own()->migrating.at(7), "bbbb");
  EXPECT_EQ(b->Own()->importing.at(7), "aaaa");
  ASSERT_EQ(b->size(), 3u);
  int own = 0;
  for (const topology::NodeLine& line : *b) {
    own += line.myself;
    EXPECT_EQ(line.myself, line.id == "bbbb");
    EXPECT_TRUE(line.migrating.empty()) << "the other's word is not its own";
  }
  EXPECT_EQ(own, 1);
  EXPECT_EQ(b->Find("cccc")->master_id, "aaaa");
  EXPECT_EQ(b->Find("dddd"), nullptr);
}

TEST(NodeTables, IsNotSharedWithOneWhoSaysAnythingElse) {
  const std::pair<const char*, const char*> changes[] = {
      {"slave aaaa", "slave,fail? aaaa"}, {"10.0.0.3", "10.0.0.4"}, {"slave aaaa", "slave bbbb"},
      {"1 connected\n", "1 disconnected\n"}, {"0-99", "0-98"}, {"c-2", "c-3"}, {" - 0 1700000000007 1 ", " - 0 1700000000007 5 "}};
  for (const auto& [from, to] : changes) {
    std::string other = kB;
    ASSERT_NE(other.find(from), std::string::npos) << from;
    other.replace(other.find(from), std::string(from).size(), to);
    NodeTables tables;
    const auto a = tables.Read(kA);
    const auto b = tables.Read(other);
    ASSERT_TRUE(a && b) << to;
    EXPECT_NE(a->table(), b->table()) << to;
  }
}

TEST(NodeTables, IsNotMadeOfWhatMakesNoSense) {
  NodeTables tables;
  ASSERT_TRUE(tables.Read(kA));
  EXPECT_FALSE(tables.Read("aaaa 10.0.0.1:6379@16379 master - 0 0 1 connected\n")) << "nobody speaks";
  EXPECT_FALSE(tables.Read("aaaa 10.0.0.1:6379@16379 myself,master\n"));
  EXPECT_FALSE(tables.Read(""));
}

}  // namespace
}  // namespace windlass::redis
