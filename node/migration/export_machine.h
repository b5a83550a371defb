// The source's side of an atomic slot migration, as a pure machine: what happened
// goes in with the time, what is to be done comes out. No socket, file or clock.
//
// The order that makes it safe. Clients of the moving slots are held; the target
// says that it and its replicas have applied everything (READY); the grant is
// fsynced here and acknowledged by this node's replicas; only then is it sent.
// Until it is sent this side may change its mind. From then on the slots are in
// doubt: they are served by nobody here until the cluster has seen the target's
// claim, or the target's shard says that it never got the grant and never will
// use it.
//
// Invariant: kSendGrant is emitted at most once in a job's life, and no effect
// lets the held clients write after it except following kTakeBack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/migration/job.h"

namespace windlass::migration {

struct ExportTimes {
  int64_t handshake_ms = 10000;  // to connect, authenticate, establish
  int64_t silence_ms = 60000;    // bytes unacknowledged this long: the target is gone
  int64_t pause_ms = 1000;       // from the pause until the grant can be sent
  int64_t retry_ms = 500;        // after a pause that led to nothing
  int64_t ask_ms = 250;          // between two questions for the outcome
};

// When the rest is short enough for the pause, and when writers are slowed down to
// make it so.
inline constexpr int64_t kPauseBelowBytes = 64 << 10;
inline constexpr int64_t kThrottleAboveBytes = 512 << 10;
inline constexpr int64_t kThrottleUntilBytes = 128 << 10;
inline constexpr int64_t kThrottleSnapshotBytes = 16 << 20;  // while entries are still sent

enum class ExportDo {
  kConnect,
  kSendAuth,
  kSendEstablish,
  kStartSnapshot,
  kThrottle,        // hold writes to the moving slots
  kUnthrottle,
  kHold,            // hold every command on them
  kSendPaused,      // the stream's end for now: number()
  kUnhold,
  kSendResume,
  kSaveGrant,       // fsync it and tell the replicas; answer OnGrantSafe
  kWithdrawGrant,   // it was saved and not sent
  kSendGrant,
  kAskOutcome,      // of the target's shard; answer OnOutcome
  kTakeBack,        // the slots are claimed again; then kUnhold
  kCloseLink,
  kEnded,           // state and message say how
};

std::string_view Word(ExportDo effect);

// What the target's shard says of a job.
enum class Outcome {
  kNone,     // it will never claim
  kPending,  // it may
  kClaimed,  // it has; the bus will tell
};

// Read at every call of OnTurn.
struct ExportFacts {
  int64_t unacknowledged_bytes = 0;
  // Every replica of this node that is not known to have failed is attached and near
  // the log's end.
  bool replicas_near = true;
  bool may_snapshot = true;  // not too many are under way
};

class ExportMachine {
 public:
  ExportMachine(bool authenticate, ExportTimes times, int64_t now_ms);

  using Effects = std::vector<ExportDo>;

  Effects Start(int64_t now_ms);
  Effects OnConnected(int64_t now_ms);
  Effects OnReply(int64_t now_ms, std::string_view line);  // of AUTH or ESTABLISH, or -error later
  Effects OnLinkLost(int64_t now_ms, std::string_view why);
  Effects OnSnapshotDone(int64_t now_ms);
  Effects OnAcknowledged(int64_t now_ms);          // some more bytes
  Effects OnReady(int64_t now_ms, uint64_t number);
  Effects OnGrantSafe(int64_t now_ms, bool ok);
  Effects OnClaimed(int64_t now_ms);               // the core has bound the slots to the target's shard
  Effects OnOutcome(int64_t now_ms, Outcome outcome);
  Effects OnTurn(int64_t now_ms, const ExportFacts& facts);
  // By the user; false: too late, the outcome is not this node's to decide.
  bool Cancel(int64_t now_ms, Effects* effects);
  // Flushed, demoted, the slots lost otherwise. Nothing happens once granted.
  Effects Fail(int64_t now_ms, std::string_view why);

  ExportState state() const { return state_; }
  const std::string& message() const { return message_; }
  uint64_t number() const { return pauses_; }      // of the latest pause
  bool streaming() const { return state_ >= ExportState::kSnapshotting && state_ <= ExportState::kPaused; }
  bool holding() const { return state_ == ExportState::kPaused || state_ == ExportState::kGranted; }
  bool throttling() const { return throttling_; }
  // For a successor of the master that granted: the slots are in doubt from its start.
  static ExportMachine InDoubt(ExportTimes times, int64_t now_ms);

 private:
  void Enter(ExportState state, int64_t now_ms);
  void End(ExportState state, std::string message, int64_t now_ms, Effects* effects);
  void Throttle(bool on, Effects* effects);
  void GiveUpPause(std::string message, int64_t now_ms, Effects* effects);

  const bool authenticate_;
  const ExportTimes times_;
  ExportState state_ = ExportState::kConnecting;
  std::string message_;
  int64_t entered_ms_;
  int64_t heard_ms_;           // last acknowledgement, or when nothing was to be acknowledged
  int64_t pause_not_before_ms_ = 0;
  int64_t asked_ms_ = 0;
  uint64_t pauses_ = 0;
  bool throttling_ = false;
  bool grant_wanted_ = false;  // kSaveGrant was emitted in this pause
  bool link_ = false;
};

}  // namespace windlass::migration
