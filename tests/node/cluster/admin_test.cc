// Administrative commands: what they do, and the errors that change nothing.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

using Kind = SetSlotCommand::Kind;

TEST(AddSlots, RefusesBusyAndDoubledSlotsAsAWhole) {
  OneNode node("");
  ASSERT_TRUE(node.Admin(AddSlotsCommand{{{5, 5}}}).ok());
  EXPECT_EQ(node.Admin(AddSlotsCommand{{{1, 4}, {5, 6}}}).error(), "ERR Slot 5 is already busy");
  EXPECT_EQ(node.Admin(AddSlotsCommand{{{7, 8}, {8, 9}}}).error(), "ERR Slot 8 specified multiple times");
  EXPECT_EQ(node.core->Info().slots_assigned, 1);
  EXPECT_EQ(node.Admin(DelSlotsCommand{{{5, 6}}}).error(), "ERR Slot 6 is already unassigned");
  EXPECT_EQ(node.core->Info().slots_assigned, 1);
}

TEST(SetSlot, RefusesWhatMakesNoSense) {
  OneNode node(ThreeShards());
  const std::string stranger = Id('f').str();
  EXPECT_EQ(node.Admin(SetSlotCommand{6000, Kind::kMigrating, Id('b').str()}).error(),
            "ERR I'm not the owner of hash slot 6000");
  EXPECT_EQ(node.Admin(SetSlotCommand{1, Kind::kImporting, Id('b').str()}).error(),
            "ERR I'm already the owner of hash slot 1");
  EXPECT_EQ(node.Admin(SetSlotCommand{1, Kind::kMigrating, stranger}).error(), "ERR I don't know about node " + stranger);
  EXPECT_EQ(node.Admin(SetSlotCommand{1, Kind::kNode, stranger}).error(), "ERR Unknown node " + stranger);
  EXPECT_EQ(node.Admin(SetSlotCommand{1, Kind::kNode, Id('2').str()}).error(), "ERR Target node is not a master");
  OneNode replica(ThreeShards('1'));
  EXPECT_EQ(replica.Admin(SetSlotCommand{1, Kind::kStable, ""}).error(), "ERR Please use SETSLOT only with masters.");
}

TEST(SetSlot, DoesNotGiveAwayASlotWithKeys) {
  OneNode node(ThreeShards());
  node.keys.counts[1] = 2;
  EXPECT_EQ(node.Admin(SetSlotCommand{1, Kind::kNode, Id('b').str()}).error(),
            "ERR Can't assign hashslot 1 to a different node while I still hold keys for this hash slot.");
  node.keys.counts.clear();
  ASSERT_TRUE(node.Admin(SetSlotCommand{1, Kind::kMigrating, Id('b').str()}).ok());
  ASSERT_TRUE(node.Admin(SetSlotCommand{1, Kind::kNode, Id('b').str()}).ok());
  EXPECT_EQ(node.core->RouteOf(1).kind, RouteKind::kMoved);
}

TEST(SetSlot, EndingAnImportTakesANewEpochAndTellsAll) {
  OneNode node(ThreeShards());
  node.Tick();
  node.AllAnswerBut("");
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, Kind::kImporting, Id('b').str()}).ok());
  node.seen.clear();
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, Kind::kNode, Id('a').str()}).ok());
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kOwn);
  EXPECT_EQ(node.core->Info().my_epoch, 4u);
  EXPECT_EQ(node.Sent(MessageType::kPong).size(), 5u);
}

TEST(Replicate, NeedsAnEmptyNodeAndAMaster) {
  OneNode node(ThreeShards());
  EXPECT_EQ(node.Admin(ReplicateCommand{Id('a').str()}).error(), "ERR Can't replicate myself");
  EXPECT_EQ(node.Admin(ReplicateCommand{Id('2').str()}).error(), "ERR I can only replicate a master, not a replica.");
  EXPECT_EQ(node.Admin(ReplicateCommand{Id('b').str()}).error(),
            "ERR To set a master the node must be empty and without assigned slots.");
  OneNode replica(ThreeShards('1'));
  ASSERT_TRUE(replica.Admin(ReplicateCommand{Id('b').str()}).ok());
  EXPECT_EQ(replica.core->MyMaster(), Id('b'));
  EXPECT_NE(replica.LineOf('1').find("myself,slave " + Id('b').str()), std::string::npos);
}

TEST(Reset, ForgetsAllAndHardTakesANewId) {
  OneNode node(ThreeShards('1'));
  ASSERT_TRUE(node.Admin(ResetCommand{false}).ok());
  EXPECT_TRUE(node.core->IsMaster());
  EXPECT_EQ(node.Count<FlushData>(), 1);
  EXPECT_EQ(node.Count<BecomeMaster>(), 1);
  EXPECT_EQ(node.core->Info().known_nodes, 1);
  EXPECT_EQ(node.core->Info().slots_assigned, 0);
  EXPECT_EQ(node.core->MyId(), Id('1'));
  ASSERT_TRUE(node.Admin(ResetCommand{true}).ok());
  EXPECT_NE(node.core->MyId(), Id('1'));
  EXPECT_EQ(node.core->Info().current_epoch, 0u);
  node.keys.counts[1] = 1;
  EXPECT_EQ(node.Admin(ResetCommand{false}).error(),
            "ERR CLUSTER RESET can't be called with master nodes containing keys");
}

TEST(Reports, NodesLinesAreRedisOwn) {
  OneNode node(ThreeShards());
  EXPECT_EQ(node.LineOf('a'), Id('a').str() + " 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460");
  EXPECT_EQ(node.LineOf('2'), Id('2').str() + " 127.0.0.1:7004@17004 slave " + Id('b').str() + " 0 0 2 disconnected");
  const auto lines = node.core->ReplicaLines(Id('b').str(), node.now);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(*lines, std::vector<std::string>{node.LineOf('2')});
  EXPECT_EQ(node.core->ReplicaLines(Id('2').str(), node.now).error(), "ERR The specified node is not a master");
}

TEST(Reports, SlotsShardsAndInfo) {
  OneNode node(ThreeShards());
  auto replica = node.Usual('2');
  EXPECT_EQ(node.core->SlotsReport()[1].nodes.size(), 1u) << "a replica that has nothing is not listed";
  replica->header.replication_offset = 10;
  node.Deliver('2', replica);
  const auto slots = node.core->SlotsReport();
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[1].range, (slot::SlotRange{5461, 10922}));
  ASSERT_EQ(slots[1].nodes.size(), 2u);
  EXPECT_EQ(slots[1].nodes[1].id, Id('2'));
  const auto shards = node.core->ShardsReport(node.now);
  ASSERT_EQ(shards.size(), 3u);
  EXPECT_STREQ(shards[0].nodes[1].health, "loading");
  EXPECT_STREQ(shards[1].nodes[1].health, "online");
  // A replica took over: the master it replaced stays in the shard.
  auto claim = node.From('2', MessageType::kPing);
  claim->header.slots = node.Usual('b')->header.slots;
  claim->header.config_epoch = 9;
  node.Deliver('2', claim);
  const auto after = node.core->ShardsReport(node.now);
  ASSERT_EQ(after.size(), 3u);
  for (const ShardEntry& shard : after) EXPECT_EQ(shard.nodes.size(), 2u);
  const InfoReport info = node.core->Info();
  EXPECT_EQ(info.size, 3);
  EXPECT_EQ(info.known_nodes, 6);
  EXPECT_EQ(info.slots_ok, 16384);
  EXPECT_EQ(info.received[static_cast<size_t>(MessageType::kPing)], 2u);
}

// A replica of a hears what its master does with slots.
struct Mirroring : OneNode {
  Mirroring() : OneNode(ThreeShards('1')) {}
  void Told(Kind kind, slot::SlotId slot, char id = 0) {
    SetSlotCommand command{slot, kind, id == 0 ? "" : Id(id).str(), true};
    EXPECT_TRUE(Admin(command).ok());
  }
  std::string Open() {
    std::string text;
    for (const SetSlotCommand& open : core->OpenSlots()) {
      text += (open.kind == Kind::kMigrating ? "to " : "from ") + open.id.substr(0, 1) + std::to_string(open.slot) + " ";
    }
    return text;
  }
};

TEST(Mirror, KnowsWhatItsMasterHasOpen) {
  Mirroring node;
  node.Told(Kind::kMigrating, 7, 'b');
  node.Told(Kind::kImporting, 6000, 'b');
  node.Told(Kind::kMigrating, 6001, 'c');  // not its master's
  node.Told(Kind::kImporting, 8, 'b');     // its master's already
  node.Told(Kind::kImporting, 6002, 'x');  // nobody
  EXPECT_EQ(node.Open(), "to b7 from b6000 ");
  EXPECT_EQ(node.core->RouteOf(7).kind, RouteKind::kMyMasters);
  EXPECT_EQ(node.core->Endpoint(node.core->RouteOf(7).other).id, Id('b'));
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kMoved) << "it serves nothing of what comes";
  node.Told(Kind::kStable, 7);
  EXPECT_EQ(node.Open(), "from b6000 ");
  node.Told(Kind::kAllStable, 0);
  EXPECT_EQ(node.Open(), "");
}

TEST(Mirror, HasAnImportedSlotBeforeItsMastersClaimIsHeard) {
  Mirroring node;
  node.Told(Kind::kImporting, 6000, 'b');
  node.Told(Kind::kNode, 6000, 'a');
  EXPECT_EQ(node.Open(), "");
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kMyMasters);
  node.Deliver('b', node.Usual('b'));  // not told yet, and of a higher epoch than its master's
  EXPECT_EQ(node.core->RouteOf(6000).kind, RouteKind::kMyMasters);
}

// The replica '2' of b was elected in its place, and this node heard of it before its master's older word.
TEST(Mirror, GivesASlotToTheSuccessorOfWhoHasBeenReplaced) {
  Mirroring node;
  auto claim = node.Usual('b');
  claim->header.sender = Id('2');
  claim->header.address = OneNode::AddressOf('2');
  claim->header.current_epoch = claim->header.config_epoch = 9;
  node.Deliver('2', claim);
  auto demoted = node.From('b', MessageType::kPing);
  demoted->header.flags = kFlagReplica;
  demoted->header.replica_of = Id('2');
  demoted->header.current_epoch = demoted->header.config_epoch = 9;
  node.Deliver('b', demoted);
  node.Told(Kind::kNode, 16383, 'b');  // of c
  EXPECT_EQ(node.core->OwnerOf(16383), Id('2'));
}

// By an atomic migration; elected before the claim has been heard, the replica has them too.
TEST(Mirror, HasSlotsThatItsMasterTookBeforeTheClaimIsHeard) {
  OneNode node(ThreeShards('1'));
  slot::SlotSet taken;
  taken.Add(slot::SlotRange{6000, 6001});
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{taken, 0, Id('a')}).ok());
  EXPECT_EQ(node.core->OwnerOf(6000), Id('a'));
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kTakeover}).ok());
  EXPECT_TRUE(node.core->OwnSlots().Contains(6000));
}

// The same of what was taken from its master: elected, it has to leave that to the taker.
TEST(Mirror, LeavesSlotsThatWereTakenFromItsMasterBeforeTheClaimIsHeard) {
  OneNode node(ThreeShards('1'));
  slot::SlotSet taken;
  taken.Add(slot::SlotRange{7, 8});
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{taken, 0, Id('b')}).ok());
  EXPECT_EQ(node.core->OwnerOf(7), Id('b'));
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kTakeover}).ok());
  EXPECT_FALSE(node.core->OwnSlots().Contains(7));
  EXPECT_TRUE(node.core->OwnSlots().Contains(9));
}

TEST(Mirror, GivesATakersSlotsToItsSuccessorAndToNoReplica) {
  OneNode node(ThreeShards('1'));
  slot::SlotSet taken;
  taken.Add(slot::SlotRange{7, 8});
  EXPECT_FALSE(node.Admin(TakeSlotsCommand{taken, 0, Id('9')}).ok()) << "not known";
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{taken, 0, Id('2')}).ok());
  EXPECT_EQ(node.core->OwnerOf(7), Id('b')) << "2 is a replica of b";
}

TEST(Mirror, ClosesWhatAMasterOfAnotherShardKnowsNothingOf) {
  Mirroring node;
  node.Told(Kind::kMigrating, 7, 'b');
  ASSERT_TRUE(node.Admin(ReplicateCommand{Id('c').str()}).ok());
  EXPECT_EQ(node.Open(), "");
}

TEST(Mirror, OfAMasterAsksForNothing) {
  OneNode node(ThreeShards());
  ASSERT_TRUE(node.Admin(SetSlotCommand{7, Kind::kMigrating, Id('b').str(), true}).ok());
  EXPECT_TRUE(node.core->OpenSlots().empty());
}

// A tool ends a move to a, in whose place this node has been elected meanwhile.
TEST(SetSlot, ThatNamesTheReplacedMasterLeavesTheSlotToItsSuccessor) {
  OneNode node(ThreeShards('1'));
  ASSERT_TRUE(node.Admin(FailoverCommand{FailoverCommand::Kind::kTakeover}).ok());
  ASSERT_TRUE(node.core->OwnSlots().Contains(7));
  EXPECT_TRUE(node.Admin(SetSlotCommand{7, Kind::kNode, Id('a').str()}).ok());
  EXPECT_TRUE(node.core->OwnSlots().Contains(7));
  // But it may be moved there.
  ASSERT_TRUE(node.Admin(SetSlotCommand{7, Kind::kMigrating, Id('a').str()}).ok());
  EXPECT_TRUE(node.Admin(SetSlotCommand{7, Kind::kNode, Id('a').str()}).ok());
  EXPECT_EQ(node.core->OwnerOf(7), Id('a'));
  EXPECT_TRUE(node.Admin(SetSlotCommand{8, Kind::kNode, Id('b').str()}).ok());
  EXPECT_EQ(node.core->OwnerOf(8), Id('b'));
}

// A tool tells of a move to b late: the slot has come here from b since.
TEST(SetSlot, ThatALaterMoveHasOvertakenIsRefused) {
  OneNode node(ThreeShards());
  slot::SlotSet taken;
  taken.Add(slot::SlotRange{6000, 6001});
  ASSERT_TRUE(node.Admin(TakeSlotsCommand{taken, 3}).ok());
  const SetSlotCommand to_b{6000, Kind::kNode, Id('b').str()};
  EXPECT_FALSE(node.Admin(to_b).ok());
  EXPECT_EQ(node.core->OwnerOf(6000), Id('a'));
  EXPECT_TRUE(node.Admin(SetSlotCommand{7, Kind::kNode, Id('b').str()}).ok()) << "which has always been here";
  // Opened, or claimed by b at a higher epoch, it goes.
  ASSERT_TRUE(node.Admin(SetSlotCommand{6000, Kind::kMigrating, Id('b').str()}).ok());
  EXPECT_TRUE(node.Admin(to_b).ok());
  EXPECT_EQ(node.core->OwnerOf(6000), Id('b'));
  auto later = node.Usual('b');
  later->header.config_epoch = later->header.current_epoch = 9;
  later->header.slots = node.Usual('c')->header.slots;
  node.Deliver('b', later);
  EXPECT_TRUE(node.Admin(SetSlotCommand{6001, Kind::kNode, Id('b').str()}).ok());
  EXPECT_EQ(node.core->OwnerOf(6001), Id('b'));
}

TEST(SetSlot, TellsHowASlotIs) {
  OneNode node(ThreeShards());
  ASSERT_TRUE(node.Admin(SetSlotCommand{7, Kind::kMigrating, Id('b').str()}).ok());
  const auto commands = node.core->AsItIs(7);
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].kind, Kind::kStable);
  EXPECT_EQ(commands[1].id, Id('a').str());
  EXPECT_EQ(commands[2].kind, Kind::kMigrating);
}

}  // namespace
}  // namespace windlass::cluster
