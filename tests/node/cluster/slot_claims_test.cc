// Routes, and what claims do to the slot table.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

TEST(Route, TellsOwnMovedAndUnassignedSlots) {
  OneNode node(ThreeShards());
  EXPECT_EQ(node.core->RouteOf(0).kind, RouteKind::kOwn);
  const Route moved = node.core->RouteOf(16383);
  EXPECT_EQ(moved.kind, RouteKind::kMoved);
  EXPECT_EQ(node.core->Endpoint(moved.owner).id, Id('c'));
  EXPECT_EQ(node.core->Endpoint(moved.owner).address.port, 7002);
  ASSERT_TRUE(node.Admin(DelSlotsCommand{{{5, 5}}}).ok());
  EXPECT_EQ(node.core->RouteOf(5).kind, RouteKind::kUnassigned);
}

TEST(Route, TellsSlotsOnTheirWay) {
  OneNode node(ThreeShards());
  SetSlotCommand migrating{7, SetSlotCommand::Kind::kMigrating, Id('b').str()};
  SetSlotCommand importing{6000, SetSlotCommand::Kind::kImporting, Id('b').str()};
  ASSERT_TRUE(node.Admin(migrating).ok());
  ASSERT_TRUE(node.Admin(importing).ok());
  EXPECT_EQ(node.core->RouteOf(7).kind, RouteKind::kMigrating);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(7).other).id, Id('b'));
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kImporting);
  EXPECT_NE(node.LineOf('a').find(" [7->-" + Id('b').str() + "] [6000-<-" + Id('b').str() + "]"), std::string::npos);
  ASSERT_TRUE(node.Admin(SetSlotCommand{7, SetSlotCommand::Kind::kStable, ""}).ok());
  EXPECT_EQ(node.core->RouteOf(7).kind, RouteKind::kOwn);
}

TEST(Route, OfAReplicaTellsItsMastersSlots) {
  OneNode node(ThreeShards('1'));
  EXPECT_EQ(node.core->RouteOf(0).kind, RouteKind::kMyMasters);
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kMoved);
}

// b was replaced by 2, follows it, tells us of a failure, and dies before any heartbeat.
TEST(Claim, IsNotBlockedByItsOwnEpochInTheMouthOfTheReplaced) {
  OneNode node(ThreeShards());
  node.Tick();
  auto fail = node.Usual('b', MessageType::kFail);
  fail->header.flags = kFlagReplica;
  fail->header.replica_of = Id('2');
  fail->header.current_epoch = fail->header.config_epoch = 9;
  fail->body = Fail{Id('c')};
  node.Deliver('b', fail);
  auto claim = node.Usual('b');  // its slots, in the name of
  claim->header.sender = Id('2');
  claim->header.address = OneNode::AddressOf('2');
  claim->header.current_epoch = claim->header.config_epoch = 9;
  node.Deliver('2', claim);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(6000).owner).id, Id('2'));
}

// This master was away: '1' was elected in its place and gave slots to b, which is heard last.
TEST(Claim, OfTheLastSlotsMakesAReplacedMasterFollowItsSuccessor) {
  Options options = OneNode::DefaultOptions();
  options.allow_replica_migration = false;
  OneNode node(ThreeShards(), {}, options);
  const auto claims = [&node](char by, slot::SlotRange range, uint64_t epoch) {
    auto claim = node.From(by, MessageType::kPing);
    auto slots = std::make_shared<slot::SlotSet>(*node.Usual('b')->header.slots);
    if (by != 'b') slots->Clear();
    slots->Add(range);
    claim->header.slots = slots;
    claim->header.config_epoch = claim->header.current_epoch = epoch;
    node.Deliver(by, claim);
  };
  claims('1', {100, 5460}, 4);
  ASSERT_TRUE(node.core->IsMaster());
  claims('b', {0, 99}, 5);
  EXPECT_FALSE(node.core->IsMaster());
  EXPECT_EQ(node.core->MyMaster(), Id('1'));
}

// The same, where the successor has given all of them away since, and is heard last.
TEST(Claim, OfTheLastSlotsMakesAReplacedMasterFollowASuccessorThatIsEmptyToo) {
  Options options = OneNode::DefaultOptions();
  options.allow_replica_migration = false;
  OneNode node(ThreeShards(), {}, options);
  node.Claims('b', {0, 10922}, 5);
  ASSERT_TRUE(node.core->IsMaster());
  auto empty = node.From('1', MessageType::kPing);
  empty->header.current_epoch = 5;
  empty->header.config_epoch = 1;
  node.Deliver('1', empty);
  EXPECT_TRUE(node.core->IsMaster()) << "that one was not elected in its place";
  empty = node.From('1', MessageType::kPing);
  empty->header.current_epoch = 5;
  empty->header.config_epoch = 4;
  node.Deliver('1', empty);
  EXPECT_FALSE(node.core->IsMaster());
  EXPECT_EQ(node.core->MyMaster(), Id('1'));
}

// a took slots of its own and was replaced by '1' at that very moment, which has not got them:
// each has some, and neither has been elected in the other's place by saying so again.
TEST(Claim, OfAnOlderMasterInheritsNothingFromItsSuccessor) {
  OneNode node(ThreeShards('c'));
  node.Claims('1', {0, 5460}, 7);
  for (int i = 0; i < 3; ++i) {
    node.Claims('a', {6000, 6001}, 6);
    EXPECT_EQ(node.core->OwnerOf(10), Id('1'));
    EXPECT_EQ(node.core->OwnerOf(6000), Id('a'));
    node.Claims('1', {0, 5460}, 7);
    EXPECT_EQ(node.core->OwnerOf(6000), Id('a'));
  }
}

TEST(Claim, OfTheLastSlotsLeavesAMasterAloneThatNobodyWasElectedFor) {
  Options options = OneNode::DefaultOptions();
  options.allow_replica_migration = false;
  OneNode node(ThreeShards(), {}, options);
  auto claim = node.Usual('b');
  auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
  slots->Add(slot::SlotRange{0, 5460});
  claim->header.slots = slots;
  claim->header.config_epoch = claim->header.current_epoch = 5;
  node.Deliver('b', claim);
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_TRUE(node.core->OwnSlots().empty());
}

TEST(Claim, WithAHigherEpochRebinds) {
  OneNode node(ThreeShards());
  auto claim = node.Usual('b');
  auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
  slots->Add(slot::SlotId{16000});  // of c, which has epoch 3
  claim->header.slots = slots;
  node.Deliver('b', claim);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(16000).owner).id, Id('c')) << "epoch 2 < 3";
  auto newer = std::make_shared<Message>(*claim);
  newer->header.config_epoch = newer->header.current_epoch = 4;
  node.Deliver('b', newer);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(16000).owner).id, Id('b'));
}

// An import that has ended here, of a source that is told last.
struct Imported : OneNode {
  Imported() : OneNode(ThreeShards()) {
    EXPECT_TRUE(Admin(SetSlotCommand{6000, SetSlotCommand::Kind::kImporting, Id('b').str()}).ok());
    EXPECT_TRUE(Admin(SetSlotCommand{6000, SetSlotCommand::Kind::kNode, Id('a').str()}).ok());
  }
  // b, or who stands for it, with an epoch of its own; with the slot or without.
  void Claims(char id, uint64_t epoch, bool with) {
    auto claim = Usual('b');
    auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
    if (!with) slots->Remove(slot::SlotId{6000});
    claim->header.slots = slots;
    claim->header.sender = Id(id);
    claim->header.address = AddressOf(id);
    claim->header.current_epoch = claim->header.config_epoch = epoch;
    Deliver(id, claim);
  }
  bool Mine() { return core->RouteOf(6000).kind == RouteKind::kOwn; }
};

TEST(Claim, OfASourceThatHasNotBeenToldYetIsOutbid) {
  Imported node;
  ASSERT_NE(node.LineOf('a').find(" 4 connected"), std::string::npos) << node.LineOf('a');
  node.Claims('b', 5, true);
  EXPECT_TRUE(node.Mine()) << "the slot's keys are here";
  EXPECT_EQ(node.Count<SlotsLost>(), 0);
  EXPECT_NE(node.LineOf('a').find(" 6 connected"), std::string::npos) << node.LineOf('a');
  node.Claims('b', 5, true);
  EXPECT_NE(node.LineOf('a').find(" 6 connected"), std::string::npos) << "once is enough";
  node.Claims('b', 7, false);
  node.Claims('b', 8, true);
  EXPECT_FALSE(node.Mine()) << "told, and heard to be: then it is a claim like any other";
}

TEST(Claim, OfTheSourcesSuccessorIsOutbidToo) {
  Imported node;
  node.Claims('2', 5, true);
  EXPECT_TRUE(node.Mine());
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(7000).owner).id, Id('2'));
  node.Claims('2', 6, false);
  node.Claims('2', 9, true);
  EXPECT_FALSE(node.Mine());
}

TEST(Claim, OfTheSourceHoldsWhenTheSlotGoesBack) {
  Imported node;
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, SetSlotCommand::Kind::kMigrating, Id('b').str()}).ok());
  node.Claims('b', 5, true);
  EXPECT_FALSE(node.Mine());
}

TEST(Claim, OfAnOlderEpochIsAnsweredByUpdate) {
  OneNode node(ThreeShards());
  node.Tick();
  auto claim = node.Usual('b');
  auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
  slots->Add(slot::SlotId{16000});
  claim->header.slots = slots;
  node.Deliver('b', claim);
  const auto updates = node.Sent(MessageType::kUpdate);
  ASSERT_EQ(updates.size(), 1u);
  const auto& update = std::get<Update>(updates[0]->body);
  EXPECT_EQ(update.about, Id('c'));
  EXPECT_EQ(update.config_epoch, 3u);
}

TEST(Claim, NoLongerMadeIsNotVouchedForAndFreeToTake) {
  OneNode node(ThreeShards());
  node.Tick();
  auto less = node.Usual('c');
  auto slots = std::make_shared<slot::SlotSet>(*less->header.slots);
  slots->Remove(16000);
  less->header.slots = slots;
  node.Deliver('c', less);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(16000).owner).id, Id('c')) << "kept until someone claims it";
  // b claims another of c's slots with an old epoch: the UPDATE must not speak of 16000.
  auto stale = node.Usual('b');
  auto more = std::make_shared<slot::SlotSet>(*stale->header.slots);
  more->Add(slot::SlotId{15000});
  stale->header.slots = more;
  node.Deliver('b', stale);
  const auto updates = node.Sent(MessageType::kUpdate);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_FALSE(std::get<Update>(updates[0]->body).slots->Contains(16000));
  EXPECT_TRUE(std::get<Update>(updates[0]->body).slots->Contains(15000));
  // And an epoch below c's is enough for 16000.
  auto take = node.Usual('b');
  auto taken = std::make_shared<slot::SlotSet>(*take->header.slots);
  taken->Add(slot::SlotId{16000});
  take->header.slots = taken;
  node.Deliver('b', take);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(16000).owner).id, Id('b'));
}

TEST(Claim, OfTheLastSlotMakesTheLoserFollow) {
  OneNode node(ThreeShards());
  auto claim = node.From('1', MessageType::kPing);
  claim->header.slots = node.Usual('a')->header.slots;
  claim->header.config_epoch = claim->header.current_epoch = 9;
  node.Deliver('1', claim);
  EXPECT_FALSE(node.core->IsMaster());
  EXPECT_EQ(node.core->MyMaster(), Id('1'));
  EXPECT_EQ(node.Count<FollowMaster>(), 1);
  EXPECT_TRUE(node.Logged("Configuration change detected. Reconfiguring myself as a replica of " + Id('1').str()));
}

TEST(Claim, OfSomeSlotsDeletesTheirKeys) {
  OneNode node(ThreeShards());
  node.keys.counts[10] = 3;
  auto claim = node.Usual('b');
  auto slots = std::make_shared<slot::SlotSet>(*claim->header.slots);
  slots->Add(slot::SlotId{10});
  claim->header.slots = slots;
  claim->header.config_epoch = 8;
  node.Deliver('b', claim);
  ASSERT_EQ(node.Count<SlotsLost>(), 1);
  for (const Effect& effect : node.seen) {
    if (const auto* lost = std::get_if<SlotsLost>(&effect)) {
      EXPECT_TRUE(lost->delete_keys);
      EXPECT_EQ(lost->slots->size(), 1);
      EXPECT_TRUE(lost->slots->Contains(10));
    }
  }
  EXPECT_TRUE(node.core->IsMaster());
}

TEST(Claim, OfTheSourcesSuccessorKeepsTheImportGoing) {
  OneNode node(ThreeShards());
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, SetSlotCommand::Kind::kImporting, Id('b').str()}).ok());
  auto claim = node.From('2', MessageType::kPing);
  claim->header.slots = node.Usual('b')->header.slots;
  claim->header.config_epoch = claim->header.current_epoch = 9;
  node.Deliver('2', claim);
  const Route route = node.core->RouteOf(6000);
  EXPECT_EQ(route.kind, RouteKind::kImporting);
  EXPECT_EQ(node.core->Endpoint(route.owner).id, Id('2'));
  EXPECT_EQ(node.core->Endpoint(route.other).id, Id('2'));
}

}  // namespace
}  // namespace windlass::cluster
