// What the primary side knows of its replicas: counts, offsets, what INFO and ROLE tell.
#include <algorithm>
#include <functional>
#include <utility>

#include "node/replication/primary_side.h"
#include "node/replication/replica_record.h"

namespace windlass::replication {

int PrimarySide::AckedBy(int64_t offset) const {
  int count = 0;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state == ReplicaState::kOnline && replica->acked_offset >= offset) ++count;
  }
  return count;
}

int64_t PrimarySide::OffsetAckedBy(size_t count, const AckFilter& counts) const {
  std::vector<int64_t> acked;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state != ReplicaState::kOnline || !replica->acknowledged) continue;
    if (!counts || counts(replica->node_id)) acked.push_back(replica->acked_offset);
  }
  if (acked.size() < count) return -1;
  std::nth_element(acked.begin(), acked.begin() + static_cast<std::ptrdiff_t>(count - 1), acked.end(), std::greater<>());
  return acked[count - 1];
}

int PrimarySide::FsyncedBy(int64_t offset) const {
  int count = 0;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state == ReplicaState::kOnline && replica->fsynced_offset >= offset) ++count;
  }
  return count;
}

bool PrimarySide::AllKnowSlotJobs() const {
  return std::all_of(replicas_.begin(), replicas_.end(), [](const auto& entry) { return entry.second->knows_slot_jobs; });
}

bool PrimarySide::AllMirrorSetSlot() const {
  return std::all_of(replicas_.begin(), replicas_.end(),
                     [](const auto& entry) { return entry.second->knows_slot_jobs || entry.second->version_major >= 8; });
}

int PrimarySide::GoodReplicas() const {
  int count = 0;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state == ReplicaState::kOnline &&
        NowMs() - replica->last_ack_ms <= parts_.settings->min_replicas_max_lag_s * 1000 + 999) {
      ++count;
    }
  }
  return count;
}

// What their sockets have taken, and what they have acknowledged.
int64_t PrimarySide::TakenUpTo(int64_t offset) const {
  int64_t taken = 0;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state != ReplicaState::kOnline) continue;
    const int64_t sent = replica->next_offset - 1 - static_cast<int64_t>(replica->transport->PendingOutput());
    taken += std::min(offset, sent) + std::min(offset, replica->acked_offset);
  }
  return taken;
}

std::vector<ReplicaReport> PrimarySide::Report() const {
  std::vector<ReplicaReport> reports;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state == ReplicaState::kCopySent) continue;
    ReplicaReport report;
    report.client_id = id;
    report.ip = replica->announced_ip.empty() ? replica->transport->PeerIp() : replica->announced_ip;
    report.port = replica->listening_port;
    report.state = replica->state;
    report.acked_offset = replica->acked_offset;
    report.lag_s = (NowMs() - replica->last_ack_ms) / 1000;
    switch (replica->state) {
      case ReplicaState::kWaitSnapshot:
      case ReplicaState::kWaitFile: report.state_word = "wait_bgsave"; break;
      case ReplicaState::kReceiveFile:
      case ReplicaState::kReceiveSocket:
      case ReplicaState::kCopySent:
      case ReplicaState::kWaitAck: report.state_word = "send_bulk"; break;
      case ReplicaState::kOnline: report.state_word = "online"; break;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

PrimarySide::CaughtUp PrimarySide::BestReplica() const {
  CaughtUp best;
  for (const ReplicaReport& report : Report()) {
    if (report.state != ReplicaState::kOnline || report.acked_offset <= best.acked_offset) continue;
    best = {report.client_id, report.ip, report.port, report.acked_offset};
  }
  return best;
}

}  // namespace windlass::replication
