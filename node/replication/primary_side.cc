// See primary_side.h. Log lines are in the words that tools look for.
#include "node/replication/primary_side.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "node/replication/replica_record.h"
#include "node/resp/command.h"

namespace windlass::replication {
namespace {

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

}  // namespace

PrimarySide::PrimarySide(Parts parts) : parts_(parts), alive_(std::make_shared<bool>(true)) {
  no_replicas_since_ms_ = parts_.loop->NowMs();
}

PrimarySide::~PrimarySide() = default;

std::string PrimarySide::NameOf(const Replica& replica) const {
  std::string ip = replica.announced_ip;
  if (ip.empty() && replica.transport != nullptr) ip = replica.transport->PeerIp();
  const std::string port = replica.listening_port == 0 ? "<unknown-replica-port>" : std::to_string(replica.listening_port);
  return ip + ":" + port;
}

// --- handshake.

PrimarySide::Replica& PrimarySide::Handshake(uint64_t client_id) {
  if (const auto it = replicas_.find(client_id); it != replicas_.end()) return *it->second;
  std::unique_ptr<Replica>& replica = handshakes_[client_id];
  if (replica == nullptr) {
    replica = std::make_unique<Replica>();
    replica->client_id = client_id;
  }
  return *replica;
}

void PrimarySide::SetListeningPort(uint64_t client_id, int port) { Handshake(client_id).listening_port = port; }
void PrimarySide::SetAnnouncedIp(uint64_t client_id, std::string ip) { Handshake(client_id).announced_ip = std::move(ip); }

void PrimarySide::AddCapability(uint64_t client_id, std::string_view capability) {
  if (capability == "eof") Handshake(client_id).takes_eof_mark = true;
  if (capability == "psync2") Handshake(client_id).takes_new_id = true;
  if (capability == kSlotJobsCapability) Handshake(client_id).knows_slot_jobs = true;
  if (capability.substr(0, kNodeIdCapability.size()) == kNodeIdCapability) {
    Handshake(client_id).node_id = capability.substr(kNodeIdCapability.size());
  }
}

void PrimarySide::SetVersion(uint64_t client_id, std::string_view version) {
  // Valkey tells its version since 8.0, the first that mirrors its master's slots.
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  Handshake(client_id).version_major = major;
}

void PrimarySide::Tell(std::span<const std::string_view> words) {
  std::string out;
  resp::EncodeCommand(words, &out);
  write_log_(out);
}

void PrimarySide::SetCopyOnly(uint64_t client_id, bool copy_only) { Handshake(client_id).copy_only = copy_only; }
void PrimarySide::SetCopyContents(uint64_t client_id, CopyContents contents) { Handshake(client_id).contents = contents; }

bool PrimarySide::CanBeGivenItsCopy(uint64_t client_id) {
  const Replica& replica = Handshake(client_id);
  return replica.contents.all() || replica.takes_eof_mark;
}

void PrimarySide::Acknowledge(uint64_t client_id, int64_t offset, int64_t fsynced) {
  const auto it = replicas_.find(client_id);
  if (it == replicas_.end()) return;
  Replica& replica = *it->second;
  replica.acked_offset = std::max(replica.acked_offset, offset);
  replica.fsynced_offset = std::max(replica.fsynced_offset, fsynced);
  replica.last_ack_ms = NowMs();
  replica.acknowledged = true;
  if (replica.state == ReplicaState::kWaitAck) PutOnline(replica);
  WakeWaiters();
}

void PrimarySide::Forget(uint64_t client_id) {
  handshakes_.erase(client_id);
  const auto it = replicas_.find(client_id);
  if (it == replicas_.end()) return;
  parts_.log->Warning("Connection with replica " + NameOf(*it->second) + " lost.");
  replicas_.erase(it);
  if (replicas_.empty()) no_replicas_since_ms_ = NowMs();
}

void PrimarySide::Drop(uint64_t client_id, std::string_view reason) {
  const auto it = replicas_.find(client_id);
  if (it == replicas_.end()) return;
  const std::unique_ptr<Replica> replica = std::move(it->second);
  replicas_.erase(it);
  if (replicas_.empty()) no_replicas_since_ms_ = NowMs();
  replica->transport->Close(reason);
}

void PrimarySide::DisconnectAll(std::string_view reason) {
  socket_feed_.reset();
  while (!replicas_.empty()) Drop(replicas_.begin()->first, reason);
}

// --- PSYNC.

void PrimarySide::PrepareBacklog() {
  if (parts_.history->has_backlog()) return;
  parts_.history->set_backlog_size(parts_.settings->backlog_bytes);
  // What was written before was not recorded: nobody may continue from it.
  if (!following_) parts_.history->StartNewHistory();
  parts_.history->CreateBacklog();
  parts_.log->Notice("Replication backlog created, my new replication IDs are '" + parts_.history->id() + "' and '" +
                     parts_.history->second_id() + "'");
}

void PrimarySide::Sync(SyncRequest request) {
  if (replicas_.count(request.client_id) != 0) return;
  Handshake(request.client_id);
  auto node = handshakes_.extract(request.client_id);
  Replica& replica = *node.mapped();
  replica.transport = std::move(request.transport);
  replica.psync = request.psync;
  replica.last_ack_ms = NowMs();
  replicas_.insert(std::move(node));
  parts_.log->Notice("Replica " + NameOf(replica) + " asks for synchronization");
  if (on_sync_) on_sync_();
  const bool wants_stream = !replica.copy_only && replica.contents.all();
  if (request.psync && wants_stream && TryPartial(replica, request)) {
    ++stats_.sync_partial_ok;
    return;
  }
  if (request.psync && request.id != "?") ++stats_.sync_partial_err;
  ++stats_.sync_full;
  PrepareBacklog();
  replica.state = ReplicaState::kWaitSnapshot;
  replica.waiting_since_ms = NowMs();
  if (replica.contents.all() && disk_snapshot_running_ && parts_.history->Covers(disk_snapshot_offset_ + 1)) {
    AnswerFull(replica, disk_snapshot_offset_);
    replica.state = ReplicaState::kWaitFile;
    parts_.log->Notice("Waiting for end of BGSAVE for SYNC");
    return;
  }
  StartDueSnapshot();
  if (replica.state != ReplicaState::kWaitSnapshot) return;
  parts_.log->Notice(parts_.saves->in_progress() || socket_feed_ != nullptr
                         ? "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
                         : "Delay next BGSAVE for diskless SYNC");
}

bool PrimarySide::TryPartial(Replica& replica, const SyncRequest& request) {
  const ReplicationLog& history = *parts_.history;
  const bool second = request.id == history.second_id() && request.next_offset <= history.second_offset();
  if (request.id != history.id() && !second) {
    if (request.id == "?") {
      parts_.log->Notice("Full resync requested by replica " + NameOf(replica));
    } else if (request.id != history.second_id()) {
      parts_.log->Notice("Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '" + request.id +
                         "', my replication IDs are '" + history.id() + "' and '" + history.second_id() + "')");
    } else {
      parts_.log->Notice("Partial resynchronization not accepted: Requested offset for second ID was " +
                         std::to_string(request.next_offset) + ", but I can reply up to " +
                         std::to_string(history.second_offset()));
    }
    return false;
  }
  if (!history.Covers(request.next_offset)) {
    parts_.log->Notice("Unable to partial resync with replica " + NameOf(replica) +
                       " for lack of backlog (Replica request was: " + std::to_string(request.next_offset) + ").");
    return false;
  }
  replica.transport->Send(replica.takes_new_id ? "+CONTINUE " + history.id() + "\r\n" : "+CONTINUE\r\n");
  replica.next_offset = request.next_offset;
  replica.state = ReplicaState::kOnline;
  ++put_online_;
  replica.acked_offset = request.next_offset - 1;
  parts_.log->Notice("Partial resynchronization request from " + NameOf(replica) + " accepted. Sending " +
                     std::to_string(history.offset() - request.next_offset + 1) +
                     " bytes of backlog starting from offset " + std::to_string(request.next_offset) + ".");
  return true;
}

void PrimarySide::AnswerFull(Replica& replica, int64_t offset) {
  ++copies_begun_;
  if (on_copy_begins_) on_copy_begins_();
  if (replica.psync) {
    replica.transport->Send("+FULLRESYNC " + parts_.history->id() + " " + std::to_string(offset) + "\r\n");
  }
  replica.next_offset = offset + 1;
  replica.last_progress_ms = NowMs();
}

// --- who waits for acknowledgements.

void PrimarySide::WaitForAcks(uint64_t client_id, std::function<bool()> enough, const AckPatience& patience,
                              std::function<void()> on_ready) {
  const uint64_t number = ++waiters_made_;
  waiters_[client_id] = {std::move(enough), std::move(on_ready), patience, number, TakenUpTo(patience.offset)};
  WantAcks();
  if (patience.stalled_ms > 0) LookAgain(client_id, number);
}

void PrimarySide::LookAgain(uint64_t client_id, uint64_t waiter) {
  const int64_t stalled_ms = waiters_.at(client_id).patience.stalled_ms;
  parts_.loop->After(stalled_ms, [this, client_id, waiter, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    const auto it = waiters_.find(client_id);
    if (it == waiters_.end() || it->second.number != waiter) return;
    const int64_t before = std::exchange(it->second.taken, TakenUpTo(it->second.patience.offset));
    if (it->second.taken > before) return LookAgain(client_id, waiter);
    const std::function<void()> on_ready = std::move(it->second.on_ready);
    waiters_.erase(it);
    on_ready();
  });
}

void PrimarySide::WakeWaiters() {
  std::vector<std::function<void()>> ready;
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (!it->second.enough()) {
      ++it;
      continue;
    }
    ready.push_back(std::move(it->second.on_ready));
    it = waiters_.erase(it);
  }
  for (const auto& on_ready : ready) on_ready();
}

// --- the stream.

void PrimarySide::PumpStream(Replica& replica) {
  while (replica.transport->PendingOutput() < kMostPending) {
    const std::string_view bytes = parts_.history->BytesFrom(replica.next_offset);
    if (bytes.empty() && !parts_.history->Covers(replica.next_offset)) {
      parts_.log->Warning("Read error sending what was written during the copy to replica " + NameOf(replica));
      return Drop(replica.client_id, "read error");
    }
    if (bytes.empty()) {
      replica.catching_up = false;
      return;
    }
    replica.transport->Send(bytes);
    replica.next_offset += static_cast<int64_t>(bytes.size());
  }
}

void PrimarySide::Pump() {
  if (ack_wanted_ && !quiet_) {
    ack_wanted_ = false;
    if (!replicas_.empty() && !following_) write_log_(kGetAck);
  }
  if (replicas_.empty()) return TrimLog();
  StepSocketFeed();
  std::vector<uint64_t> over_limit;
  std::vector<uint64_t> served;
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    Replica& replica = *it->second;
    ++it;  // a read error drops this one
    if (OverOutputLimit(replica)) {
      over_limit.push_back(replica.client_id);
    } else if (replica.state == ReplicaState::kReceiveFile) {
      PumpFile(replica);
    } else if (replica.state == ReplicaState::kOnline) {
      PumpStream(replica);
    } else if (replica.state == ReplicaState::kCopySent && replica.transport->PendingOutput() == 0) {
      served.push_back(replica.client_id);
    }
  }
  for (const uint64_t id : served) Drop(id, "it has the copy it asked for");
  for (const uint64_t id : over_limit) {
    parts_.log->Warning("Client " + NameOf(*replicas_.at(id)) + " scheduled to be closed ASAP for overcoming of output buffer limits.");
    Drop(id, "output buffer limit");
  }
  TrimLog();
  SpillForCopies();
}

// What a replica will need when it has loaded its copy waits in a file, so that the
// memory it takes does not depend on how fast clients write meanwhile.
void PrimarySide::SpillForCopies() {
  ReplicationLog& history = *parts_.history;
  const int64_t keep = history.backlog_size() + parts_.settings->copy_memory_bytes;
  if (!history.has_backlog() || history.history_bytes() - history.spilled_bytes() <= keep) return;
  const bool wanted = disk_snapshot_running_ || std::any_of(replicas_.begin(), replicas_.end(), [](const auto& entry) {
    return entry.second->catching_up && NeedsLog(*entry.second);
  });
  if (wanted && history.spilled_bytes() < parts_.settings->copy_disk_bytes) history.Spill(keep);
}

// Whether what is written from now on, or since its copy began, goes to it.
bool PrimarySide::NeedsLog(const Replica& replica) {
  return replica.state != ReplicaState::kWaitSnapshot && !replica.copy_only;
}

// Of the log's end, the part from next_offset on that is not in the file.
int64_t PrimarySide::HeldInMemory(const Replica& replica) const {
  const ReplicationLog& history = *parts_.history;
  const int64_t first_in_memory = history.first_offset() + history.spilled_bytes();
  return history.offset() + 1 - std::max(replica.next_offset, first_in_memory);
}

bool PrimarySide::OverOutputLimit(Replica& replica) const {
  if (!NeedsLog(replica)) return false;  // of a copy no more is put out than the socket takes
  const PrimarySettings& settings = *parts_.settings;
  const int64_t held = HeldInMemory(replica) + static_cast<int64_t>(replica.transport->PendingOutput());
  // A limit below the backlog would end replicas that cost nothing extra.
  const int64_t hard = std::max(settings.output_hard_bytes, settings.backlog_bytes);
  if (settings.output_hard_bytes > 0 && held > hard) return true;
  const int64_t soft = std::max(settings.output_soft_bytes, settings.backlog_bytes);
  if (settings.output_soft_bytes <= 0 || held <= soft) {
    replica.over_soft_since_ms = 0;
    return false;
  }
  if (replica.over_soft_since_ms == 0) replica.over_soft_since_ms = NowMs();
  return NowMs() - replica.over_soft_since_ms > settings.output_soft_s * 1000;
}

void PrimarySide::TrimLog() {
  if (!parts_.history->has_backlog()) return;
  int64_t needed = parts_.history->offset() + 1;
  if (disk_snapshot_running_) needed = std::min(needed, disk_snapshot_offset_ + 1);
  for (const auto& [id, replica] : replicas_) {
    if (NeedsLog(*replica)) needed = std::min(needed, replica->next_offset);
  }
  parts_.history->Trim(needed);
}

void PrimarySide::EverySecond() {
  parts_.history->set_backlog_size(parts_.settings->backlog_bytes);
  const PrimarySettings& settings = *parts_.settings;
  if (!following_ && !quiet_ && !replicas_.empty() && NowMs() - last_ping_ms_ >= settings.ping_period_s * 1000) {
    last_ping_ms_ = NowMs();
    write_log_(kPing);
  }
  // An empty line keeps those alive who wait for a snapshot and get no bytes.
  for (const auto& [id, replica] : replicas_) {
    if (replica->state == ReplicaState::kWaitSnapshot || replica->state == ReplicaState::kWaitFile) replica->transport->Send("\n");
  }
  DropSlowAndSilent();
  StartDueSnapshot();
  ExpireBacklog();
}

void PrimarySide::DropSlowAndSilent() {
  const int64_t timeout_ms = parts_.settings->timeout_s * 1000;
  std::vector<uint64_t> silent;
  for (const auto& [id, replica] : replicas_) {
    const bool streaming = replica->state == ReplicaState::kOnline || replica->state == ReplicaState::kWaitAck;
    const bool receiving = replica->state == ReplicaState::kReceiveFile || replica->state == ReplicaState::kReceiveSocket ||
                           replica->state == ReplicaState::kCopySent;
    const int64_t heard_ms = std::max(replica->last_ack_ms, replica->transport->LastHeardMs());
    if (streaming && replica->psync && NowMs() - heard_ms > timeout_ms) {
      parts_.log->Warning("Disconnecting timedout replica (streaming sync): " + NameOf(*replica));
      silent.push_back(id);
    } else if (receiving && NowMs() - replica->last_progress_ms > timeout_ms) {
      parts_.log->Warning("Disconnecting timedout replica (full sync): " + NameOf(*replica));
      silent.push_back(id);
    }
  }
  for (const uint64_t id : silent) Drop(id, "timeout");
}

void PrimarySide::ExpireBacklog() {
  const int64_t ttl_ms = parts_.settings->backlog_ttl_s * 1000;
  if (!replicas_.empty() || following_ || ttl_ms == 0 || !parts_.history->has_backlog()) return;
  if (NowMs() - no_replicas_since_ms_ < ttl_ms) return;
  // Writes are not recorded from here on, so the old history ends.
  parts_.history->FreeBacklog();
  parts_.history->StartNewHistory();
  parts_.log->Notice("Replication backlog freed after " + std::to_string(parts_.settings->backlog_ttl_s) +
                     " seconds without connected replicas.");
}

}  // namespace windlass::replication
