// Epochs: bumping, collisions, what is on disk before it is said.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

TEST(BumpEpoch, TakesOneAboveAllOnce) {
  OneNode node(ThreeShards());
  EXPECT_EQ(*node.Admin(BumpEpochCommand{}), "BUMPED 4");
  EXPECT_EQ(*node.Admin(BumpEpochCommand{}), "STILL 4");
  EXPECT_EQ(node.core->Info().current_epoch, 4u);
}

TEST(SetConfigEpoch, OnlyAloneAndOnce) {
  OneNode alone("");
  EXPECT_FALSE(alone.Admin(SetConfigEpochCommand{-1}).ok());
  EXPECT_TRUE(alone.Admin(SetConfigEpochCommand{5}).ok());
  EXPECT_EQ(alone.Admin(SetConfigEpochCommand{6}).error(), "ERR Node config epoch is already non-zero");
  OneNode among(ThreeShards());
  EXPECT_EQ(among.Admin(SetConfigEpochCommand{6}).error(),
            "ERR The user can assign a config epoch only when the node does not know any other node.");
}

TEST(Collision, TheSmallerIdMovesOn) {
  OneNode node(ThreeShards());  // a, epoch 1
  auto same = node.Usual('b');
  same->header.config_epoch = 1;
  node.Deliver('b', same);
  EXPECT_EQ(node.core->Info().my_epoch, 4u);
  EXPECT_TRUE(node.Logged("WARNING: configEpoch collision with node " + Id('b').str()));
}

TEST(Collision, TheGreaterIdStays) {
  OneNode node(ThreeShards('b'));
  auto same = node.Usual('a');
  same->header.config_epoch = 2;
  node.Deliver('a', same);
  EXPECT_EQ(node.core->Info().my_epoch, 2u);
}

TEST(Collision, OverASlotIsWonByTheOneThatTookIt) {
  // c, with the greatest id, imports a slot of a and takes it with a new epoch;
  // a has given itself the same epoch meanwhile.
  OneNode node(ThreeShards('c'));
  ASSERT_TRUE(node.Admin(SetSlotCommand{10, SetSlotCommand::Kind::kImporting, Id('a').str()}).ok());
  auto high = node.Usual('b');
  high->header.current_epoch = 6;
  node.Deliver('b', high);
  ASSERT_TRUE(node.Admin(SetSlotCommand{10, SetSlotCommand::Kind::kNode, Id('c').str()}).ok());
  ASSERT_EQ(node.core->Info().my_epoch, 7u);
  auto rival = node.Usual('a');
  rival->header.config_epoch = rival->header.current_epoch = 7;
  node.Deliver('a', rival);
  EXPECT_EQ(node.core->Info().my_epoch, 8u);
  EXPECT_EQ(node.core->RouteOf(10).kind, RouteKind::kOwn);
}

TEST(Collision, OfAMasterThatTookSlotsAndItsElectedReplicaIsTheReplicasToSettle) {
  OneNode node(ThreeShards());
  slot::SlotSet taken;
  taken.Add(6000);
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{taken, 0}).ok());
  ASSERT_EQ(node.core->Info().my_epoch, 4u);
  auto elected = node.From('1', MessageType::kPing);
  auto slots = std::make_shared<slot::SlotSet>();
  slots->Add(slot::SlotRange{0, 5460});
  elected->header.slots = slots;
  elected->header.config_epoch = elected->header.current_epoch = 4;
  node.Deliver('1', elected);
  EXPECT_EQ(node.core->Info().my_epoch, 4u);
}

// Elected in its master's place, this node took slots by a grant to both; so did the master, which had not
// heard of the election, at the same epoch.
class BothTook : public ::testing::Test {
 protected:
  BothTook() {
    EXPECT_TRUE(node_.Admin(FailoverCommand{FailoverCommand::Kind::kTakeover}).ok());
    slot::SlotSet taken;
    taken.Add(6000);
    EXPECT_TRUE(node_.Admin(TakeSlotsCommand{taken, 0}).ok());
    EXPECT_EQ(Epoch(), 5u);
  }
  uint64_t Epoch() { return node_.core->Info().my_epoch; }
  void MasterClaimsAt(uint64_t epoch) {
    auto claim = node_.Usual('a');
    claim->header.config_epoch = claim->header.current_epoch = epoch;
    node_.Deliver('a', claim);
  }

  OneNode node_{ThreeShards('1')};
};

TEST_F(BothTook, AtOneEpochTheElectedOneMovesOn) {
  MasterClaimsAt(5);
  EXPECT_EQ(Epoch(), 6u);
}

TEST_F(BothTook, AfterThatTheFormerMasterMayBeElectedInItsPlace) {
  auto follows = node_.From('a', MessageType::kPing);
  follows->header.flags = kFlagReplica;
  follows->header.replica_of = Id('1');
  follows->header.current_epoch = follows->header.config_epoch = 5;
  node_.Deliver('a', follows);
  MasterClaimsAt(5);
  EXPECT_EQ(Epoch(), 5u) << "the other one's to settle";
}

TEST(CurrentEpoch, IsLearntFromHeadersAndKept) {
  OneNode node(ThreeShards());
  auto ahead = node.Usual('b');
  ahead->header.current_epoch = 40;
  node.Deliver('b', ahead);
  EXPECT_EQ(node.core->Info().current_epoch, 40u);
  EXPECT_NE(node.disk.find("vars currentEpoch 40 lastVoteEpoch 0\n"), std::string::npos);
}

TEST(Persist, HoldsWhatIsSaidUntilTheEpochIsOnDisk) {
  OneNode node(ThreeShards());
  node.Tick();
  node.AllAnswerBut("");
  node.hold_disk = true;
  ASSERT_TRUE(node.Admin(BumpEpochCommand{}).ok());
  node.seen.clear();
  node.Tick(600);
  EXPECT_TRUE(node.Sent(MessageType::kPing).empty()) << "held";
  node.Feed(Persisted{node.last_ticket, true});
  EXPECT_FALSE(node.Sent(MessageType::kPing).empty()) << "released";
}

TEST(Persist, ThatFailsSendsNothingAndIsTriedAgain) {
  OneNode node(ThreeShards());
  node.Tick();
  node.AllAnswerBut("");
  node.hold_disk = true;
  ASSERT_TRUE(node.Admin(BumpEpochCommand{}).ok());
  node.Tick(600);
  node.seen.clear();
  node.Feed(Persisted{node.last_ticket, false});
  EXPECT_EQ(node.Count<Send>(), 0);
  node.Tick();
  ASSERT_EQ(node.Count<Persist>(), 1);
  EXPECT_TRUE(std::get<Persist>(node.seen[0]).critical);
  EXPECT_EQ(node.Count<Send>(), 0);
}

}  // namespace
}  // namespace windlass::cluster
