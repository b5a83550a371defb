// The target's side. See import_machine.h.
#include "node/migration/import_machine.h"

namespace windlass::migration {

ImportMachine ImportMachine::FoundGranted() {
  ImportMachine machine;
  machine.state_ = ImportState::kGranted;
  machine.message_ = "The grant was found after a restart or failover";
  return machine;
}

ImportMachine ImportMachine::FoundUnfinished() {
  ImportMachine machine;
  machine.state_ = ImportState::kCleaningUp;
  machine.message_ = "An unfinished import was found after a restart or failover";
  return machine;
}

ImportMachine::Effects ImportMachine::Begin() {
  if (state_ == ImportState::kGranted) return {ImportDo::kSaveGrant};
  if (state_ == ImportState::kCleaningUp) return {ImportDo::kDrop};
  return {};
}

ImportMachine::Effects ImportMachine::OnSnapshotEnd() {
  if (state_ == ImportState::kReceivingSnapshot) state_ = ImportState::kWaitingForPaused;
  return {};
}

ImportMachine::Effects ImportMachine::OnPaused(uint64_t number) {
  if (state_ != ImportState::kWaitingForPaused && state_ != ImportState::kRequested) return {};
  state_ = ImportState::kRequested;
  number_ = number;
  return {ImportDo::kWaitReplicas};
}

ImportMachine::Effects ImportMachine::OnResume() {
  if (state_ == ImportState::kRequested) state_ = ImportState::kWaitingForPaused;
  return {};
}

ImportMachine::Effects ImportMachine::OnReplicasHaveAll() {
  if (state_ != ImportState::kRequested) return {};
  return {ImportDo::kSendReady};
}

ImportMachine::Effects ImportMachine::OnGrant() {
  if (state_ != ImportState::kRequested) return {};
  state_ = ImportState::kGranted;
  return {ImportDo::kSaveGrant};
}

ImportMachine::Effects ImportMachine::OnGrantSaved(bool ok) {
  if (state_ != ImportState::kGranted) return {};
  grant_saved_ = ok;
  if (ok) return {ImportDo::kTellReplicas};
  state_ = ImportState::kCleaningUp;
  message_ = "The grant could not be saved";
  return {ImportDo::kCloseLink, ImportDo::kDrop};
}

ImportMachine::Effects ImportMachine::OnReplicasKnow() {
  if (state_ != ImportState::kGranted || !grant_saved_) return {};
  return {ImportDo::kTakeSlots};
}

ImportMachine::Effects ImportMachine::OnTaken() {
  if (state_ != ImportState::kGranted) return {};
  state_ = ImportState::kSuccess;
  message_.clear();
  return {ImportDo::kCloseLink, ImportDo::kEnded};
}

ImportMachine::Effects ImportMachine::OnLinkLost(std::string_view why) {
  Effects effects;
  (void)Fail("Connection to the source lost: " + std::string(why), &effects);
  return effects;
}

ImportMachine::Effects ImportMachine::OnDropped() {
  if (state_ != ImportState::kCleaningUp) return {};
  state_ = ImportState::kFailed;
  return {ImportDo::kEnded};
}

bool ImportMachine::Fail(std::string_view why, Effects* effects) {
  if (!receiving()) return false;
  state_ = ImportState::kCleaningUp;
  message_ = why;
  effects->push_back(ImportDo::kCloseLink);
  effects->push_back(ImportDo::kDrop);
  return true;
}

}  // namespace windlass::migration
