// Each rule of the vote, from the voter's side.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

// Voter a; replica 3 of c asks, c having failed.
class Voting : public ::testing::Test {
 protected:
  Voting() : node(ThreeShards()) {
    node.Tick();
    node.AllAnswerBut("");
  }
  void FailMasterC() {
    auto fail = node.Usual('b', MessageType::kFail);
    fail->body = Fail{Id('c')};
    node.Deliver('b', fail);
  }
  std::shared_ptr<Message> Request(uint64_t epoch) {
    auto request = node.Usual('3', MessageType::kFailoverAuthRequest);
    request->header.current_epoch = epoch;
    return request;
  }
  size_t Votes() { return node.Sent(MessageType::kFailoverAuthAck).size(); }
  OneNode node;
};

TEST_F(Voting, IsGrantedForAFailedMaster) {
  FailMasterC();
  node.Deliver('3', Request(4));
  ASSERT_EQ(Votes(), 1u);
  EXPECT_EQ(node.Sent(MessageType::kFailoverAuthAck)[0]->header.current_epoch, 4u);
  EXPECT_TRUE(node.Logged("Failover auth granted to " + Id('3').str() + " () for epoch 4"));
  EXPECT_NE(node.disk.find("lastVoteEpoch 4"), std::string::npos);
}

TEST_F(Voting, LeavesOnlyWhenItIsOnDisk) {
  FailMasterC();
  node.hold_disk = true;
  node.Deliver('3', Request(4));
  EXPECT_EQ(Votes(), 0u);
  node.Feed(Persisted{node.last_ticket, true});
  EXPECT_EQ(Votes(), 1u);
}

TEST_F(Voting, ThatCannotBeWrittenIsNeverSent) {
  FailMasterC();
  node.hold_disk = true;
  node.Deliver('3', Request(4));
  node.Feed(Persisted{node.last_ticket, false});
  node.hold_disk = false;
  node.Tick();
  EXPECT_EQ(Votes(), 0u);
  node.Deliver('3', Request(4));
  EXPECT_EQ(Votes(), 0u) << "the epoch's vote is spent all the same";
}

TEST_F(Voting, IsDeniedWhileTheMasterIsUp) {
  node.Deliver('3', Request(4));
  EXPECT_EQ(Votes(), 0u);
  EXPECT_TRUE(node.Logged("its master is up"));
}

TEST_F(Voting, IsGrantedForAMasterThatIsUpIfForced) {
  auto request = Request(4);
  request->header.mflags = kMessageForceAck;
  node.Deliver('3', request);
  EXPECT_EQ(Votes(), 1u);
}

TEST_F(Voting, IsDeniedForAnOldEpoch) {
  FailMasterC();
  node.Deliver('3', Request(2));
  EXPECT_EQ(Votes(), 0u);
  EXPECT_TRUE(node.Logged("reqEpoch (2) < curEpoch(3)"));
}

TEST_F(Voting, IsGivenOncePerEpoch) {
  FailMasterC();
  node.Deliver('3', Request(4));
  auto second = node.Usual('2', MessageType::kFailoverAuthRequest);
  second->header.current_epoch = 4;
  second->header.mflags = kMessageForceAck;
  node.Deliver('2', second);
  EXPECT_EQ(Votes(), 1u);
  EXPECT_TRUE(node.Logged("already voted for epoch 4"));
}

TEST_F(Voting, IsGivenOncePerEpochOverARestart) {
  FailMasterC();
  node.Deliver('3', Request(4));
  ASSERT_EQ(Votes(), 1u);
  OneNode again(node.disk);
  again.Tick();
  auto request = again.Usual('2', MessageType::kFailoverAuthRequest);
  request->header.current_epoch = 4;
  request->header.mflags = kMessageForceAck;
  again.Deliver('2', request);
  EXPECT_TRUE(again.Sent(MessageType::kFailoverAuthAck).empty());
}

TEST_F(Voting, IsNotGivenTwiceForOneMasterSoon) {
  FailMasterC();
  node.Deliver('3', Request(4));
  const auto of_sibling = [this](uint64_t epoch, MessageType type) {
    auto message = node.Usual('3', type);
    message->header.sender = Id('2');
    message->header.address = OneNode::AddressOf('2');
    message->header.current_epoch = epoch;
    return message;
  };
  node.Deliver('2', of_sibling(4, MessageType::kPing));
  node.Deliver('2', of_sibling(5, MessageType::kFailoverAuthRequest));
  EXPECT_EQ(Votes(), 1u);
  EXPECT_TRUE(node.Logged("can't vote about this master before"));
  node.now += 2001;  // twice the node timeout
  node.Deliver('2', of_sibling(6, MessageType::kFailoverAuthRequest));
  EXPECT_EQ(Votes(), 2u);
}

TEST_F(Voting, IsGivenAgainToACandidateThatDidNotWinByIt) {
  FailMasterC();
  node.Deliver('3', Request(4));
  node.Deliver('3', Request(5));
  ASSERT_EQ(Votes(), 2u);
  EXPECT_EQ(node.Sent(MessageType::kFailoverAuthAck)[1]->header.current_epoch, 5u);
}

// Replaced, it came back as a replica, was made master by hand, and fails anew.
TEST_F(Voting, IsGivenAgainOnceTheElectionIsOver) {
  FailMasterC();
  node.Deliver('3', Request(4));
  const auto won = [this](char winner, char other, uint64_t epoch) {
    auto master = node.Usual('c');
    master->header.sender = Id(winner);
    master->header.address = OneNode::AddressOf(winner);
    master->header.current_epoch = master->header.config_epoch = epoch;
    node.Deliver(winner, master);
    auto replica = node.Usual('3');
    replica->header.sender = Id(other);
    replica->header.address = OneNode::AddressOf(other);
    replica->header.replica_of = Id(winner);
    replica->header.current_epoch = replica->header.config_epoch = epoch;
    node.Deliver(other, replica);
  };
  won('3', 'c', 4);
  won('c', '3', 5);
  FailMasterC();
  auto request = Request(6);
  request->header.config_epoch = 5;
  node.Deliver('3', request);
  EXPECT_EQ(Votes(), 2u);
}

TEST_F(Voting, IsDeniedToAMaster) {
  auto request = node.Usual('b', MessageType::kFailoverAuthRequest);
  request->header.current_epoch = 4;
  node.Deliver('b', request);
  EXPECT_EQ(Votes(), 0u);
  EXPECT_TRUE(node.Logged("it is a master node"));
}

TEST_F(Voting, IsDeniedWhenTheClaimIsOlderThanASlotsOwner) {
  FailMasterC();
  auto request = Request(4);
  request->header.config_epoch = 2;  // we know c with 3
  node.Deliver('3', request);
  EXPECT_EQ(Votes(), 0u);
  EXPECT_TRUE(node.Logged("epoch (3) > reqEpoch (2)"));
}

TEST(Voter, WithoutSlotsDoesNotVote) {
  OneNode replica(ThreeShards('1'));
  replica.Tick();
  auto request = replica.Usual('3', MessageType::kFailoverAuthRequest);
  request->header.current_epoch = 4;
  request->header.mflags = kMessageForceAck;
  replica.Deliver('3', request);
  EXPECT_TRUE(replica.Sent(MessageType::kFailoverAuthAck).empty());
}

}  // namespace
}  // namespace windlass::cluster
