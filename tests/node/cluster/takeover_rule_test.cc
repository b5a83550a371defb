// Who may take a failed master's place where acknowledgements are counted.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

// Replica 1 of a, whose other replica is 4; one acknowledgement is asked for, so both
// have to be heard.
class SemiSync : public ::testing::Test {
 protected:
  SemiSync() : node(Conf(), {}, SemiSyncOptions()) {
    Facts(100, false);
    node.Tick();
    node.AllAnswerBut("");
    Sibling(90, false);
  }
  static Options SemiSyncOptions() {
    Options options = OneNode::DefaultOptions();
    options.min_acks = 1;
    return options;
  }
  static std::string Conf() {
    const std::string line = std::string(40, '4') + " 127.0.0.1:7062@17062 slave " + std::string(40, 'a') + " 0 0 1 connected\n";
    return line + ThreeShards('1');
  }
  void Facts(int64_t offset, bool held, bool whole = true) {
    node.Feed(ReplicationFacts{offset, !held, whole, 0, held, 77});
  }
  void Sibling(uint64_t offset, bool final_offset, uint64_t history = 77) {
    auto ping = node.Usual('1');
    ping->header.sender = Id('4');
    ping->header.address = OneNode::AddressOf('4');
    ping->header.replication_offset = offset;
    if (final_offset) ping->header.final_in_history = history;
    node.Deliver('4', ping);
  }
  void MasterFails() { node.HearOfFailure('a', 'b'); }
  void Wait(int64_t ms) { node.TickWithout("a", ms); }
  bool Asked() { return !node.Sent(MessageType::kFailoverAuthRequest).empty(); }
  const HoldStream* LastHold() {
    const HoldStream* last = nullptr;
    for (const Effect& effect : node.seen) {
      if (const auto* hold = std::get_if<HoldStream>(&effect)) last = hold;
    }
    return last;
  }
  OneNode node;
};

TEST_F(SemiSync, GivesUpTheStreamOfAFailedMasterAndSaysSo) {
  EXPECT_EQ(LastHold(), nullptr);
  MasterFails();
  ASSERT_NE(LastHold(), nullptr);
  EXPECT_TRUE(LastHold()->held);
  for (const Message* pong : node.Sent(MessageType::kPong)) EXPECT_EQ(pong->header.final_in_history, 0u);
  node.seen.clear();
  Facts(110, true);
  bool told = false;
  for (const Message* pong : node.Sent(MessageType::kPong)) {
    told = told || (pong->header.final_in_history == 77 && pong->header.replication_offset == 110);
  }
  EXPECT_TRUE(told);
}

TEST_F(SemiSync, AsksForVotesOnlyWhenTheSiblingsOffsetIsFinal) {
  MasterFails();
  Facts(100, true);
  Wait(1000);
  EXPECT_FALSE(Asked()) << "90 was true while the master lived: it may have acknowledged more since";
  Sibling(100, true);
  Wait(300);
  Sibling(100, true);
  Wait(300);
  EXPECT_TRUE(Asked());
}

TEST_F(SemiSync, LeavesItToASiblingThatIsAhead) {
  MasterFails();
  Facts(100, true);
  for (int i = 0; i < 20; ++i) {
    Sibling(101, true);
    Wait(100);
  }
  EXPECT_FALSE(Asked());
  EXPECT_TRUE(node.Logged("Currently unable to failover: windlass-min-acks asks"));
}

TEST_F(SemiSync, AWordThatIsOldDoesNotCount) {
  MasterFails();
  Facts(100, true);
  Sibling(90, true);
  node.Tick(600);
  Wait(1000);
  EXPECT_FALSE(Asked()) << "half a node timeout is 500 ms";
}

TEST_F(SemiSync, AnOffsetOfAnotherHistoryCountsForNothing) {
  MasterFails();
  Facts(100, true);
  for (int i = 0; i < 10; ++i) {
    Sibling(90, true, 78);
    Wait(100);
  }
  EXPECT_FALSE(Asked());
}

TEST_F(SemiSync, AReplicaWithoutTheMastersDataVouchesForNothing) {
  MasterFails();
  Facts(0, true, false);
  for (int i = 0; i < 10; ++i) {
    Sibling(0, true);
    Wait(100);
  }
  EXPECT_FALSE(Asked());
}

TEST_F(SemiSync, WithTwoAcknowledgementsOneOfTwoReplicasIsEnough) {
  Options options = SemiSyncOptions();
  options.min_acks = 2;
  node.Take(node.core->SetOptions(node.now, options));
  MasterFails();
  Facts(100, true);
  Wait(1000);
  EXPECT_TRUE(Asked());
}

TEST_F(SemiSync, JoinsTheStreamAgainANodeTimeoutAfterTheMasterIsBack) {
  MasterFails();
  Facts(100, true);
  for (int i = 0; i < 22; ++i) {
    node.Tick();
    node.AllAnswerBut("");  // the master answers too, and nobody has taken its slots
  }
  ASSERT_NE(LastHold(), nullptr);
  EXPECT_TRUE(LastHold()->held) << "FAIL was cleared just now";
  for (int i = 0; i < 12; ++i) {
    node.Tick();
    node.AllAnswerBut("");
  }
  EXPECT_FALSE(LastHold()->held);
  EXPECT_FALSE(Asked());
}

TEST(AckCounting, AReplicaThatJustCameDoesNotCountYet) {
  Options options = OneNode::DefaultOptions();
  options.min_acks = 1;
  OneNode node(ThreeShards('a'), {}, options);
  EXPECT_TRUE(node.core->AckCounts(Id('1'))) << "it was there before";
  EXPECT_FALSE(node.core->AckCounts(Id('2'))) << "another master's";
  EXPECT_FALSE(node.core->AckCounts(Id('9')));
  auto moved = node.Usual('2');
  moved->header.replica_of = Id('a');
  node.Deliver('2', moved);
  EXPECT_FALSE(node.core->AckCounts(Id('2'))) << "its siblings may not know of it";
  node.Tick(1100);
  EXPECT_TRUE(node.core->AckCounts(Id('2')));
}

}  // namespace
}  // namespace windlass::cluster
