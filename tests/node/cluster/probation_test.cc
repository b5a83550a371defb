// A master restarted without its data.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

constexpr DataAtStart kEmpty{false, 0};

TEST(Probation, IsSilentWhileAReplicaMayHoldMore) {
  OneNode node(ThreeShards(), kEmpty);
  for (int i = 0; i < 40; ++i) {
    node.Tick();
    node.Deliver('b', node.Usual('b'));
  }
  EXPECT_EQ(node.Count<Send>(), 0);
  EXPECT_FALSE(node.core->StateOk());
  EXPECT_FALSE(node.core->MayBeFollowed());
  ASSERT_EQ(node.core->ReplicasInDoubt().size(), 1u);
}

TEST(Probation, OffsetZeroOfAReplicaProvesNothing) {
  OneNode node(ThreeShards(), kEmpty);
  node.Deliver('1', node.Usual('1'));
  EXPECT_FALSE(node.core->MayBeFollowed());
}

TEST(Probation, EndsWhenTheReplicaIsProvenEmptyAndTheRestIsHeard) {
  OneNode node(ThreeShards(), kEmpty);
  node.Feed(ReplicaHoldsNothingNewer{Id('1')});
  EXPECT_FALSE(node.core->MayBeFollowed()) << "2 and 3 may have become its replicas";
  node.Deliver('b', node.Usual('b'));
  EXPECT_GT(node.Sent(MessageType::kPong).size(), 0u) << "but it speaks again";
  node.Deliver('2', node.Usual('2'));
  node.Deliver('3', node.Usual('3'));
  EXPECT_TRUE(node.core->MayBeFollowed());
}

TEST(Probation, ClosesTheLinksWhosePingsItSwallowed) {
  OneNode node(ThreeShards(), kEmpty);
  node.Deliver('b', node.Usual('b'));
  const int before = node.Count<Disconnect>();
  node.Feed(ReplicaHoldsNothingNewer{Id('1')});
  EXPECT_EQ(node.Count<Disconnect>(), before + 1);
}

TEST(Probation, EndsWhenTheReplicasOffsetIsNotAboveTheLoadedData) {
  OneNode node(ThreeShards(), DataAtStart{false, 500});
  node.Deliver('2', node.Usual('2'));
  node.Deliver('3', node.Usual('3'));
  auto replica = node.Usual('1');
  replica->header.replication_offset = 501;
  node.Deliver('1', replica);
  EXPECT_FALSE(node.core->MayBeFollowed());
  auto older = std::make_shared<Message>(*replica);
  older->header.replication_offset = 500;
  node.Deliver('1', older);
  EXPECT_TRUE(node.core->MayBeFollowed());
}

TEST(Probation, EndsWhenTheReplicaHasTakenOver) {
  OneNode node(ThreeShards(), kEmpty);
  auto claim = node.From('1', MessageType::kPing);
  claim->header.slots = node.Usual('a')->header.slots;
  claim->header.config_epoch = claim->header.current_epoch = 9;
  node.Deliver('1', claim);
  EXPECT_EQ(node.core->MyMaster(), Id('1'));
  EXPECT_TRUE(node.core->MayBeFollowed());
  node.Tick();
  EXPECT_GT(node.Count<Send>(), 0);
}

// a took 1's place and came back empty before it had heard of 1 as its replica.
class AfterTakingOver : public ::testing::Test {
 protected:
  static std::string Conf(const std::string& flags, const std::string& shard_of_1) {
    std::string text = ThreeShards();
    const size_t at = text.find(std::string(40, '1') + " ");
    const std::string shard = ",,shard-id=" + std::string(40, 'e');
    const std::string of_1 = ",,shard-id=" + std::string(40, shard_of_1[0]);
    text.replace(at, text.find('\n', at) - at,
                 std::string(40, '1') + " 127.0.0.1:7003@17003" + of_1 + " " + flags + " - 0 0 0 connected");
    text.insert(text.find("7000@17000") + 10, shard);
    return text;
  }
  static void HearTheRest(OneNode* node) {
    for (const char id : {'b', 'c', '2', '3'}) node->Deliver(id, node->Usual(id));
  }
};

TEST_F(AfterTakingOver, TheOldMasterOfTheShardIsWaitedForEvenIfItFailed) {
  OneNode node(Conf("master,fail", "e"), kEmpty);
  HearTheRest(&node);
  for (const char id : {'b', 'c'}) {
    auto fail = node.Usual(id, MessageType::kFail);
    fail->body = Fail{Id('1')};
    node.Deliver(id, fail);
  }
  node.Tick();
  EXPECT_FALSE(node.core->MayBeFollowed());
  node.Deliver('1', node.From('1', MessageType::kPing));
  EXPECT_TRUE(node.core->MayBeFollowed()) << "it was heard: a master without slots";
}

TEST_F(AfterTakingOver, AFailureOfAnotherShardExcusesOnlyWhenItIsNews) {
  OneNode node(Conf("master,fail", "d"), kEmpty);
  HearTheRest(&node);
  EXPECT_FALSE(node.core->MayBeFollowed()) << "FAIL is what the file says";
  auto fail = node.Usual('b', MessageType::kFail);
  fail->body = Fail{Id('1')};
  node.Deliver('b', fail);
  node.Tick();
  EXPECT_TRUE(node.core->MayBeFollowed());
}

TEST(Probation, VotesStayPossible) {
  OneNode node(ThreeShards(), kEmpty);
  node.Tick();
  auto request = node.Usual('3', MessageType::kFailoverAuthRequest);
  request->header.current_epoch = 4;
  request->header.mflags = kMessageForceAck;
  node.Deliver('3', request);
  EXPECT_EQ(node.Sent(MessageType::kFailoverAuthAck).size(), 1u);
}

TEST(Probation, IsNotForAMasterWithCompleteData) {
  OneNode node(ThreeShards());
  node.Tick();
  EXPECT_TRUE(node.core->MayBeFollowed());
  EXPECT_GT(node.Sent(MessageType::kPing).size(), 0u);
}

TEST(Newcomer, IsFollowedOnlyOnceItIsKnownToBeAMaster) {
  OneNode node("");
  EXPECT_FALSE(node.core->MayBeFollowed());
  ASSERT_TRUE(node.Admin(AddSlotsCommand{{{0, 10}}}).ok());
  node.Tick();
  EXPECT_TRUE(node.core->MayBeFollowed());
}

}  // namespace
}  // namespace windlass::cluster
