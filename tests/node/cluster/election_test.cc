// A replica's bid for its master's place, automatic and manual.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

// Replica 1 of a; b and c vote.
class Candidate : public ::testing::Test {
 protected:
  Candidate() : node(ThreeShards('1')) {
    Offset(100);
    node.Tick();
    node.AllAnswerBut("");
  }
  void Offset(int64_t offset, bool known = true, int64_t age = 0) {
    node.Feed(ReplicationFacts{offset, false, known, age});
  }
  void MasterFails() { node.HearOfFailure('a', 'b'); }
  // Others answer meanwhile.
  void Wait(int64_t ms) { node.TickWithout("a", ms); }
  void Vote(char voter, uint64_t epoch) {
    auto ack = node.Usual(voter, MessageType::kFailoverAuthAck);
    ack->header.current_epoch = epoch;
    node.Deliver(voter, ack);
  }
  size_t Requests() { return node.Sent(MessageType::kFailoverAuthRequest).size(); }
  OneNode node;
};

TEST_F(Candidate, AsksAtOnceAndWinsWithAMajority) {
  MasterFails();
  EXPECT_TRUE(node.Logged("Start of election delayed for 0 milliseconds (rank #0, offset 100)."))
      << "there is no sibling to wait for";
  EXPECT_TRUE(node.Logged("Starting a failover election for epoch 4."));
  EXPECT_GT(Requests(), 0u);
  Vote('b', 4);
  EXPECT_FALSE(node.core->IsMaster()) << "one of three is no majority";
  Vote('b', 4);
  EXPECT_FALSE(node.core->IsMaster()) << "the same vote again is no second vote";
  Vote('c', 4);
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_TRUE(node.Logged("Failover election won: I'm the new master."));
  EXPECT_EQ(node.core->Info().my_epoch, 4u);
  EXPECT_EQ(node.core->RouteOf(0).kind, RouteKind::kOwn);
  EXPECT_EQ(node.Count<BecomeMaster>(), 1);
}

// Replica 2 of b; a and b have failed together.
class Candidates : public ::testing::Test {
 protected:
  Candidates() : node(ThreeShards('2')) {
    node.Feed(ReplicationFacts{100, false, true, 0});
    node.Tick();
    node.AllAnswerBut("");
    node.HearOfFailure('a', 'c');
    node.HearOfFailure('b', 'c');
  }
  OneNode node;
};

TEST_F(Candidates, OfMastersThatFailedTogetherTakeTurns) {
  EXPECT_TRUE(node.Logged("Start of election delayed for 100 milliseconds (rank #0, offset 100)."))
      << "the replica of a asks first";
  EXPECT_TRUE(node.Sent(MessageType::kFailoverAuthRequest).empty());
  node.TickWithout("ab", 100);
  EXPECT_FALSE(node.Sent(MessageType::kFailoverAuthRequest).empty());
}

TEST_F(Candidates, AskAsSoonAsThoseBeforeThemHaveWon) {
  ASSERT_TRUE(node.Sent(MessageType::kFailoverAuthRequest).empty());
  node.now += 20;
  auto won = node.Usual('1');
  won->header.flags = kFlagMaster;
  won->header.replica_of = NodeId();
  won->header.current_epoch = won->header.config_epoch = 4;
  node.Deliver('1', won);
  const auto requests = node.Sent(MessageType::kFailoverAuthRequest);
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests[0]->header.current_epoch, 5u);
}

TEST_F(Candidate, TellsTheFailureOnEachLinkBeforeItAsks) {
  MasterFails();
  int fails = 0, requests = 0;
  for (const Effect& effect : node.seen) {
    const auto* send = std::get_if<Send>(&effect);
    if (send == nullptr) continue;
    if (send->message->type == MessageType::kFail) ++fails;
    if (send->message->type != MessageType::kFailoverAuthRequest) continue;
    ++requests;
    EXPECT_EQ(fails, 5);
  }
  EXPECT_EQ(requests, 5) << "to every other node";
}

TEST_F(Candidate, BecomesMasterOnlyWhenItIsOnDisk) {
  MasterFails();
  Vote('b', 4);
  node.hold_disk = true;
  Vote('c', 4);
  EXPECT_EQ(node.Count<BecomeMaster>(), 0);
  node.Feed(Persisted{node.last_ticket, true});
  EXPECT_EQ(node.Count<BecomeMaster>(), 1);
}

TEST_F(Candidate, DoesNotCountVotesOfAnEarlierEpoch) {
  MasterFails();
  Wait(1300);
  Vote('b', 3);
  Vote('c', 3);
  EXPECT_FALSE(node.core->IsMaster());
}

TEST_F(Candidate, WithDataOfAnotherHistoryDoesNotStand) {
  Offset(0, false);
  MasterFails();
  Wait(3000);
  EXPECT_EQ(Requests(), 0u);
  EXPECT_TRUE(node.Logged("Currently unable to failover: Disconnected from master for longer than allowed."));
}

TEST_F(Candidate, WithDataTooOldDoesNotStand) {
  Offset(100, true, 10000 + 1000 * 10 + 1000 + 1);
  MasterFails();
  Wait(1500);
  EXPECT_EQ(Requests(), 0u);
  Offset(100, true, 10000 + 1000 * 10 + 1000);
  Wait(1500);
  EXPECT_GT(Requests(), 0u);
}

TEST_F(Candidate, IsDelayedBySiblingsThatHaveMore) {
  auto sibling = node.From('9', MessageType::kPing);
  auto handshake = node.Usual('b');
  std::get<Heartbeat>(handshake->body).gossip.push_back({Id('9'), 0, 0, {"127.0.0.1", 7099, 17099, 0}, kFlagReplica});
  node.Deliver('b', handshake);
  sibling->header = node.Usual('1')->header;
  sibling->header.sender = Id('9');
  sibling->header.replication_offset = 200;
  node.Deliver('9', sibling);
  MasterFails();
  node.Tick();
  EXPECT_TRUE(node.Logged("(rank #1, offset 100)"));
  Wait(1100);
  EXPECT_EQ(Requests(), 0u) << "at least 1200 ms";
  Wait(500);
  EXPECT_GT(Requests(), 0u);
}

TEST_F(Candidate, ForcedAsksAtOnceWithForceAck) {
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kForce}).ok());
  ASSERT_GT(Requests(), 0u);
  EXPECT_EQ(node.Sent(MessageType::kFailoverAuthRequest)[0]->header.mflags & kMessageForceAck, kMessageForceAck);
  const size_t asked = Requests();
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kForce}).ok());
  EXPECT_EQ(Requests(), asked) << "asking again does not start over";
  Vote('b', 4);
  Vote('c', 4);
  EXPECT_TRUE(node.core->IsMaster());
}

TEST_F(Candidate, TakesOverWithoutVotes) {
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kTakeover}).ok());
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_EQ(node.core->Info().my_epoch, 4u);
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(Candidate, WaitsForThePausedMastersOffset) {
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  EXPECT_EQ(node.Sent(MessageType::kMfStart).size(), 1u);
  auto paused = node.Usual('a');
  paused->header.mflags = kMessagePaused;
  paused->header.replication_offset = 150;
  node.Deliver('a', paused);
  EXPECT_EQ(Requests(), 0u);
  Offset(150);
  EXPECT_TRUE(node.Logged("All master replication stream processed, manual failover can start."));
  EXPECT_GT(Requests(), 0u);
}

TEST_F(Candidate, WaitsForTheLastOffsetOfAStreamThatGrewWithoutWrites) {
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  const auto stands_at = [this](uint64_t offset) {
    auto paused = node.Usual('a');
    paused->header.mflags = kMessagePaused;
    paused->header.replication_offset = offset;
    node.Deliver('a', paused);
  };
  stands_at(150);
  Offset(187);  // a question for acknowledgements came with the last write
  EXPECT_EQ(Requests(), 0u);
  stands_at(187);
  EXPECT_GT(Requests(), 0u);
  stands_at(150);  // by another link, late
  Vote('b', 4);
  Vote('c', 4);
  EXPECT_TRUE(node.core->IsMaster());
}

TEST_F(Candidate, AsksAgainForVotesThatDoNotCome) {
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kForce}).ok());
  const size_t asked = Requests();
  ASSERT_GT(asked, 0u);
  Wait(400);
  EXPECT_EQ(Requests(), asked);
  Wait(400);
  EXPECT_EQ(Requests(), 2 * asked);
  Vote('b', 4);
  Vote('c', 4);
  EXPECT_FALSE(node.core->IsMaster()) << "these votes are of the epoch before";
  Vote('b', 5);
  Vote('c', 5);
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_EQ(node.core->Info().my_epoch, 5u);
}

TEST_F(Candidate, AskedAgainGoesOnWithWhatItHasBegun) {
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  EXPECT_EQ(node.Sent(MessageType::kMfStart).size(), 2u) << "the first may have been lost";
  auto paused = node.Usual('a');
  paused->header.mflags = kMessagePaused;
  paused->header.replication_offset = 150;
  node.Deliver('a', paused);
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  EXPECT_EQ(node.Sent(MessageType::kMfStart).size(), 2u) << "its answer is here";
  Offset(150);
  EXPECT_GT(Requests(), 0u);
}

TEST_F(Candidate, AsksAgainAMasterThatDoesNotHeed) {
  ASSERT_TRUE(node.Admin(FailoverCommand{}).ok());
  for (int i = 0; i < 6; ++i) node.Tick();
  EXPECT_EQ(node.Sent(MessageType::kMfStart).size(), 2u);
}

TEST_F(Candidate, OfAFailedMasterNeedsForce) {
  MasterFails();
  EXPECT_EQ(node.Admin(FailoverCommand{}).error(),
            "ERR Master is down or failed, please use CLUSTER FAILOVER FORCE");
}

TEST(ManualFailover, PausesTheMasterAndTellsItsOffset) {
  OneNode node(ThreeShards());
  node.Tick();
  node.AllAnswerBut("");
  node.Feed(ReplicationFacts{77, false, false, 0});
  node.Deliver('1', node.Usual('1', MessageType::kMfStart));
  node.Deliver('1', node.Usual('1', MessageType::kMfStart));
  EXPECT_EQ(node.Count<PauseWrites>(), 1) << "asked twice, paused once";
  EXPECT_EQ(node.Count<UnpauseWrites>(), 0);
  EXPECT_TRUE(node.Logged("Manual failover requested by replica " + Id('1').str()));
  const auto paused_offsets = [&node] {
    std::vector<int64_t> offsets;
    for (const Message* ping : node.Sent(MessageType::kPing)) {
      if ((ping->header.mflags & kMessagePaused) != 0) offsets.push_back(static_cast<int64_t>(ping->header.replication_offset));
    }
    return offsets;
  };
  node.Deliver('1', node.Usual('1', MessageType::kPing));
  for (const Message* pong : node.Sent(MessageType::kPong)) EXPECT_EQ(pong->header.mflags & kMessagePaused, 0);
  EXPECT_TRUE(paused_offsets().empty()) << "writes may still be under way";
  node.Feed(ReplicationFacts{78, false, false, 0});
  EXPECT_EQ(paused_offsets(), std::vector<int64_t>{78});
  node.Feed(ReplicationFacts{77, false, false, 0});
  node.seen.clear();
  node.Tick();
  bool told = false;
  for (const Message* ping : node.Sent(MessageType::kPing)) {
    told = told || ((ping->header.mflags & kMessagePaused) != 0 && ping->header.replication_offset == 77);
  }
  EXPECT_TRUE(told);
  node.now += 5001;
  node.Tick();
  EXPECT_TRUE(node.Logged("Manual failover timed out."));
  EXPECT_EQ(node.Count<UnpauseWrites>(), 1);
}

TEST(ManualFailover, IsRefusedOnAMaster) {
  OneNode node(ThreeShards());
  EXPECT_EQ(node.Admin(FailoverCommand{}).error(), "ERR You should send CLUSTER FAILOVER to a replica");
}

}  // namespace
}  // namespace windlass::cluster
