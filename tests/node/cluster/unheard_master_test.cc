// A voter that came after a master had lost its identity: it hears of it from its replica.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

std::string WithoutLineOf(char id) {
  std::string text = ThreeShards();
  const size_t at = text.find("\n" + std::string(40, id) + " ") + 1;
  return text.erase(at, text.find('\n', at) + 1 - at);
}

// Voter a knows everybody but c, whose replica 3 is there.
class UnheardMaster : public ::testing::Test {
 protected:
  UnheardMaster() : node(WithoutLineOf('c')) { Run(500); }
  // The others answer; 3 says whom it follows.
  void Run(int64_t ms) {
    for (int64_t t = 0; t < ms; t += 100) {
      node.Tick();
      for (const char id : {'b', '1', '2', '3'}) node.Answer(id);
    }
  }
  void BReportsC() {
    auto ping = node.Usual('b');
    std::get<Heartbeat>(ping->body).gossip.push_back({Id('c'), 0, 0, Address{}, kFlagMaster | kFlagPfail | kFlagNoAddress});
    node.Deliver('b', ping);
  }
  size_t VotesFor3(uint64_t epoch) {
    auto request = node.Usual('3', MessageType::kFailoverAuthRequest);
    request->header.current_epoch = epoch;
    node.Deliver('3', request);
    return node.Sent(MessageType::kFailoverAuthAck).size();
  }
  OneNode node;
};

TEST_F(UnheardMaster, IsWaitedForAsTheOwnerOfSlotsThatNobodyHas) {
  ASSERT_EQ(node.LineOf('c'), "") << "a newcomer is told of the others by gossip, with their addresses";
  Run(1000);
  const std::string line = node.LineOf('c');
  EXPECT_NE(line.find("master,noaddr"), std::string::npos) << line;
  EXPECT_NE(line.find(" 10923-16383"), std::string::npos) << line;
  EXPECT_NE(node.LineOf('3').find("slave " + Id('c').str()), std::string::npos);
  EXPECT_EQ(node.core->Info().size, 3) << "a voter more of whom a majority is asked";
}

TEST_F(UnheardMaster, FailsAndItsReplicaGetsTheVote) {
  Run(1000);
  EXPECT_EQ(VotesFor3(4), 0u) << "nobody has said that it failed";
  Run(1200);
  BReportsC();
  EXPECT_NE(node.LineOf('c').find("master,fail,noaddr"), std::string::npos) << node.LineOf('c');
  EXPECT_EQ(VotesFor3(5), 1u);
}

TEST_F(UnheardMaster, ThatLivesIsLookedForWhereGossipSaysItIs) {
  Run(1000);
  auto ping = node.Usual('b');
  std::get<Heartbeat>(ping->body).gossip.push_back({Id('c'), 0, 0, OneNode::AddressOf('c'), kFlagMaster});
  node.Deliver('b', ping);
  node.Tick();
  node.Answer('c');
  Run(2000);
  EXPECT_EQ(node.LineOf('c').find("noaddr"), std::string::npos) << node.LineOf('c');
}

TEST_F(UnheardMaster, IsNotTakenBackWhileItIsForgotten) {
  Run(1000);
  ASSERT_TRUE(node.Admin(ForgetCommand{Id('c').str()}).ok());
  Run(5000);
  EXPECT_EQ(node.LineOf('c'), "");
}

TEST_F(UnheardMaster, WhoseSlotsHaveAnOwnerIsNoneOfOurs) {
  auto claim = node.Usual('b');
  auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
  slots->Add({10923, 16383});
  claim->header.slots = slots;
  claim->header.config_epoch = claim->header.current_epoch = 4;
  node.Deliver('b', claim);
  // b claims them in each of its heartbeats.
  for (int i = 0; i < 30; ++i) {
    node.Tick();
    node.Deliver('b', claim);
    node.Answer('3');
  }
  EXPECT_EQ(node.LineOf('c'), "");
}

}  // namespace
}  // namespace windlass::cluster
