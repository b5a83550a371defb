// The source's side. See export_machine.h.
#include "node/migration/export_machine.h"

namespace windlass::migration {

ExportMachine::ExportMachine(bool authenticate, ExportTimes times, int64_t now_ms)
    : authenticate_(authenticate), times_(times), entered_ms_(now_ms), heard_ms_(now_ms) {}

ExportMachine ExportMachine::InDoubt(ExportTimes times, int64_t now_ms) {
  ExportMachine machine(false, times, now_ms);
  machine.state_ = ExportState::kGranted;
  machine.message_ = "The grant was found after a restart or failover";
  return machine;
}

void ExportMachine::Enter(ExportState state, int64_t now_ms) {
  state_ = state;
  entered_ms_ = now_ms;
}

void ExportMachine::Throttle(bool on, Effects* effects) {
  if (throttling_ == on) return;
  throttling_ = on;
  effects->push_back(on ? ExportDo::kThrottle : ExportDo::kUnthrottle);
}

void ExportMachine::End(ExportState state, std::string message, int64_t now_ms, Effects* effects) {
  const bool held = holding();
  if (grant_wanted_ && state_ == ExportState::kPaused) effects->push_back(ExportDo::kWithdrawGrant);
  Throttle(false, effects);
  Enter(state, now_ms);
  message_ = std::move(message);
  effects->push_back(ExportDo::kCloseLink);
  if (held) effects->push_back(ExportDo::kUnhold);
  effects->push_back(ExportDo::kEnded);
}

ExportMachine::Effects ExportMachine::Start(int64_t) { return {ExportDo::kConnect}; }

ExportMachine::Effects ExportMachine::OnConnected(int64_t now_ms) {
  if (state_ != ExportState::kConnecting) return {};
  link_ = true;
  Enter(authenticate_ ? ExportState::kAuthenticating : ExportState::kEstablishing, now_ms);
  return {authenticate_ ? ExportDo::kSendAuth : ExportDo::kSendEstablish};
}

ExportMachine::Effects ExportMachine::OnReply(int64_t now_ms, std::string_view line) {
  Effects effects;
  const bool ok = !line.empty() && line[0] == '+';
  if (!ok) {
    if (state_ == ExportState::kAuthenticating) return Fail(now_ms, "Failed to AUTH to target node: " + std::string(line));
    return Fail(now_ms, std::string(line.substr(line.empty() ? 0 : 1)));
  }
  if (state_ == ExportState::kAuthenticating) {
    Enter(ExportState::kEstablishing, now_ms);
    effects.push_back(ExportDo::kSendEstablish);
  } else if (state_ == ExportState::kEstablishing) {
    Enter(ExportState::kWaitingToSnapshot, now_ms);
  }
  return effects;
}

ExportMachine::Effects ExportMachine::OnLinkLost(int64_t now_ms, std::string_view why) {
  link_ = false;
  if (state_ == ExportState::kGranted) {
    message_ = "The link to the target was lost; its shard is asked for the outcome";
    asked_ms_ = now_ms;
    return {ExportDo::kAskOutcome};
  }
  return Fail(now_ms, "Connection to the target lost: " + std::string(why));
}

ExportMachine::Effects ExportMachine::OnSnapshotDone(int64_t now_ms) {
  if (state_ == ExportState::kSnapshotting) Enter(ExportState::kReplicating, now_ms);
  return {};
}

ExportMachine::Effects ExportMachine::OnAcknowledged(int64_t now_ms) {
  heard_ms_ = now_ms;
  return {};
}

ExportMachine::Effects ExportMachine::OnReady(int64_t now_ms, uint64_t number) {
  heard_ms_ = now_ms;
  if (state_ != ExportState::kPaused || number != pauses_ || grant_wanted_) return {};
  grant_wanted_ = true;
  return {ExportDo::kSaveGrant};
}

ExportMachine::Effects ExportMachine::OnGrantSafe(int64_t now_ms, bool ok) {
  Effects effects;
  if (state_ != ExportState::kPaused || !grant_wanted_) return effects;
  if (!ok) {
    GiveUpPause("The grant could not be saved", now_ms, &effects);
    return effects;
  }
  Enter(ExportState::kGranted, now_ms);
  message_.clear();
  effects.push_back(ExportDo::kSendGrant);
  return effects;
}

ExportMachine::Effects ExportMachine::OnClaimed(int64_t now_ms) {
  Effects effects;
  if (Ended(state_)) return effects;
  if (state_ != ExportState::kGranted) return Fail(now_ms, "Slots are no longer owned by this node");
  End(ExportState::kSuccess, "", now_ms, &effects);
  return effects;
}

ExportMachine::Effects ExportMachine::OnOutcome(int64_t now_ms, Outcome outcome) {
  Effects effects;
  if (state_ != ExportState::kGranted || outcome != Outcome::kNone) return effects;
  effects.push_back(ExportDo::kTakeBack);
  End(ExportState::kFailed, "The target's shard never used the grant; the slots were taken back", now_ms, &effects);
  return effects;
}

void ExportMachine::GiveUpPause(std::string message, int64_t now_ms, Effects* effects) {
  if (grant_wanted_) effects->push_back(ExportDo::kWithdrawGrant);
  grant_wanted_ = false;
  message_ = std::move(message);
  pause_not_before_ms_ = now_ms + times_.retry_ms;
  Enter(ExportState::kReplicating, now_ms);
  effects->push_back(ExportDo::kSendResume);
  effects->push_back(ExportDo::kUnhold);
}

ExportMachine::Effects ExportMachine::OnTurn(int64_t now_ms, const ExportFacts& facts) {
  Effects effects;
  const int64_t in_state_ms = now_ms - entered_ms_;
  if (facts.unacknowledged_bytes == 0) heard_ms_ = now_ms;
  switch (state_) {
    case ExportState::kConnecting:
    case ExportState::kAuthenticating:
    case ExportState::kEstablishing:
      if (in_state_ms > times_.handshake_ms) return Fail(now_ms, "The target did not answer in time");
      return effects;
    case ExportState::kWaitingToSnapshot:
      heard_ms_ = now_ms;
      if (!facts.may_snapshot) return effects;
      Enter(ExportState::kSnapshotting, now_ms);
      effects.push_back(ExportDo::kStartSnapshot);
      return effects;
    case ExportState::kSnapshotting:
    case ExportState::kReplicating:
      break;
    case ExportState::kPaused:
      if (in_state_ms > times_.pause_ms) {
        GiveUpPause(grant_wanted_ ? "Replicas of this node did not acknowledge the grant in time; it is tried again"
                                  : "The target and its replicas did not catch up in time; it is tried again",
                    now_ms, &effects);
      }
      return effects;
    case ExportState::kGranted:
      // Also with the link up: a target that was frozen may come back as a replica.
      if (now_ms - asked_ms_ >= times_.ask_ms && (!link_ || in_state_ms > times_.pause_ms)) {
        asked_ms_ = now_ms;
        effects.push_back(ExportDo::kAskOutcome);
      }
      return effects;
    default:
      return effects;
  }
  if (now_ms - heard_ms_ > times_.silence_ms) return Fail(now_ms, "Timed out after too long with no interaction");
  if (facts.unacknowledged_bytes > kThrottleAboveBytes && state_ == ExportState::kReplicating) {
    if (!throttling_) message_ = "Writers of the moving slots are slowed down so that the target can catch up";
    Throttle(true, &effects);
  } else if (facts.unacknowledged_bytes > kThrottleSnapshotBytes) {
    Throttle(true, &effects);
  } else if (facts.unacknowledged_bytes < kThrottleUntilBytes) {
    Throttle(false, &effects);
  }
  if (state_ != ExportState::kReplicating || now_ms < pause_not_before_ms_) return effects;
  if (facts.unacknowledged_bytes > kPauseBelowBytes) return effects;
  if (!facts.replicas_near) {
    message_ = "Waiting for the replicas of this node, which have to know of the handover";
    return effects;
  }
  ++pauses_;
  grant_wanted_ = false;
  Enter(ExportState::kPaused, now_ms);
  effects.push_back(ExportDo::kHold);
  effects.push_back(ExportDo::kSendPaused);
  Throttle(false, &effects);
  return effects;
}

bool ExportMachine::Cancel(int64_t now_ms, Effects* effects) {
  if (Ended(state_) || state_ == ExportState::kGranted) return false;
  End(ExportState::kCancelled, "", now_ms, effects);
  return true;
}

ExportMachine::Effects ExportMachine::Fail(int64_t now_ms, std::string_view why) {
  Effects effects;
  if (Ended(state_) || state_ == ExportState::kGranted) return effects;
  End(ExportState::kFailed, std::string(why), now_ms, &effects);
  return effects;
}

}  // namespace windlass::migration
