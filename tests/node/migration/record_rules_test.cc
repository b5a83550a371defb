// What CLUSTER SETSLOT may do to a slot that a migration has.
#include "node/migration/record_rules.h"

#include <gtest/gtest.h>

#include "tests/node/cluster/one_node.h"

namespace windlass::migration {
namespace {

using Kind = cluster::SetSlotCommand::Kind;

class Moving : public ::testing::Test {
 protected:
  Moving() : node_(cluster::ThreeShards()) {
    job_.name = std::string(kJobNameDigits, '5');
    job_.source = cluster::Id('a');
    job_.target = cluster::Id('b');
    job_.slots.Add(slot::SlotRange{0, 99});
  }
  std::optional<std::string> WhyNot(Kind kind, char id = '\0') const {
    return WhyNotSet(*node_.core, job_, {7, kind, id == '\0' ? "" : cluster::Id(id).str()});
  }

  cluster::OneNode node_;
  Job job_;
};

TEST_F(Moving, IsNotOpenedNorGivenAway) {
  for (const Kind kind : {Kind::kMigrating, Kind::kImporting, Kind::kNode}) {
    for (const char other : {'b', 'c'}) EXPECT_TRUE(WhyNot(kind, other).has_value()) << static_cast<int>(kind) << other;
  }
  const std::string error = *WhyNot(Kind::kMigrating, 'c');
  EXPECT_NE(error.find("ERR Slot 7 is in atomic migration " + job_.name), std::string::npos) << error;
  EXPECT_NE(error.find("CANCELSLOTMIGRATIONS"), std::string::npos) << error;
}

TEST_F(Moving, StaysWhereItIsByAnybodysWord) {
  EXPECT_FALSE(WhyNot(Kind::kStable).has_value());
  EXPECT_FALSE(WhyNot(Kind::kNode, 'a').has_value()) << "the owner";
}

TEST_F(Moving, MayBeSaidToBeWhereItHasArrived) {
  ASSERT_TRUE(node_.Admin(cluster::SetSlotCommand{7, Kind::kNode, cluster::Id('b').str()}).ok());
  EXPECT_FALSE(WhyNot(Kind::kNode, 'b').has_value());
  EXPECT_TRUE(WhyNot(Kind::kNode, 'a').has_value());
}

TEST_F(Moving, IsGoneWhenAllOfItIsWithOtherShardsWhoeverTheyAre) {
  EXPECT_FALSE(GoneFrom(*node_.core, job_));
  for (int s = 0; s < 99; ++s) {
    ASSERT_TRUE(node_.Admin(cluster::SetSlotCommand{static_cast<slot::SlotId>(s), Kind::kNode, cluster::Id(s < 50 ? 'b' : 'c').str()}).ok());
  }
  EXPECT_FALSE(GoneFrom(*node_.core, job_)) << "one is left";
  ASSERT_TRUE(node_.Admin(cluster::SetSlotCommand{99, Kind::kNode, cluster::Id('c').str()}).ok());
  EXPECT_TRUE(GoneFrom(*node_.core, job_));
  ASSERT_TRUE(node_.Admin(cluster::DelSlotsCommand{{slot::SlotRange{7, 7}}}).ok());
  EXPECT_FALSE(GoneFrom(*node_.core, job_)) << "nobody's";
}

TEST(TakenByMaster, AreTheSlotsOfItsGrantThatNobodyElseHasHadSince) {
  cluster::OneNode node(cluster::ThreeShards('2'));
  JobRecord record;
  record.kind = RecordKind::kImportGranted;
  record.job.source = cluster::Id('a');
  record.job.source_shard = node.core->ShardOf(cluster::Id('a'));
  record.job.target = cluster::Id('b');
  record.job.target_shard = node.core->MyShardId();
  record.job.slots.Add(slot::SlotRange{0, 9});
  record.job.slots.Add(slot::SlotRange{10923, 10923});
  EXPECT_EQ(RangesText(TakenByMaster(*node.core, record)), "0-9") << "c has the other one";
  record.kind = RecordKind::kImport;
  EXPECT_TRUE(TakenByMaster(*node.core, record).empty()) << "nothing was granted";
  record.kind = RecordKind::kImportGranted;
  record.job.target_shard = node.core->ShardOf(cluster::Id('c'));
  EXPECT_TRUE(TakenByMaster(*node.core, record).empty()) << "another shard's";
}

TEST(TakenFromMaster, AreTheSlotsOfAGrantThatWasUsedAndAreItsStill) {
  cluster::OneNode node(cluster::ThreeShards('1'));
  JobRecord record;
  record.kind = RecordKind::kGrant;
  record.job.source = cluster::Id('a');
  record.job.target = cluster::Id('b');
  record.job.source_shard = node.core->ShardOf(cluster::Id('a'));
  record.job.target_shard = node.core->ShardOf(cluster::Id('b'));
  record.job.slots.Add(slot::SlotRange{0, 9});
  record.job.slots.Add(slot::SlotRange{6000, 6000});
  EXPECT_TRUE(TakenFromMaster(*node.core, record).empty()) << "it is out still";
  record.kind = RecordKind::kDrop;
  EXPECT_EQ(RangesText(TakenFromMaster(*node.core, record)), "0-9");
  std::swap(record.job.source_shard, record.job.target_shard);
  EXPECT_TRUE(TakenFromMaster(*node.core, record).empty()) << "a failed import of its own";
}

TEST(Records, NameTheJobThatMovesASlotAndNotTheOneThatEmptiesIt) {
  JobRecords records;
  JobRecord record;
  record.job.name = std::string(kJobNameDigits, '1');
  record.job.slots.Add(slot::SlotRange{5, 5});
  for (const RecordKind kind : {RecordKind::kGrant, RecordKind::kImport, RecordKind::kImportGranted}) {
    record.kind = kind;
    records.Put(record);
    ASSERT_NE(records.MovingJob(5), nullptr) << KindWord(kind);
    EXPECT_EQ(records.MovingJob(5)->name, record.job.name);
    EXPECT_EQ(records.MovingJob(6), nullptr);
  }
  record.kind = RecordKind::kDrop;
  records.Put(record);
  EXPECT_EQ(records.MovingJob(5), nullptr);
}

}  // namespace
}  // namespace windlass::migration
