// Slots granted to another master: not claimed any more, and taken back only on purpose.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

slot::SlotSet Slots(slot::SlotId first, slot::SlotId last) {
  slot::SlotSet slots;
  slots.Add(slot::SlotRange{first, last});
  return slots;
}

GrantsOutstanding GrantTo(char target, const slot::SlotSet& slots) {
  return {{Grant{slots, Id(target), NodeId()}}};
}

// b's claim of its own slots and these.
void Claim(OneNode& node, const slot::SlotSet& slots, uint64_t epoch) {
  auto claim = node.Usual('b');
  auto all = std::make_shared<slot::SlotSet>(*claim->header.slots);
  *all |= slots;
  claim->header.slots = all;
  claim->header.config_epoch = epoch;
  claim->header.current_epoch = epoch;
  node.Deliver('b', claim);
}

TEST(Grants, GrantedSlotsStayInTheTableAndLeaveTheClaims) {
  OneNode node(ThreeShards());
  node.Feed(GrantTo('b', Slots(0, 9)));
  EXPECT_EQ(node.core->RouteOf(5).kind, RouteKind::kOwn);
  EXPECT_TRUE(node.core->GrantedSlots().Contains(5));
  node.seen.clear();
  ASSERT_TRUE(node.Admin(BumpEpochCommand{}).ok());
  node.Deliver('b', node.Usual('b'));
  ASSERT_FALSE(node.Sent(MessageType::kPong).empty());
  const Header& header = node.Sent(MessageType::kPong).back()->header;
  EXPECT_FALSE(header.slots->Contains(5));
  EXPECT_TRUE(header.slots->Contains(10));
}

TEST(Grants, TheTargetsClaimWinsWhateverEpochThisNodeHasGotMeanwhile) {
  OneNode node(ThreeShards());
  node.Feed(GrantTo('b', Slots(0, 9)));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(node.Admin(TakeSlotsCommand{Slots(100, 100), 0}).ok());  // raises the epoch
  }
  Claim(node, Slots(0, 9), 4);
  EXPECT_EQ(node.core->OwnerOf(5), Id('b'));
  EXPECT_FALSE(node.core->GrantedSlots().Contains(5));
  EXPECT_EQ(node.Sent(MessageType::kUpdate).size(), 0u);
}

TEST(Grants, AnotherNodesOldClaimDoesNotWin) {
  OneNode node(ThreeShards());
  node.Feed(GrantTo('c', Slots(0, 9)));
  Claim(node, Slots(0, 9), 1);
  EXPECT_EQ(node.core->OwnerOf(5), Id('a'));
}

TEST(Grants, TakenBackSlotsAreClaimedAtANewEpoch) {
  OneNode node(ThreeShards());
  node.Feed(GrantTo('b', Slots(0, 9)));
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{Slots(0, 9), 50}).ok());
  EXPECT_TRUE(node.core->GrantedSlots().empty());
  EXPECT_EQ(node.core->Info().my_epoch, 51u);
  node.seen.clear();
  node.Deliver('b', node.Usual('b'));
  EXPECT_TRUE(node.Sent(MessageType::kPong).back()->header.slots->Contains(5));
}

TEST(Grants, TakingIsToldOnlyWhenItIsOnDisk) {
  OneNode node(ThreeShards());
  node.Tick();  // opens the links
  node.seen.clear();
  node.hold_disk = true;
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{Slots(6000, 6009), 0}).ok());
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kOwn);
  EXPECT_TRUE(node.Sent(MessageType::kPong).empty());
  node.Feed(Persisted{node.last_ticket, true});
  ASSERT_FALSE(node.Sent(MessageType::kPong).empty());
  EXPECT_TRUE(node.Sent(MessageType::kPong).back()->header.slots->Contains(6000));
}

TEST(Grants, AReplicaDoesNotTakeSlots) {
  OneNode node(ThreeShards('1'));
  EXPECT_FALSE(node.Admin(TakeSlotsCommand{Slots(0, 9), 0}).ok());
}

// The replica '1' of a, elected: it claims what a has but for these.
void ClaimInItsPlace(OneNode& node, const slot::SlotSet& without, uint64_t epoch) {
  auto claim = node.From('1', MessageType::kPing);
  auto slots = std::make_shared<slot::SlotSet>(Slots(0, 5460));
  *slots -= without;
  claim->header.slots = slots;
  claim->header.config_epoch = claim->header.current_epoch = epoch;
  node.Deliver('1', claim);
}

TEST(Grants, AMasterThatIsReplacedKeepsNothingOfWhatItGranted) {
  OneNode node(ThreeShards());
  ASSERT_EQ(node.core->ShardOf(Id('1')), node.core->MyShardId());
  node.Feed(GrantTo('b', Slots(0, 9)));
  ClaimInItsPlace(node, Slots(0, 9), 4);
  EXPECT_FALSE(node.core->IsMaster());
  EXPECT_EQ(node.core->MyMaster(), Id('1'));
  EXPECT_EQ(node.core->OwnerOf(5), Id('1'));
  EXPECT_TRUE(node.core->GrantedSlots().Contains(5));
}

// A node of this shard that was reset, and to which a slot was moved by hand.
TEST(Grants, AMasterThatLosesASlotToANodeOfItsShardKeepsWhatItDidNotGrant) {
  OneNode node(ThreeShards());
  node.Feed(GrantTo('b', Slots(0, 9)));
  ClaimInItsPlace(node, Slots(0, 5459), 4);
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_EQ(node.core->OwnerOf(5460), Id('1'));
  EXPECT_EQ(node.core->OwnerOf(100), node.core->MyId());
}

TEST(Grants, OthersGiveTheSuccessorWhatItsMasterGrantedAndTheTargetMayTakeIt) {
  OneNode node(ThreeShards('c'));
  ASSERT_FALSE(node.core->ShardOf(Id('a')).null());
  ClaimInItsPlace(node, Slots(0, 9), 4);
  EXPECT_EQ(node.core->OwnerOf(5), Id('1'));
  EXPECT_EQ(node.core->OwnerOf(10), Id('1'));
  Claim(node, Slots(0, 9), 3);
  EXPECT_EQ(node.core->OwnerOf(5), Id('b'));
  EXPECT_EQ(node.core->OwnerOf(10), Id('1'));
}

// The replica '2' of the target b has been a master once and has lost its slots, but not to b.
TEST(Grants, OfAFailedTargetItsSuccessorIsAskedAndNoEmptyMasterOfItsShard) {
  OneNode node(ThreeShards());
  const NodeId shard = node.core->ShardOf(Id('b'));
  node.Deliver('2', node.From('2', MessageType::kPing));
  ASSERT_TRUE(node.core->IsKnownMaster(Id('2')));
  ASSERT_EQ(node.core->ShardOf(Id('2')), shard);
  ASSERT_TRUE(node.core->MasterOf(Id('b'), shard));
  EXPECT_EQ(node.core->MasterOf(Id('b'), shard)->id, Id('b'));
  node.HearOfFailure('b', 'c');
  EXPECT_FALSE(node.core->MasterOf(Id('b'), shard));
  auto claim = node.Usual('b');  // its slots, in the name of
  claim->header.sender = Id('2');
  claim->header.address = OneNode::AddressOf('2');
  claim->header.current_epoch = claim->header.config_epoch = 9;
  node.Deliver('2', claim);
  ASSERT_TRUE(node.core->MasterOf(Id('b'), shard));
  EXPECT_EQ(node.core->MasterOf(Id('b'), shard)->id, Id('2'));
}

// It can tell what became of a grant to b also when it has given everything away.
TEST(Grants, OfAFailedTargetItsSuccessorIsAskedThatHasNoSlotsAnyMore) {
  OneNode node(ThreeShards());
  const NodeId shard = node.core->ShardOf(Id('b'));
  node.HearOfFailure('b', 'c');
  node.Claims('2', {5461, 10922}, 4);
  node.Claims('c', {5461, 16383}, 5);
  ASSERT_EQ(node.core->OwnerOf(6000), Id('c'));
  ASSERT_TRUE(node.core->MasterOf(Id('b'), shard));
  EXPECT_EQ(node.core->MasterOf(Id('b'), shard)->id, Id('2'));
  node.HearOfFailure('2', 'c');
  EXPECT_FALSE(node.core->MasterOf(Id('b'), shard));
}

TEST(Grants, ThatIsTakenBackIsClaimedAtOnceAndAtTheSameEpoch) {
  OneNode node(ThreeShards());
  node.Tick();  // opens the links
  node.Feed(GrantTo('b', Slots(0, 9)));
  node.seen.clear();
  node.Feed(GrantsOutstanding{});
  ASSERT_FALSE(node.Sent(MessageType::kPong).empty());
  const Header& header = node.Sent(MessageType::kPong).back()->header;
  EXPECT_TRUE(header.slots->Contains(5));
  EXPECT_EQ(header.config_epoch, 1u);
}

TEST(Grants, ATargetIsInTouchWhenAMajorityHasBeenHeardForAWhile) {
  OneNode node(ThreeShards());
  node.Tick(3000);
  EXPECT_FALSE(node.core->InTouch()) << "nobody has been heard";
  for (int i = 0; i < 30; ++i) {
    node.AllAnswerBut("");
    node.Tick();
  }
  EXPECT_TRUE(node.core->InTouch());
  for (int i = 0; i < 30; ++i) {
    node.AllAnswerBut("bc");
    node.Tick();
  }
  EXPECT_FALSE(node.core->InTouch());
}

// A slot that its owner stopped claiming and claims again is vouched for again.
TEST(Grants, AWithdrawnGrantIsForgottenByOthers) {
  OneNode node(ThreeShards());
  auto without = node.Usual('b');
  auto fewer = std::make_shared<slot::SlotSet>(*without->header.slots);
  fewer->Remove(6000);
  without->header.slots = fewer;
  node.Deliver('b', without);
  node.Deliver('b', node.Usual('b'));
  auto stranger = node.Usual('c');
  auto more = std::make_shared<slot::SlotSet>(*stranger->header.slots);
  more->Add(6000);
  stranger->header.slots = more;
  stranger->header.config_epoch = 1;
  node.Deliver('c', stranger);
  EXPECT_EQ(node.core->OwnerOf(6000), Id('b'));
}

}  // namespace
}  // namespace windlass::cluster
