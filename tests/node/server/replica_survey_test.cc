// What a replica's answer means for a master restarted without proven data.
#include "node/server/replica_survey.h"

#include <gtest/gtest.h>

namespace windlass::server {
namespace {

const std::string kOurs(40, 'a');
const std::string kOther(40, 'b');

ReplicaAnswer Restarted(const std::string& id, int64_t offset, uint64_t keys) {
  ReplicaAnswer answer;
  answer.is_replica = true;
  answer.at = {id, offset};
  answer.keys = keys;
  return answer;
}

std::string Info(const std::string& extra) {
  const std::string text = "# Replication\r\nrole:slave\r\nmaster_link_status:down\r\n" + extra + "slave_repl_offset:70\r\nmaster_replid:" +
                           kOurs + "\r\nmaster_replid2:" + kOther + "\r\nsecond_repl_offset:50\r\n";
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

TEST(CompareWithReplica, AnEmptyReplicaHoldsNothing) {
  EXPECT_EQ(CompareWithReplica(Restarted(kOther, 900, 0), {}, 0), ReplicaHolds::kNothingNewer);
  EXPECT_EQ(CompareWithReplica(Restarted(kOurs, 900, 0), {kOurs, 5}, 1), ReplicaHolds::kNothingNewer);
}

TEST(CompareWithReplica, TheSameHistoryIsComparedByOffset) {
  const HistoryPoint loaded{kOurs, 100};
  EXPECT_EQ(CompareWithReplica(Restarted(kOurs, 100, 1), loaded, 1), ReplicaHolds::kNothingNewer);
  EXPECT_EQ(CompareWithReplica(Restarted(kOurs, 101, 1), loaded, 1), ReplicaHolds::kMore);
}

TEST(CompareWithReplica, AHistoryThatContinuesOursIsComparable) {
  ReplicaAnswer answer = Restarted(kOther, 150, 1);
  answer.second_id = kOurs;
  answer.second_offset = 120;
  EXPECT_EQ(CompareWithReplica(answer, {kOurs, 100}, 1), ReplicaHolds::kMore);
}

TEST(CompareWithReplica, AnEmptyMasterNeverGoesBeforeData) {
  EXPECT_EQ(CompareWithReplica(Restarted(kOther, 0, 1), {}, 0), ReplicaHolds::kMore);
}

TEST(CompareWithReplica, OtherHistoriesDependOnWhetherTheReplicaLivedOn) {
  ReplicaAnswer answer = Restarted(kOther, 500, 1);
  EXPECT_EQ(CompareWithReplica(answer, {}, 1), ReplicaHolds::kNothingNewer);
  answer.linked_once = true;
  EXPECT_EQ(CompareWithReplica(answer, {}, 1), ReplicaHolds::kUnknown);
}

TEST(ReadReplicaAnswer, TakesInfoAndSizeAtAnyCut) {
  const std::string bytes = "+OK\r\n" + Info("master_link_down_since_seconds:3\r\n") + ":12\r\n";
  ReplicaAnswer answer;
  bool failed = false;
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ASSERT_FALSE(ReadReplicaAnswer(bytes.substr(0, cut), true, &answer, &failed)) << cut;
  }
  ASSERT_TRUE(ReadReplicaAnswer(bytes, true, &answer, &failed));
  EXPECT_FALSE(failed);
  EXPECT_TRUE(answer.is_replica);
  EXPECT_EQ(answer.at.id, kOurs);
  EXPECT_EQ(answer.at.offset, 70);
  EXPECT_EQ(answer.second_id, kOther);
  EXPECT_EQ(answer.second_offset, 50);
  EXPECT_EQ(answer.keys, 12u);
  EXPECT_TRUE(answer.linked_once);
}

TEST(ReadReplicaAnswer, AProcessThatNeverHadAMasterSaysSo) {
  ReplicaAnswer answer;
  bool failed = false;
  ASSERT_TRUE(ReadReplicaAnswer(Info("master_link_down_since_seconds:-1\r\n") + ":1\r\n", false, &answer, &failed));
  EXPECT_FALSE(failed);
  EXPECT_FALSE(answer.linked_once);
}

TEST(ReadReplicaAnswer, RefusalsAreNoAnswer) {
  ReplicaAnswer answer;
  for (const std::string& bytes : {std::string("-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n"),
                                   Info("") + "-LOADING Redis is loading the dataset in memory\r\n",
                                   Info("master_sync_in_progress:1\r\n") + ":1\r\n"}) {
    bool failed = false;
    EXPECT_TRUE(ReadReplicaAnswer(bytes, false, &answer, &failed)) << bytes;
    EXPECT_TRUE(failed) << bytes;
  }
}

}  // namespace
}  // namespace windlass::server
