// The target's side of an atomic migration, told as scenarios.
#include "node/migration/import_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace windlass::migration {
namespace {

using Do = ImportDo;
using testing::ElementsAre;
using testing::IsEmpty;

ImportMachine Requested() {
  ImportMachine machine;
  machine.OnSnapshotEnd();
  machine.OnPaused(1);
  return machine;
}

ImportMachine Granted() {
  ImportMachine machine = Requested();
  machine.OnReplicasHaveAll();
  machine.OnGrant();
  return machine;
}

TEST(ImportMachineTest, GoesFromSnapshotToSuccess) {
  ImportMachine machine;
  EXPECT_THAT(machine.OnSnapshotEnd(), IsEmpty());
  EXPECT_THAT(machine.OnPaused(3), ElementsAre(Do::kWaitReplicas));
  EXPECT_THAT(machine.OnReplicasHaveAll(), ElementsAre(Do::kSendReady));
  EXPECT_EQ(machine.number(), 3u);
  EXPECT_THAT(machine.OnGrant(), ElementsAre(Do::kSaveGrant));
  EXPECT_THAT(machine.OnGrantSaved(true), ElementsAre(Do::kTellReplicas));
  EXPECT_THAT(machine.OnReplicasKnow(), ElementsAre(Do::kTakeSlots));
  EXPECT_THAT(machine.OnTaken(), ElementsAre(Do::kCloseLink, Do::kEnded));
  EXPECT_EQ(machine.state(), ImportState::kSuccess);
}

TEST(ImportMachineTest, SlotsAreNotTakenBeforeTheGrantIsOnDisk) {
  ImportMachine machine = Granted();
  EXPECT_THAT(machine.OnReplicasKnow(), IsEmpty());
  machine.OnGrantSaved(true);
  EXPECT_THAT(machine.OnReplicasKnow(), ElementsAre(Do::kTakeSlots));
  ImportMachine unsaved = Granted();
  EXPECT_THAT(unsaved.OnGrantSaved(false), ElementsAre(Do::kCloseLink, Do::kDrop));
  EXPECT_THAT(unsaved.OnReplicasKnow(), IsEmpty());
  EXPECT_THAT(unsaved.OnDropped(), ElementsAre(Do::kEnded));
  EXPECT_EQ(unsaved.state(), ImportState::kFailed);
}

TEST(ImportMachineTest, AGrantWithoutARequestIsIgnored) {
  ImportMachine machine;
  EXPECT_THAT(machine.OnGrant(), IsEmpty());
  machine.OnSnapshotEnd();
  EXPECT_THAT(machine.OnGrant(), IsEmpty());
}

TEST(ImportMachineTest, TheSourceMayGoOnStreaming) {
  ImportMachine machine = Requested();
  machine.OnResume();
  EXPECT_THAT(machine.OnReplicasHaveAll(), IsEmpty());
  EXPECT_THAT(machine.OnGrant(), IsEmpty());
  EXPECT_THAT(machine.OnPaused(2), ElementsAre(Do::kWaitReplicas));
}

TEST(ImportMachineTest, BeforeTheGrantALostLinkDropsWhatCame) {
  ImportMachine machine = Requested();
  EXPECT_THAT(machine.OnLinkLost("closed"), ElementsAre(Do::kCloseLink, Do::kDrop));
  EXPECT_FALSE(machine.receiving());
  EXPECT_THAT(machine.OnGrant(), IsEmpty());
  EXPECT_THAT(machine.OnDropped(), ElementsAre(Do::kEnded));
}

TEST(ImportMachineTest, AfterTheGrantNothingStopsIt) {
  ImportMachine machine = Granted();
  EXPECT_THAT(machine.OnLinkLost("closed"), IsEmpty());
  ImportMachine::Effects effects;
  EXPECT_FALSE(machine.Fail("Data was flushed", &effects));
  EXPECT_THAT(effects, IsEmpty());
  EXPECT_THAT(machine.OnGrantSaved(true), ElementsAre(Do::kTellReplicas));
}

TEST(ImportMachineTest, AFoundGrantIsMadeSafeAgainAndUsed) {
  ImportMachine machine = ImportMachine::FoundGranted();
  EXPECT_THAT(machine.Begin(), ElementsAre(Do::kSaveGrant));
  EXPECT_THAT(machine.OnGrantSaved(true), ElementsAre(Do::kTellReplicas));
}

TEST(ImportMachineTest, AFoundUnfinishedImportIsDropped) {
  ImportMachine machine = ImportMachine::FoundUnfinished();
  EXPECT_THAT(machine.Begin(), ElementsAre(Do::kDrop));
  EXPECT_THAT(machine.OnDropped(), ElementsAre(Do::kEnded));
  EXPECT_EQ(machine.state(), ImportState::kFailed);
}

}  // namespace
}  // namespace windlass::migration
