// Words and texts of jobs. See job.h.
#include "node/migration/export_machine.h"
#include "node/migration/import_machine.h"
#include "node/migration/job.h"

namespace windlass::migration {

std::string_view StateWord(ExportState state) {
  switch (state) {
    case ExportState::kConnecting: return "connecting";
    case ExportState::kAuthenticating: return "reading-auth-response";
    case ExportState::kEstablishing: return "reading-establish-response";
    case ExportState::kWaitingToSnapshot: return "waiting-to-snapshot";
    case ExportState::kSnapshotting: return "snapshotting";
    case ExportState::kReplicating: return "replicating";
    case ExportState::kPaused: return "failover-paused";
    case ExportState::kGranted: return "failover-granted";
    case ExportState::kSuccess: return "success";
    case ExportState::kFailed: return "failed";
    case ExportState::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view StateWord(ImportState state) {
  switch (state) {
    case ImportState::kReceivingSnapshot: return "receiving-snapshot";
    case ImportState::kWaitingForPaused: return "waiting-for-paused";
    case ImportState::kRequested: return "failover-requested";
    case ImportState::kGranted: return "failover-granted";
    case ImportState::kCleaningUp: return "cleaning-up";
    case ImportState::kSuccess: return "success";
    case ImportState::kFailed: return "failed";
  }
  return "unknown";
}

std::string_view Word(ExportDo effect) {
  switch (effect) {
    case ExportDo::kConnect: return "connect";
    case ExportDo::kSendAuth: return "send-auth";
    case ExportDo::kSendEstablish: return "send-establish";
    case ExportDo::kStartSnapshot: return "start-snapshot";
    case ExportDo::kThrottle: return "throttle";
    case ExportDo::kUnthrottle: return "unthrottle";
    case ExportDo::kHold: return "hold";
    case ExportDo::kSendPaused: return "send-paused";
    case ExportDo::kUnhold: return "unhold";
    case ExportDo::kSendResume: return "send-resume";
    case ExportDo::kSaveGrant: return "save-grant";
    case ExportDo::kWithdrawGrant: return "withdraw-grant";
    case ExportDo::kSendGrant: return "send-grant";
    case ExportDo::kAskOutcome: return "ask-outcome";
    case ExportDo::kTakeBack: return "take-back";
    case ExportDo::kCloseLink: return "close-export";
    case ExportDo::kEnded: return "end-export";
  }
  return "";
}

std::string_view Word(ImportDo effect) {
  switch (effect) {
    case ImportDo::kWaitReplicas: return "wait-replicas";
    case ImportDo::kSendReady: return "send-ready";
    case ImportDo::kSaveGrant: return "save-import-grant";
    case ImportDo::kTellReplicas: return "tell-replicas";
    case ImportDo::kTakeSlots: return "take-slots";
    case ImportDo::kCloseLink: return "close-import";
    case ImportDo::kDrop: return "drop";
    case ImportDo::kEnded: return "end-import";
  }
  return "";
}

std::string RangesText(const slot::SlotSet& slots) {
  std::string text;
  for (const slot::SlotRange& range : slots.Ranges()) {
    if (!text.empty()) text += ' ';
    text += std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return text;
}

bool ParseRanges(std::string_view text, slot::SlotSet* slots) {
  bool any = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const auto range = slot::ParseSlotRange(text.substr(0, end));
    if (!range.ok()) return false;
    slots->Add(*range);
    any = true;
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return any;
}

}  // namespace windlass::migration
