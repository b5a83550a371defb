// The target's side of an atomic slot migration, as a pure machine.
//
// Until the grant has come the import is nothing that binds: whatever breaks, what
// arrived is dropped, and the source, which waits, takes its slots back on this
// side's word. When it has come it is fsynced here, then acknowledged by this
// node's replicas (so that a successor takes the slots too), and then the slots
// are taken. From the fsync on there is no way back.
//
// Invariant: kTakeSlots is emitted only after OnGrantSaved(true) and OnReplicasKnow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/migration/job.h"

namespace windlass::migration {

enum class ImportDo {
  kWaitReplicas,  // until they have all that was applied so far; answer OnReplicasHaveAll
  kSendReady,     // with number()
  kSaveGrant,     // fsync; answer OnGrantSaved
  kTellReplicas,  // of the grant, and wait until they know; answer OnReplicasKnow
  kTakeSlots,     // answer OnTaken when that is on disk
  kCloseLink,
  kDrop,          // every key of the slots, in the background; answer OnDropped
  kEnded,         // state and message say how
};

std::string_view Word(ImportDo effect);

class ImportMachine {
 public:
  using Effects = std::vector<ImportDo>;

  ImportMachine() = default;
  // Of a record found after a restart or by a replica that became the master.
  static ImportMachine FoundGranted();
  static ImportMachine FoundUnfinished();

  // For a found one: what begins it.
  Effects Begin();
  Effects OnSnapshotEnd();
  Effects OnPaused(uint64_t number);
  Effects OnResume();
  Effects OnReplicasHaveAll();
  Effects OnGrant();
  Effects OnGrantSaved(bool ok);
  Effects OnReplicasKnow();
  Effects OnTaken();
  Effects OnLinkLost(std::string_view why);
  Effects OnDropped();
  // Flushed, out of memory, asked for the outcome. False: the grant binds.
  bool Fail(std::string_view why, Effects* effects);

  ImportState state() const { return state_; }
  const std::string& message() const { return message_; }
  uint64_t number() const { return number_; }
  // Data may come in.
  bool receiving() const { return state_ <= ImportState::kRequested; }

 private:
  ImportState state_ = ImportState::kReceivingSnapshot;
  std::string message_;
  bool grant_saved_ = false;
  uint64_t number_ = 0;  // of the source's latest pause
};

}  // namespace windlass::migration
