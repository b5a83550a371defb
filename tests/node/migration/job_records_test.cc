// What outlives a process, as text and back.
#include "node/migration/job_records.h"

#include <gtest/gtest.h>

namespace windlass::migration {
namespace {

JobRecord Record(char name, RecordKind kind) {
  JobRecord record;
  record.kind = kind;
  record.job.name = std::string(kJobNameDigits, name);
  record.job.source = *cluster::NodeId::Parse(std::string(40, 'a'));
  record.job.target = *cluster::NodeId::Parse(std::string(40, 'b'));
  record.job.source_shard = *cluster::NodeId::Parse(std::string(40, 'c'));
  record.job.slots.Add(slot::SlotRange{0, 99});
  record.job.slots.Add(slot::SlotRange{16383, 16383});
  record.epoch = 7;
  return record;
}

TEST(JobRecordsTest, ReadsWhatItWrote) {
  JobRecords records;
  records.Put(Record('1', RecordKind::kGrant));
  records.Put(Record('2', RecordKind::kImportGranted));
  const auto again = JobRecords::Parse(records.Text());
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->Text(), records.Text());
  const JobRecord* record = again->Find(std::string(kJobNameDigits, '1'));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->kind, RecordKind::kGrant);
  EXPECT_EQ(record->epoch, 7u);
  EXPECT_TRUE(record->job.target_shard.null());
  EXPECT_EQ(RangesText(record->job.slots), "0-99 16383-16383");
}

TEST(JobRecordsTest, ALineCutShortIsDamage) {
  JobRecords records;
  records.Put(Record('1', RecordKind::kDrop));
  const std::string text = records.Text();
  for (size_t length = 1; length < text.size(); ++length) {
    EXPECT_FALSE(JobRecords::Parse(text.substr(0, length)).ok()) << length;
  }
}

TEST(JobRecordsTest, KnowsTheSlotsOfAKind) {
  JobRecords records;
  records.Put(Record('1', RecordKind::kImport));
  EXPECT_TRUE(records.SlotsOf(RecordKind::kImport).Contains(99));
  EXPECT_TRUE(records.SlotsOf(RecordKind::kGrant).empty());
  records.Remove(std::string(kJobNameDigits, '1'));
  EXPECT_TRUE(records.SlotsOf(RecordKind::kImport).empty());
}

TEST(JobRecordsTest, KnowsWhichItHasThatAnotherHasNot) {
  JobRecords master;
  master.Put(Record('1', RecordKind::kGrant));
  JobRecords replica = master;
  replica.Put(Record('2', RecordKind::kImportGranted));
  const std::vector<std::string> only = master.OnlyWords();
  ASSERT_EQ(only.front(), kOnlyWord);
  const std::vector<std::string_view> names(only.begin() + 1, only.end());
  EXPECT_EQ(replica.NotAmong(names), std::vector<std::string>{std::string(kJobNameDigits, '2')});
  EXPECT_TRUE(master.NotAmong(names).empty());
  EXPECT_EQ(replica.NotAmong({}).size(), 2u);
}

TEST(RangesTest, RefusesWhatIsNone) {
  slot::SlotSet slots;
  EXPECT_FALSE(ParseRanges("", &slots));
  EXPECT_FALSE(ParseRanges("5-4", &slots));
  EXPECT_FALSE(ParseRanges("0-16384", &slots));
  EXPECT_TRUE(ParseRanges("0-5 7-7", &slots));
  EXPECT_EQ(slots.size(), 7);
}

}  // namespace
}  // namespace windlass::migration
