// Nodes coming and going: MEET, handshakes, FORGET and its ban, gossip, failure
// detection, replica migration.
#include <set>

#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

void Tell(OneNode& node, char teller, GossipEntry entry) {
  auto ping = node.Usual(teller);
  std::get<Heartbeat>(ping->body).gossip.push_back(std::move(entry));
  node.Deliver(teller, ping);
}
GossipEntry Entry(char id, uint16_t flags) { return {Id(id), 0, 0, OneNode::AddressOf(id), flags}; }

TEST(Meet, IsSentAgainUntilAnsweredAndGivenUpInTheEnd) {
  OneNode node("");
  MeetCommand meet{"127.0.0.1", 7050, std::nullopt};
  ASSERT_TRUE(node.Admin(meet).ok());
  node.now += 0;
  node.Tick();
  EXPECT_EQ(node.Sent(MessageType::kMeet).size(), 1u);
  Options slow = OneNode::DefaultOptions();
  slow.node_timeout_ms = 5000;
  node.Take(node.core->SetOptions(node.now, slow));
  node.Tick(1100);
  EXPECT_EQ(node.Sent(MessageType::kMeet).size(), 2u);
  node.Tick(5000);
  EXPECT_EQ(node.core->Info().known_nodes, 1) << "the handshake ran out";
}

TEST(Meet, RefusesWhatIsNoAddress) {
  OneNode node("");
  EXPECT_EQ(node.Admin(MeetCommand{"foo", 1, {}}).error(), "ERR Invalid node address specified: foo:1");
  EXPECT_EQ(node.Admin(MeetCommand{"127.0.0.1", 60000, {}}).error(),
            "ERR Invalid node address specified: 127.0.0.1:60000");
  EXPECT_EQ(node.Admin(MeetCommand{"1.2.3.4", 0, {}}).error(), "ERR Invalid node address specified: 1.2.3.4:0");
}

TEST(Handshake, CompletesUnderTheIdThatAnswers) {
  OneNode node("");
  ASSERT_TRUE(node.Admin(MeetCommand{"127.0.0.1", 7001, {}}).ok());
  node.Tick();
  EXPECT_NE(node.core->NodesText(0).find("handshake"), std::string::npos);
  node.Answer('b');
  EXPECT_NE(node.LineOf('b').find(" 127.0.0.1:7001@17001 master - 0 "), std::string::npos) << node.LineOf('b');
}

TEST(Gossip, OfATrustedNodeAddsNodes) {
  OneNode node(ThreeShards());
  Tell(node, 'b', Entry('9', kFlagMaster));
  EXPECT_FALSE(node.LineOf('9').empty());
}

TEST(Gossip, OfAStrangerAddsNothing) {
  OneNode node(ThreeShards());
  auto ping = node.From('8', MessageType::kPing);
  std::get<Heartbeat>(ping->body).gossip.push_back(Entry('9', kFlagMaster));
  node.Deliver('8', ping);
  EXPECT_TRUE(node.LineOf('9').empty());
  EXPECT_TRUE(node.LineOf('8').empty());
}

TEST(Gossip, TellsThreeNodesOrATenthAndEverySuspect) {
  OneNode node(ThreeShards());
  for (int i = 0; i < 60; ++i) {
    GossipEntry entry;
    entry.id = *NodeId::Parse(std::string(38, 'd') + (i < 10 ? "0" : "") + std::to_string(i));
    entry.address = Address{"127.0.0.1", static_cast<uint16_t>(8000 + i), static_cast<uint16_t>(18000 + i), 0};
    entry.flags = kFlagMaster;
    Tell(node, 'b', entry);
  }
  node.Tick();
  node.seen.clear();
  node.Deliver('b', node.Usual('b'));
  const auto pongs = node.Sent(MessageType::kPong);
  ASSERT_EQ(pongs.size(), 1u);
  const auto& gossip = std::get<Heartbeat>(pongs[0]->body).gossip;
  EXPECT_LE(gossip.size(), 6u);  // 66 nodes
  EXPECT_GE(gossip.size(), 3u);
  std::set<std::string> told;
  for (const GossipEntry& entry : gossip) {
    EXPECT_NE(entry.id, Id('a')) << "not myself";
    EXPECT_NE(entry.id, Id('b')) << "not the one told";
    EXPECT_TRUE(told.insert(entry.id.str()).second) << "nobody twice";
  }
  // The sixty answer nothing: all are suspects, and all are told.
  for (int i = 0; i < 30; ++i) {
    node.Tick();
    node.AllAnswerBut("");
  }
  node.seen.clear();
  node.Deliver('b', node.Usual('b'));
  EXPECT_GE(std::get<Heartbeat>(node.Sent(MessageType::kPong)[0]->body).gossip.size(), 60u);
}

TEST(Gossip, GoesOnToTellOfAFailedMasterThatNobodyReplaced) {
  OneNode node(ThreeShards());
  node.Tick();
  // Its address has another owner now, and the broadcast of its failure may have missed someone.
  node.Feed(MessageReceived{node.link_to[OneNode::AddressOf('c').bus_port], node.From('9', MessageType::kPong),
                            "127.0.0.1", "127.0.0.1"});
  node.HearOfFailure('c', 'b');
  node.Tick();
  ASSERT_NE(node.LineOf('c').find("fail,noaddr"), std::string::npos) << node.LineOf('c');
  node.seen.clear();
  node.Deliver('3', node.Usual('3'));
  const auto pongs = node.Sent(MessageType::kPong);
  ASSERT_EQ(pongs.size(), 1u);
  const auto& gossip = std::get<Heartbeat>(pongs[0]->body).gossip;
  int told = 0;
  for (const GossipEntry& entry : gossip) told += entry.id == Id('c') && (entry.flags & kFlagFail) != 0 ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST(Forget, BansForAMinuteAndTellsOthers) {
  OneNode node(ThreeShards());
  Tell(node, 'b', Entry('9', kFlagMaster));
  ASSERT_TRUE(node.Admin(ForgetCommand{Id('9').str()}).ok());
  EXPECT_TRUE(node.LineOf('9').empty());
  Tell(node, 'b', Entry('9', kFlagMaster));
  EXPECT_TRUE(node.LineOf('9').empty()) << "banned";
  auto ping = node.Usual('b');
  ping->header.mflags = kMessageExtData;
  node.seen.clear();
  node.Deliver('b', ping);
  const auto& forgotten = std::get<Heartbeat>(node.Sent(MessageType::kPong)[0]->body).extensions.forgotten;
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(forgotten[0].id, Id('9'));
  EXPECT_EQ(forgotten[0].ttl_s, 60u);
  node.now += 60001;
  Tell(node, 'b', Entry('9', kFlagMaster));
  EXPECT_FALSE(node.LineOf('9').empty()) << "the ban has run out";
}

TEST(Forget, HeardFromOthersBansToo) {
  OneNode node(ThreeShards());
  Tell(node, 'b', Entry('9', kFlagMaster));
  auto ping = node.Usual('b');
  std::get<Heartbeat>(ping->body).extensions.forgotten.push_back({Id('9'), 30});
  std::get<Heartbeat>(ping->body).extensions.forgotten.push_back({Id('c'), 30});
  node.Deliver('b', ping);
  EXPECT_TRUE(node.LineOf('9').empty());
  EXPECT_FALSE(node.LineOf('c').empty()) << "it owns slots here";
  Tell(node, 'b', Entry('9', kFlagMaster));
  EXPECT_TRUE(node.LineOf('9').empty());
}

TEST(Forget, HeardFromOthersBansWhoWasNeverMet) {
  OneNode node(ThreeShards());
  auto ping = node.Usual('b');
  std::get<Heartbeat>(ping->body).extensions.forgotten.push_back({Id('9'), 30});
  node.Deliver('b', ping);
  Tell(node, 'c', Entry('9', kFlagMaster));
  EXPECT_TRUE(node.LineOf('9').empty()) << "c has yet to forget it";
  node.now += 30001;
  Tell(node, 'c', Entry('9', kFlagMaster));
  EXPECT_FALSE(node.LineOf('9').empty());
}

TEST(Forget, OfANodeThatOthersForgotBeforeIsDone) {
  OneNode node(ThreeShards());
  Tell(node, 'b', Entry('9', kFlagMaster));
  auto ping = node.Usual('b');
  std::get<Heartbeat>(ping->body).extensions.forgotten.push_back({Id('9'), 30});
  node.Deliver('b', ping);
  EXPECT_TRUE(node.Admin(ForgetCommand{Id('9').str()}).ok());
  node.now += 30001;
  EXPECT_EQ(node.Admin(ForgetCommand{Id('9').str()}).error(), "ERR Unknown node " + Id('9').str());
}

TEST(Forget, RefusesMyselfMyMasterAndStrangers) {
  OneNode node(ThreeShards('1'));
  EXPECT_EQ(node.Admin(ForgetCommand{Id('1').str()}).error(), "ERR I tried hard but I can't forget myself...");
  EXPECT_EQ(node.Admin(ForgetCommand{Id('a').str()}).error(), "ERR Can't forget my master!");
  EXPECT_EQ(node.Admin(ForgetCommand{"x"}).error(), "ERR Unknown node x");
}

TEST(FailureDetection, NeedsAMajorityOfReports) {
  OneNode node(ThreeShards());
  for (int i = 0; i < 14; ++i) {
    node.Tick();
    node.AllAnswerBut("c");
  }
  EXPECT_NE(node.LineOf('c').find("master,fail? "), std::string::npos) << node.LineOf('c');
  Tell(node, '2', Entry('c', kFlagMaster | kFlagPfail));
  EXPECT_NE(node.LineOf('c').find("fail?"), std::string::npos) << "a replica's word does not count";
  Tell(node, 'b', Entry('c', kFlagMaster | kFlagPfail));
  EXPECT_NE(node.LineOf('c').find("master,fail "), std::string::npos);
  EXPECT_TRUE(node.Logged("Marking node " + Id('c').str() + " () as failing (quorum reached)."));
  EXPECT_FALSE(node.Sent(MessageType::kFail).empty());
  EXPECT_EQ(*node.core->FailureReports(Id('c').str(), node.now), 1);
  EXPECT_FALSE(node.core->StateOk());
}

TEST(FailureDetection, AVotersSuspicionIsToldAtOnce) {
  OneNode node(ThreeShards());
  const auto told = [&node] {
    size_t count = 0;
    for (const auto& pong : node.Sent(MessageType::kPong)) {
      for (const GossipEntry& entry : std::get<Heartbeat>(pong->body).gossip) {
        if (entry.id == Id('c') && (entry.flags & kFlagPfail) != 0) ++count;
      }
    }
    return count;
  };
  const int64_t begin = node.now;
  while (node.LineOf('c').find("master,fail? ") == std::string::npos) {
    EXPECT_EQ(told(), 0u);
    ASSERT_LT(node.now, begin + 10000);
    node.Tick();
    node.AllAnswerBut("c");
  }
  EXPECT_GE(told(), 4u) << "to every node with a link";
}

TEST(FailureDetection, ForgetsOldReports) {
  OneNode node(ThreeShards());
  Tell(node, 'b', Entry('c', kFlagMaster | kFlagPfail));
  EXPECT_EQ(*node.core->FailureReports(Id('c').str(), node.now + 2000), 1);
  EXPECT_EQ(*node.core->FailureReports(Id('c').str(), node.now + 2001), 0);
}

TEST(FailureDetection, OfAMasterIsUndoneOnlyWhenNobodyReplacedIt) {
  OneNode node(ThreeShards());
  node.Tick();
  auto fail = node.Usual('b', MessageType::kFail);
  fail->body = Fail{Id('c')};
  node.Deliver('b', fail);
  node.Answer('c');
  EXPECT_NE(node.LineOf('c').find("fail"), std::string::npos);
  node.now += 2001;
  node.Answer('c');
  EXPECT_EQ(node.LineOf('c').find("fail"), std::string::npos);
  EXPECT_TRUE(node.Logged("is reachable again and nobody is serving its slots after some time."));
}

TEST(State, WaitsTwoSecondsAfterAStartAndNeedsAMajority) {
  OneNode node(ThreeShards());
  for (int i = 0; i < 15; ++i) {
    node.Tick();
    node.AllAnswerBut("");
  }
  EXPECT_FALSE(node.core->StateOk());
  for (int i = 0; i < 10; ++i) {
    node.Tick();
    node.AllAnswerBut("");
  }
  EXPECT_TRUE(node.core->StateOk());
  for (int i = 0; i < 20; ++i) {
    node.Tick();
    node.AllAnswerBut("bc");
  }
  EXPECT_FALSE(node.core->StateOk()) << "alone of three";
}

TEST(Address, IsFollowedWhenANodeMoves) {
  OneNode node(ThreeShards());
  auto ping = node.Usual('b');
  node.Feed(MessageReceived{LinkId{true, 99}, ping, "127.0.0.9", "127.0.0.1"});
  EXPECT_NE(node.LineOf('b').find("127.0.0.1:7001"), std::string::npos) << "the announced one counts";
  auto moved = std::make_shared<Message>(*ping);
  moved->header.address.ip.clear();
  node.Feed(MessageReceived{LinkId{true, 99}, moved, "127.0.0.9", "127.0.0.1"});
  EXPECT_NE(node.LineOf('b').find("127.0.0.9:7001"), std::string::npos);
}

// A sibling was elected in the master's place; what the old master says of itself comes first.
TEST(Replica, ThatHearsOfTheDemotionBeforeThePromotionFollowsTheSuccessor) {
  OneNode node(ThreeShards('3'));  // of c
  node.Tick();
  const auto of_shard = [&node](char id, char master, uint64_t epoch) {
    auto message = node.Usual('3');
    message->header.sender = Id(id);
    message->header.address = OneNode::AddressOf(id);
    message->header.flags = master == 0 ? kFlagMaster : kFlagReplica;
    message->header.replica_of = master == 0 ? NodeId() : Id(master);
    message->header.current_epoch = message->header.config_epoch = epoch;
    node.Deliver(id, message);
  };
  of_shard('1', 'c', 3);
  ASSERT_NE(node.LineOf('1').find("slave " + Id('c').str()), std::string::npos) << node.LineOf('1');
  of_shard('c', '1', 4);
  node.Tick();
  of_shard('1', 0, 4);
  node.Tick();
  EXPECT_NE(node.LineOf('3').find("slave " + Id('1').str()), std::string::npos) << node.LineOf('3');
  EXPECT_NE(node.LineOf('1').find("10923-16383"), std::string::npos) << node.LineOf('1');
  EXPECT_NE(node.LineOf('c').find("slave " + Id('1').str()), std::string::npos) << node.LineOf('c');
}

TEST(Migration, OfASpareReplicaToAnOrphanedMaster) {
  // 1 and 3 replicate a; c has lost its replica 3... which is 1's sibling here.
  std::string conf = ThreeShards('1');
  const size_t three = conf.find(std::string(40, '3') + " ");
  conf.replace(conf.find(std::string(40, 'c'), three), 40, std::string(40, 'a'));
  OneNode node(conf);
  auto lone = node.Usual('2');
  auto sibling = node.Usual('3');
  sibling->header.replica_of = Id('a');
  sibling->header.slots = node.Usual('a')->header.slots;
  // b's replica 2 fails: b is an orphan.
  for (int i = 0; i < 30; ++i) {
    node.Tick();
    node.AllAnswerBut("23");
    node.Deliver('3', sibling);
  }
  auto fail = node.Usual('b', MessageType::kFail);
  fail->body = Fail{Id('2')};
  node.Deliver('b', fail);
  EXPECT_TRUE(node.core->StateOk());
  for (int i = 0; i < 60; ++i) {
    node.Tick();
    node.AllAnswerBut("23");
    node.Deliver('3', sibling);
  }
  EXPECT_TRUE(node.Logged("Migrating to orphaned master " + Id('b').str()));
  EXPECT_EQ(node.core->MyMaster(), Id('b'));
}

}  // namespace
}  // namespace windlass::cluster
