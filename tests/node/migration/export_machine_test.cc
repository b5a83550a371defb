// The source's side of an atomic migration, told as scenarios.
#include "node/migration/export_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace windlass::migration {
namespace {

using Do = ExportDo;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class ExportMachineTest : public testing::Test {
 protected:
  static ExportFacts Near() { return {}; }
  static ExportFacts Behind(int64_t bytes) {
    ExportFacts facts;
    facts.unacknowledged_bytes = bytes;
    return facts;
  }
  // Until the snapshot has been sent.
  void Replicate() {
    machine.Start(now);
    machine.OnConnected(now);
    machine.OnReply(now, "+OK");
    machine.OnTurn(now, Near());
    machine.OnSnapshotDone(now);
    ASSERT_EQ(machine.state(), ExportState::kReplicating);
  }
  void Pause() {
    Replicate();
    machine.OnTurn(now, Near());
    ASSERT_EQ(machine.state(), ExportState::kPaused);
  }
  void GrantIt() {
    Pause();
    machine.OnReady(now, machine.number());
    ASSERT_THAT(machine.OnGrantSafe(now, true), ElementsAre(Do::kSendGrant));
  }

  int64_t now = 1000;
  ExportTimes times;
  ExportMachine machine{false, times, now};
};

TEST_F(ExportMachineTest, GoesFromConnectToSuccess) {
  EXPECT_THAT(machine.Start(now), ElementsAre(Do::kConnect));
  EXPECT_THAT(machine.OnConnected(now), ElementsAre(Do::kSendEstablish));
  EXPECT_THAT(machine.OnReply(now, "+OK"), IsEmpty());
  EXPECT_THAT(machine.OnTurn(now, Near()), ElementsAre(Do::kStartSnapshot));
  EXPECT_THAT(machine.OnSnapshotDone(now), IsEmpty());
  EXPECT_THAT(machine.OnTurn(now, Near()), ElementsAre(Do::kHold, Do::kSendPaused));
  EXPECT_THAT(machine.OnReady(now, 1), ElementsAre(Do::kSaveGrant));
  EXPECT_THAT(machine.OnGrantSafe(now, true), ElementsAre(Do::kSendGrant));
  EXPECT_TRUE(machine.holding());
  EXPECT_THAT(machine.OnClaimed(now), ElementsAre(Do::kCloseLink, Do::kUnhold, Do::kEnded));
  EXPECT_EQ(machine.state(), ExportState::kSuccess);
}

TEST_F(ExportMachineTest, AuthenticatesFirstWhereThereIsAPassword) {
  ExportMachine with_password(true, times, now);
  EXPECT_THAT(with_password.OnConnected(now), ElementsAre(Do::kSendAuth));
  EXPECT_THAT(with_password.OnReply(now, "+OK"), ElementsAre(Do::kSendEstablish));
}

TEST_F(ExportMachineTest, ARefusedAuthEndsItAndSaysWhy) {
  ExportMachine with_password(true, times, now);
  with_password.OnConnected(now);
  EXPECT_THAT(with_password.OnReply(now, "-WRONGPASS no"), ElementsAre(Do::kCloseLink, Do::kEnded));
  EXPECT_EQ(with_password.state(), ExportState::kFailed);
  EXPECT_NE(with_password.message().find("WRONGPASS"), std::string::npos);
}

TEST_F(ExportMachineTest, ATargetThatDoesNotAnswerEndsIt) {
  machine.Start(now);
  machine.OnTurn(now + times.handshake_ms + 1, Near());
  EXPECT_EQ(machine.state(), ExportState::kFailed);
}

TEST_F(ExportMachineTest, DoesNotPauseWhileMuchIsUnacknowledged) {
  Replicate();
  EXPECT_THAT(machine.OnTurn(now, Behind(kPauseBelowBytes + 1)), IsEmpty());
  EXPECT_FALSE(machine.holding());
}

TEST_F(ExportMachineTest, SlowsWritersDownUntilTheTargetHasCaughtUp) {
  Replicate();
  EXPECT_THAT(machine.OnTurn(now, Behind(kThrottleAboveBytes + 1)), ElementsAre(Do::kThrottle));
  EXPECT_NE(machine.message().find("slowed down"), std::string::npos);
  EXPECT_THAT(machine.OnTurn(now, Behind(kThrottleUntilBytes + 1)), IsEmpty());
  EXPECT_THAT(machine.OnTurn(now, Behind(kThrottleUntilBytes - 1)), ElementsAre(Do::kUnthrottle));
}

TEST_F(ExportMachineTest, WaitsForItsOwnReplicasBeforeItPauses) {
  Replicate();
  ExportFacts facts;
  facts.replicas_near = false;
  EXPECT_THAT(machine.OnTurn(now, facts), IsEmpty());
  EXPECT_NE(machine.message().find("replicas"), std::string::npos);
}

TEST_F(ExportMachineTest, APauseThatLeadsToNothingEndsAndIsTriedAgain) {
  Pause();
  EXPECT_THAT(machine.OnTurn(now + times.pause_ms + 1, Near()), ElementsAre(Do::kSendResume, Do::kUnhold));
  EXPECT_EQ(machine.state(), ExportState::kReplicating);
  now += times.pause_ms + 1;
  EXPECT_THAT(machine.OnTurn(now, Near()), IsEmpty());
  EXPECT_THAT(machine.OnTurn(now + times.retry_ms, Near()), ElementsAre(Do::kHold, Do::kSendPaused));
  EXPECT_EQ(machine.number(), 2u);
}

TEST_F(ExportMachineTest, AReadyOfAnEarlierPauseCountsForNothing) {
  Pause();
  now += times.pause_ms + 1;
  machine.OnTurn(now, Near());
  now += times.retry_ms;
  machine.OnTurn(now, Near());
  EXPECT_THAT(machine.OnReady(now, 1), IsEmpty());
  EXPECT_THAT(machine.OnReady(now, 2), ElementsAre(Do::kSaveGrant));
}

TEST_F(ExportMachineTest, AGrantThatIsNotSafeInTimeIsWithdrawn) {
  Pause();
  machine.OnReady(now, 1);
  EXPECT_THAT(machine.OnTurn(now + times.pause_ms + 1, Near()),
              ElementsAre(Do::kWithdrawGrant, Do::kSendResume, Do::kUnhold));
  EXPECT_THAT(machine.OnGrantSafe(now, true), Not(Contains(Do::kSendGrant)));
}

TEST_F(ExportMachineTest, AnythingBeforeTheGrantMayFailAndLetsTheClientsGoOn) {
  Pause();
  machine.OnReady(now, 1);
  EXPECT_THAT(machine.OnLinkLost(now, "reset"),
              ElementsAre(Do::kWithdrawGrant, Do::kCloseLink, Do::kUnhold, Do::kEnded));
  EXPECT_EQ(machine.state(), ExportState::kFailed);
}

TEST_F(ExportMachineTest, NothingButTheOutcomeEndsAGrant) {
  GrantIt();
  ExportMachine::Effects effects;
  EXPECT_FALSE(machine.Cancel(now, &effects));
  EXPECT_THAT(effects, IsEmpty());
  EXPECT_THAT(machine.Fail(now, "Data was flushed"), IsEmpty());
  EXPECT_THAT(machine.OnLinkLost(now, "reset"), ElementsAre(Do::kAskOutcome));
  EXPECT_THAT(machine.OnTurn(now + 3600 * 1000, Near()), ElementsAre(Do::kAskOutcome));
  EXPECT_THAT(machine.OnOutcome(now, Outcome::kPending), IsEmpty());
  EXPECT_THAT(machine.OnOutcome(now, Outcome::kClaimed), IsEmpty());
  EXPECT_TRUE(machine.holding());
}

TEST_F(ExportMachineTest, TheWordOfTheTargetsShardGivesTheSlotsBack) {
  GrantIt();
  machine.OnLinkLost(now, "reset");
  EXPECT_THAT(machine.OnOutcome(now, Outcome::kNone),
              ElementsAre(Do::kTakeBack, Do::kCloseLink, Do::kUnhold, Do::kEnded));
  EXPECT_EQ(machine.state(), ExportState::kFailed);
}

TEST_F(ExportMachineTest, ASuccessorAsksForTheOutcomeAtOnce) {
  ExportMachine found = ExportMachine::InDoubt(times, now);
  EXPECT_TRUE(found.holding());
  EXPECT_THAT(found.OnTurn(now, Near()), ElementsAre(Do::kAskOutcome));
  EXPECT_THAT(found.OnTurn(now + 1, Near()), IsEmpty());
  EXPECT_THAT(found.OnTurn(now + times.ask_ms, Near()), ElementsAre(Do::kAskOutcome));
}

TEST_F(ExportMachineTest, ACancelledJobTakesNoFurtherSteps) {
  Replicate();
  ExportMachine::Effects effects;
  EXPECT_TRUE(machine.Cancel(now, &effects));
  EXPECT_THAT(effects, ElementsAre(Do::kCloseLink, Do::kEnded));
  EXPECT_THAT(machine.OnTurn(now + 100000, Near()), IsEmpty());
  EXPECT_THAT(machine.OnLinkLost(now, "closed"), IsEmpty());
}

TEST_F(ExportMachineTest, ASilentTargetIsGivenUp) {
  Replicate();
  machine.OnTurn(now + times.silence_ms + 1, Behind(kPauseBelowBytes + 1));
  EXPECT_EQ(machine.state(), ExportState::kFailed);
}

}  // namespace
}  // namespace windlass::migration
