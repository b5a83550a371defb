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
