// The log of effects: offsets, what the backlog covers, and how histories fork.
#include <gtest/gtest.h>

#include <string>

#include "node/replication/replication_log.h"

namespace windlass::replication {
namespace {

std::string ReadAll(ReplicationLog& log, int64_t from) {
  std::string all;
  while (true) {
    const std::string_view bytes = log.BytesFrom(from);
    if (bytes.empty()) return all;
    all += bytes;
    from += static_cast<int64_t>(bytes.size());
  }
}

class ReplicationLogTest : public ::testing::Test {
 protected:
  base::Random random_{3};
  ReplicationLog log_{&random_};
};

TEST_F(ReplicationLogTest, StandsStillWithoutABacklog) {
  log_.Append("lost");
  EXPECT_EQ(log_.offset(), 0);
  EXPECT_FALSE(log_.Covers(1));
}

TEST_F(ReplicationLogTest, GivesBackWhatWasAppendedFromAnyOffsetItCovers) {
  log_.CreateBacklog();
  std::string written;
  for (int i = 0; i < 40000; ++i) {
    const std::string piece = "piece" + std::to_string(i) + ";";
    log_.Append(piece);
    written += piece;
  }
  EXPECT_EQ(log_.offset(), static_cast<int64_t>(written.size()));
  EXPECT_EQ(ReadAll(log_, 1), written);
  for (const int64_t from : {int64_t{2}, int64_t{65536}, int64_t{65537}, log_.offset()}) {
    EXPECT_EQ(ReadAll(log_, from), written.substr(static_cast<size_t>(from - 1)));
  }
  EXPECT_TRUE(log_.Covers(log_.offset() + 1));
  EXPECT_EQ(ReadAll(log_, log_.offset() + 1), "");
  EXPECT_FALSE(log_.Covers(log_.offset() + 2));
  EXPECT_FALSE(log_.Covers(0));
}

TEST_F(ReplicationLogTest, WhatIsInAFileReadsAsIfItWereInMemory) {
  base::WorkerThread worker;
  log_.SetSpillFile(std::make_unique<persistence::SpillFile>(&worker, ::testing::TempDir()));
  log_.CreateBacklog();
  log_.set_backlog_size(100000);
  std::string written;
  for (int i = 0; written.size() < 1000000; ++i) {
    const std::string piece = "piece" + std::to_string(i) + ";";
    log_.Append(piece);
    written += piece;
    log_.Spill(200000);
    if (i % 5000 == 0) worker.Drain();
  }
  EXPECT_EQ(ReadAll(log_, 1), written) << "some of it still on its way into the file";
  worker.Drain();
  EXPECT_EQ(log_.history_bytes(), static_cast<int64_t>(written.size()));
  EXPECT_LE(log_.memory_bytes(), 200000);
  EXPECT_EQ(ReadAll(log_, 1), written);
  EXPECT_EQ(ReadAll(log_, 123456), written.substr(123455));
  log_.Trim(500000);
  EXPECT_TRUE(log_.Covers(500000));
  EXPECT_FALSE(log_.Covers(1));
  EXPECT_EQ(ReadAll(log_, 500000), written.substr(499999));
  log_.Trim(log_.offset() + 1);
  EXPECT_EQ(log_.spilled_bytes(), 0);
  EXPECT_LE(log_.history_bytes(), 100000 + 65536);
  log_.Append("end");
  EXPECT_EQ(ReadAll(log_, log_.offset() - 2), "end");
  log_.FreeBacklog();
  EXPECT_EQ(log_.memory_bytes(), 0);
}

TEST_F(ReplicationLogTest, WhereThereIsNoFileItStaysInMemory) {
  base::WorkerThread worker;
  log_.SetSpillFile(std::make_unique<persistence::SpillFile>(&worker, "/nowhere/at/all"));
  log_.CreateBacklog();
  const std::string written(1000000, 'x');
  log_.Append(written);
  log_.Spill(100000);
  worker.Drain();
  EXPECT_EQ(ReadAll(log_, 1), written);
  EXPECT_EQ(log_.memory_bytes(), 1000000);
  log_.Append("y");
  log_.Spill(100000);
  EXPECT_EQ(ReadAll(log_, 1), written + "y");
}

TEST_F(ReplicationLogTest, KeepsTheBacklogsSizeAndWhatAReaderNeeds) {
  log_.CreateBacklog();
  log_.set_backlog_size(100000);
  const std::string megabyte(1 << 20, 'x');
  log_.Append(megabyte);
  log_.Trim(/*needed_offset=*/300000);
  EXPECT_TRUE(log_.Covers(300000));
  EXPECT_FALSE(log_.Covers(1));
  log_.Trim(log_.offset() + 1);
  EXPECT_FALSE(log_.Covers(300000));
  EXPECT_GE(log_.history_bytes(), 100000);
  EXPECT_LT(log_.history_bytes(), 100000 + 65536);
  EXPECT_EQ(log_.first_offset() + log_.history_bytes(), log_.offset() + 1);
}

TEST_F(ReplicationLogTest, AForkLetsReplicasOfTheOldHistoryGoOn) {
  log_.CreateBacklog();
  log_.Append("0123456789");
  const std::string old_id = log_.id();
  log_.ForkHistory();
  EXPECT_NE(log_.id(), old_id);
  EXPECT_EQ(log_.second_id(), old_id);
  EXPECT_EQ(log_.second_offset(), 11);
  EXPECT_EQ(log_.offset(), 10);
}

TEST_F(ReplicationLogTest, AnAdoptedHistoryStartsWithNothingBeforeIt) {
  log_.CreateBacklog();
  log_.Append("old");
  log_.AdoptHistory(std::string(40, 'f'), 5000);
  EXPECT_EQ(log_.offset(), 5000);
  EXPECT_FALSE(log_.Covers(5000));
  EXPECT_TRUE(log_.Covers(5001));
  log_.Append("new");
  EXPECT_EQ(ReadAll(log_, 5001), "new");
  EXPECT_EQ(log_.second_id(), kNoReplicationId);
}

}  // namespace
}  // namespace windlass::replication
