// See ack_gate.h.
#include "node/server/ack_gate.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace windlass::server {

void AckGate::BeforeLog(bool is_master) {
  is_master_ = is_master;
  written_offset_ = parts_.history->offset();
  if (active() && written_offset_ != asked_offset_) parts_.primary->WantAcks();
}

int64_t AckGate::AckedOffset() const {
  return parts_.primary->OffsetAckedBy(static_cast<size_t>(std::max<int64_t>(1, parts_.settings->min_acks)), counts_);
}

int64_t AckGate::ReleasedOffset() const {
  if (!active() || degraded_since_ms_ != 0) return std::numeric_limits<int64_t>::max();
  return AckedOffset();
}

void AckGate::EndDegraded() {
  if (degraded_since_ms_ == 0) return;
  degraded_total_ms_ += parts_.loop->NowMs() - std::exchange(degraded_since_ms_, 0);
  parts_.log->Notice("Enough replicas acknowledge again: writes wait for them.");
}

void AckGate::Cron() {
  if (!active()) {
    EndDegraded();
    short_since_ms_ = 0;
    short_ = false;
    return;
  }
  const int64_t now = parts_.loop->NowMs();
  const int64_t acked = AckedOffset();
  if (degraded_since_ms_ != 0) {
    if (!parts_.settings->degrade || acked >= degraded_goal_) {
      EndDegraded();
    } else {
      parts_.primary->WantAcks();
    }
    degraded_goal_ = written_offset_;
    short_ = degraded_since_ms_ != 0;
    return;
  }
  const bool stands_still = Waiting() > 0 && acked <= released_at_last_look_;
  released_at_last_look_ = acked;
  if (!stands_still) {
    if (short_) parts_.log->Notice("Enough replicas acknowledge again.");
    short_since_ms_ = 0;
    short_ = false;
    return;
  }
  if (short_since_ms_ == 0) short_since_ms_ = now;
  if (now - short_since_ms_ < parts_.settings->timeout_ms) return;
  if (!std::exchange(short_, true)) {
    parts_.log->Logf(base::LogLevel::kWarning,
                     "Fewer than windlass-min-acks (%lld) replicas have acknowledged anything for %lld ms: %s.",
                     static_cast<long long>(parts_.settings->min_acks), static_cast<long long>(now - short_since_ms_),
                     parts_.settings->degrade ? "writes are answered without them" : "clients that write wait");
  }
  if (!parts_.settings->degrade) return;
  degraded_since_ms_ = now;
  degraded_goal_ = written_offset_;
  ++degradations_;
  short_since_ms_ = 0;
}

void AckGate::WriteInfo(observe::InfoWriter& out) const {
  if (parts_.settings->min_acks == 0 && degradations_ == 0) return;
  const int64_t current_ms = degraded_since_ms_ == 0 ? 0 : parts_.loop->NowMs() - degraded_since_ms_;
  out.Field("windlass_min_acks", parts_.settings->min_acks);
  out.Field("windlass_min_acks_status", degraded_since_ms_ != 0 ? "degraded" : short_ ? "short" : "ok");
  out.Field("windlass_min_acks_short", short_);
  out.Field("windlass_min_acks_offset", active() ? AckedOffset() : int64_t{-1});
  out.Field("windlass_min_acks_waiting_clients", Waiting());
  out.Field("windlass_min_acks_degraded", degraded_since_ms_ != 0);
  out.Field("windlass_min_acks_degradations", degradations_);
  out.Field("windlass_min_acks_degraded_ms", degraded_total_ms_ + current_ms);
}

}  // namespace windlass::server
