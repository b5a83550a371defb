// The pure parts of the tool: layout of a new cluster, replies as text, words
// of a line.
#include <gtest/gtest.h>

#include <set>

#include "operator/cli/create_layout.h"
#include "operator/cli/reply_text.h"

namespace windlass::cli {
namespace {

using redis::Reply;
using topology::Address;

Reply Text(Reply::Type type, const std::string& text) {
  Reply reply;
  reply.type = type;
  reply.text = text;
  return reply;
}

Reply Integer(int64_t number) {
  Reply reply;
  reply.type = Reply::kInteger;
  reply.integer = number;
  return reply;
}

TEST(PlanCreateTest, SpreadsMastersAndKeepsReplicasOffTheirMastersHost) {
  std::vector<Address> nodes;
  for (const char* host : {"h1", "h2", "h3"}) {
    for (int port = 1; port <= 3; ++port) nodes.push_back({host, port});
  }
  const auto layout = PlanCreate(nodes, 2);
  ASSERT_TRUE(layout.ok());
  EXPECT_FALSE(layout->shares_hosts);
  std::set<std::string> master_hosts;
  std::set<Address> used;
  for (const auto& master : layout->masters) {
    master_hosts.insert(master.address.host);
    used.insert(master.address);
    ASSERT_EQ(master.replicas.size(), 2u);
    EXPECT_NE(master.replicas[0].host, master.replicas[1].host);
    for (const Address& replica : master.replicas) {
      EXPECT_NE(replica.host, master.address.host);
      used.insert(replica);
    }
  }
  EXPECT_EQ(master_hosts.size(), 3u);
  EXPECT_EQ(used.size(), nodes.size());
}

TEST(PlanCreateTest, UsesEveryNodeAndSaysWhereHostsAreShared) {
  std::vector<Address> nodes;
  for (int port = 1; port <= 7; ++port) nodes.push_back({"h", port});
  const auto layout = PlanCreate(nodes, 1);
  ASSERT_TRUE(layout.ok());
  EXPECT_TRUE(layout->shares_hosts);
  EXPECT_EQ(layout->masters.size(), 3u);
  EXPECT_EQ(layout->masters[0].replicas.size(), 2u);
}

TEST(PlanCreateTest, RefusesFewerThanThreeMastersAndRepeats) {
  EXPECT_FALSE(PlanCreate({{"h", 1}, {"h", 2}}, 0).ok());
  EXPECT_FALSE(PlanCreate({{"h", 1}, {"h", 2}, {"h", 3}, {"h", 4}, {"h", 5}}, 1).ok());
  EXPECT_FALSE(PlanCreate({{"h", 1}, {"h", 2}, {"h", 3}, {"h", 3}}, 0).ok());
}

TEST(ReplyTextTest, PrintsAsRedisCliDoes) {
  EXPECT_EQ(FormattedReply(Text(Reply::kStatus, "OK")), "OK\n");
  EXPECT_EQ(FormattedReply(Text(Reply::kError, "ERR no")), "(error) ERR no\n");
  EXPECT_EQ(FormattedReply(Integer(-3)), "(integer) -3\n");
  EXPECT_EQ(FormattedReply(Reply{}), "(nil)\n");
  EXPECT_EQ(FormattedReply(Text(Reply::kString, std::string("a\"\n\x01", 4))), "\"a\\\"\\n\\x01\"\n");
  Reply inner;
  inner.type = Reply::kArray;
  EXPECT_EQ(FormattedReply(inner), "(empty array)\n");
  inner.elements = {Integer(1), Text(Reply::kString, "x")};
  Reply outer;
  outer.type = Reply::kArray;
  outer.elements = {Integer(7), inner};
  EXPECT_EQ(FormattedReply(outer), "1) (integer) 7\n2) 1) (integer) 1\n   2) \"x\"\n");
  EXPECT_EQ(RawReply(outer), "7\n1\nx\n");
  EXPECT_EQ(RawReply(Reply{}), "\n");
}

TEST(SplitWordsTest, ReadsQuotesAndEscapes) {
  EXPECT_EQ(SplitWords("  set k  v "), (redis::Command{"set", "k", "v"}));
  EXPECT_EQ(SplitWords(R"(set "a b" 'c "d' "\x41\n" 'it\'s' "")"),
            (redis::Command{"set", "a b", "c \"d", "A\n", "it's", ""}));
  EXPECT_EQ(SplitWords(""), redis::Command{});
  EXPECT_FALSE(SplitWords("set \"open").has_value());
  EXPECT_FALSE(SplitWords("set \"a\"b").has_value());
  EXPECT_FALSE(SplitWords("set 'a").has_value());
}

}  // namespace
}  // namespace windlass::cli
