// nodes.conf: what is written can be read, what others wrote can be read, and
// damage is told with its line.
#include <gtest/gtest.h>

#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

TEST(NodesConf, RoundTrips) {
  Options options = OneNode::DefaultOptions();
  options.hostname = "node-a.example";
  options.human_nodename = "first";
  OneNode node(ThreeShards(), {}, options);
  ASSERT_TRUE(node.Admin(SetSlotCommand{7, SetSlotCommand::Kind::kMigrating, Id('b').str()}).ok());
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, SetSlotCommand::Kind::kImporting, Id('b').str()}).ok());
  ASSERT_TRUE(node.Admin(DelSlotsCommand{{{3, 3}}}).ok());
  const std::string text = node.core->ConfText();
  EXPECT_EQ(text, node.disk);
  OneNode again(text, {}, options);
  EXPECT_EQ(again.core->ConfText(), text);
  EXPECT_EQ(again.core->MyShardId(), node.core->MyShardId());
  EXPECT_EQ(again.core->RouteOf(7).kind, RouteKind::kMigrating);
  EXPECT_EQ(again.core->RouteOf(6000).kind, RouteKind::kImporting);
  EXPECT_EQ(again.core->RouteOf(3).kind, RouteKind::kUnassigned);
}

TEST(NodesConf, ReadsWhatRedis70Writes) {
  const auto conf = ParseNodesConf(
      "f1bf87c90812991c38f441360b2be0e4b9060f2f 127.0.0.1:21710@31710 master - 0 1795381980050 5 connected 0-16383\n"
      "6e8b0f23fa460202895fc82d2451fad6b8e757d8 127.0.0.1:21711@31711 myself,slave "
      "f1bf87c90812991c38f441360b2be0e4b9060f2f 0 0 5 connected\n"
      "vars currentEpoch 6 lastVoteEpoch 2\n");
  ASSERT_TRUE(conf.ok()) << conf.error();
  ASSERT_EQ(conf->nodes.size(), 2u);
  EXPECT_EQ(conf->nodes[0].slots, (std::vector<slot::SlotRange>{{0, 16383}}));
  EXPECT_EQ(conf->nodes[0].address.bus_port, 31710);
  EXPECT_EQ(conf->nodes[1].replica_of, conf->nodes[0].id);
  EXPECT_EQ(conf->current_epoch, 6u);
  EXPECT_EQ(conf->last_vote_epoch, 2u);
}

TEST(NodesConf, ReadsWhatRedis72Writes) {
  const std::string id(40, 'a');
  const std::string shard(40, 'b');
  const auto conf = ParseNodesConf(id + " 10.0.0.1:6379@16379,host.example,tls-port=0,shard-id=" + shard +
                                   ",nodename=n1 myself,master,nofailover - 0 0 1 connected 1-2 4 [4->-" + shard +
                                   "]\nvars currentEpoch 1 lastVoteEpoch 0\n");
  ASSERT_TRUE(conf.ok()) << conf.error();
  EXPECT_EQ(conf->nodes[0].hostname, "host.example");
  EXPECT_EQ(conf->nodes[0].human_nodename, "n1");
  EXPECT_EQ(conf->nodes[0].shard_id.str(), shard);
  EXPECT_EQ(conf->nodes[0].flags, kFlagMyself | kFlagMaster | kFlagNoFailover);
  ASSERT_EQ(conf->nodes[0].open_slots.size(), 1u);
  EXPECT_FALSE(conf->nodes[0].open_slots[0].importing);
}

std::string Damaged(const std::string& what, const std::string& with) {
  std::string text = ThreeShards();
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), with);
  const auto conf = ParseNodesConf(text);
  return conf.ok() ? "read without error" : conf.error();
}

TEST(NodesConf, TellsWhatIsWrongAndWhere) {
  EXPECT_EQ(Damaged(" 0-5460", " 0-99999").substr(0, 7), "line 1:");
  EXPECT_EQ(Damaged("myself,master", "myself,mister"), "line 1: unknown flag 'mister'");
  EXPECT_EQ(Damaged("myself,", ""), "the file as a whole: it has 0 lines for this node (flag myself), needs one");
  EXPECT_EQ(Damaged(std::string(40, 'b') + " 127", std::string(39, 'b') + " 127").substr(0, 20), "line 2: bad node id ");
  EXPECT_EQ(Damaged("vars currentEpoch 3 lastVoteEpoch 0\n", ""), "the file as a whole: the last line, vars, is missing");
  EXPECT_EQ(Damaged("lastVoteEpoch 0\n", ""), "line 7: cut short");
  EXPECT_EQ(Damaged("lastVoteEpoch 0\n", "\n"), "line 7: the vars are cut short");
  EXPECT_EQ(Damaged("currentEpoch 3", "currentEpoch x"), "line 7: bad number 'x'");
  EXPECT_EQ(Damaged("10923-16383", "10900-16383"), "the file as a whole: slot 10900 has two owners");
  EXPECT_EQ(Damaged("@17001", "@17001,,odd=1"), "line 2: unknown field 'odd'");
  EXPECT_EQ(Damaged("0 0 2 connected", "0 0 two connected"), "line 2: bad config epoch");
  EXPECT_EQ(Damaged("0 0 2 connected", "0 0 18446744073709551615 connected"), "line 2: bad config epoch");
  EXPECT_EQ(Damaged("currentEpoch 3", "currentEpoch 281474976710656"), "line 7: bad epoch '281474976710656'");
  EXPECT_FALSE(ParseNodesConf("").ok());
}

TEST(NodesConf, CutAnywhereIsAnErrorNotACrash) {
  const std::string text = ThreeShards();
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(ParseNodesConf(text.substr(0, length)).ok()) << length;
  }
}

TEST(NodesConf, AReplicaOfAnUnagreedShardTakesItsMasters) {
  std::string text = ThreeShards('1');
  const std::string wrong(40, 'e');
  text.replace(text.find("@17003"), 6, "@17003,,shard-id=" + wrong);
  OneNode node(text);
  EXPECT_NE(node.core->MyShardId().str(), wrong);
}

}  // namespace
}  // namespace windlass::cluster
