// Full copies for replicas: from a file of the save service, or fed into their sockets.
// Log lines are in the words that tools look for.
#include <algorithm>
#include <utility>

#include "node/replication/primary_side.h"
#include "node/replication/replica_record.h"

namespace windlass::replication {
namespace {

// Captured entries of a copy are set aside in pieces of this.
constexpr size_t kTakeAt = 256 << 10;

}  // namespace

bool PrimarySide::TakesFile(const Replica& replica) const {
  return replica.contents.all() && !(parts_.settings->diskless && replica.takes_eof_mark);
}

// Starts a snapshot for those who wait, if none is under way and it is time.
void PrimarySide::StartDueSnapshot() {
  if (socket_feed_ != nullptr || parts_.saves->in_progress()) return;
  std::vector<Replica*> for_socket;
  bool for_disk = false;
  int64_t longest_wait_ms = 0;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state != ReplicaState::kWaitSnapshot) continue;
    if (TakesFile(*replica)) {
      for_disk = true;
      continue;
    }
    if (!for_socket.empty() && !(replica->contents == for_socket.front()->contents)) continue;  // its turn comes
    for_socket.push_back(replica.get());
    longest_wait_ms = std::max(longest_wait_ms, NowMs() - replica->waiting_since_ms);
  }
  if (for_disk) return StartDiskSnapshot();
  if (for_socket.empty()) return;
  const bool enough = parts_.settings->diskless_max_replicas > 0 &&
                      static_cast<int64_t>(for_socket.size()) >= parts_.settings->diskless_max_replicas;
  if (enough || longest_wait_ms >= parts_.settings->diskless_delay_s * 1000) return StartSocketFeed(for_socket);
}

void PrimarySide::StartDiskSnapshot() {
  parts_.log->Notice("Starting BGSAVE for SYNC with target: disk");
  auto started = parts_.saves->StartBackground([this, alive = std::weak_ptr<bool>(alive_)](bool ok) {
    if (!alive.expired()) OnDiskSnapshotDone(ok);
  });
  if (!started.ok()) return parts_.log->Warning("BGSAVE for replication failed: " + started.error());
  disk_snapshot_running_ = true;
  disk_snapshot_offset_ = parts_.history->offset();
  for (const auto& [id, replica] : replicas_) {
    if (replica->state != ReplicaState::kWaitSnapshot) continue;
    if (!TakesFile(*replica)) continue;
    AnswerFull(*replica, disk_snapshot_offset_);
    replica->state = ReplicaState::kWaitFile;
  }
}

void PrimarySide::OnDiskSnapshotDone(bool ok) {
  disk_snapshot_running_ = false;
  std::vector<uint64_t> failed;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state != ReplicaState::kWaitFile) continue;
    if (!ok || !replica->file.Open(parts_.saves->FilePath())) {
      failed.push_back(id);
      continue;
    }
    replica->state = ReplicaState::kReceiveFile;
    replica->last_progress_ms = NowMs();
    replica->transport->Send("$" + std::to_string(replica->file.size()) + "\r\n");
  }
  for (const uint64_t id : failed) {
    parts_.log->Warning("SYNC failed. BGSAVE child returned an error");
    Drop(id, "snapshot failed");
  }
}

void PrimarySide::StartSocketFeed(const std::vector<Replica*>& waiting) {
  auto feed = std::make_unique<SocketFeed>(parts_.worker, *parts_.settings);
  persistence::RdbStreamOptions options = parts_.saves->StreamOptions(false);
  options.keys = waiting.front()->contents.keys;
  if (!waiting.front()->contents.functions) options.functions.clear();
  const size_t limit = static_cast<size_t>(std::max<int64_t>(parts_.settings->output_hard_bytes, int64_t{64} << 20));
  options.after_capture = [feed = feed.get(), limit](size_t pending) {
    if (pending >= kTakeAt) feed->ready.Push(feed->stream->Take());
    return feed->ready.memory_bytes() < limit;
  };
  feed->stream = persistence::RdbStream::Start(parts_.saves->engine(), std::move(options));
  if (feed->stream == nullptr) return;
  parts_.log->Notice("Starting BGSAVE for SYNC with target: replicas sockets");
  feed->end_mark = parts_.random->Hex(kEndMarkBytes);
  for (Replica* replica : waiting) {
    AnswerFull(*replica, parts_.history->offset());
    replica->transport->Send("$EOF:" + feed->end_mark + "\r\n");
    replica->state = ReplicaState::kReceiveSocket;
    feed->replicas.push_back(replica->client_id);
  }
  parts_.log->Notice("Background RDB transfer started");
  socket_feed_ = std::move(feed);
  StepSocketFeed();
}

// A bounded piece of the copy; as long as sockets take it the next turn goes on.
void PrimarySide::StepSocketFeed() {
  if (socket_feed_ == nullptr) return;
  std::vector<Replica*> receivers;
  for (const uint64_t id : socket_feed_->replicas) {
    const auto it = replicas_.find(id);
    if (it != replicas_.end()) receivers.push_back(it->second.get());
  }
  if (receivers.empty()) {
    parts_.log->Warning("Diskless rdb transfer, last replica dropped, ending it");
    socket_feed_.reset();
    return;
  }
  for (const Replica* replica : receivers) {
    if (replica->transport->PendingOutput() > kMostPending) return;  // it wakes the loop when it drains
  }
  SocketFeed& feed = *socket_feed_;
  if (feed.stream->state() == snapshot::SnapshotState::kRunning && feed.ready.empty()) {
    constexpr int64_t kStepUs = 300;
    feed.stream->Step(kStepUs);
  }
  if (feed.stream->state() == snapshot::SnapshotState::kAborted) return AbortSocketFeed(feed.stream->abort_reason());
  std::string chunk;
  if (feed.ready.empty()) {
    chunk = feed.stream->Take();
  } else if (!feed.ready.Pop(&chunk)) {
    return AbortSocketFeed("what was captured cannot be read back from the disk");
  }
  for (Replica* replica : receivers) {
    replica->transport->Send(chunk);
    replica->last_progress_ms = NowMs();
  }
  if (feed.stream->state() == snapshot::SnapshotState::kRunning || !feed.ready.empty() || feed.stream->pending() > 0) {
    parts_.loop->After(0, [] {});  // do not sleep
    return;
  }
  for (Replica* replica : receivers) {
    replica->transport->Send(socket_feed_->end_mark);
    if (replica->copy_only) {
      PutOnline(*replica);
      continue;
    }
    replica->state = ReplicaState::kWaitAck;
    replica->last_ack_ms = NowMs();
    parts_.log->Notice("Streamed replication with replica " + NameOf(*replica) +
                       " (socket). Waiting for REPLCONF ACK from replica to enable streaming");
  }
  parts_.log->Notice("Background RDB transfer terminated with success");
  socket_feed_.reset();
}

void PrimarySide::AbortSocketFeed(std::string_view reason) {
  parts_.log->Warning("Background transfer terminated: " + std::string(reason));
  const std::vector<uint64_t> ids = socket_feed_->replicas;
  socket_feed_.reset();
  for (const uint64_t id : ids) Drop(id, "snapshot aborted");
}

void PrimarySide::PutOnline(Replica& replica) {
  replica.file.Close();
  replica.last_ack_ms = NowMs();
  if (replica.copy_only) {
    replica.state = ReplicaState::kCopySent;
    parts_.log->Notice("RDB transfer completed, rdb only replica (" + NameOf(replica) + ") should be disconnected asap");
    return;
  }
  replica.state = ReplicaState::kOnline;
  ++put_online_;
  parts_.log->Notice("Synchronization with replica " + NameOf(replica) + " succeeded");
}

void PrimarySide::PumpFile(Replica& replica) {
  std::string chunk;
  while (replica.transport->PendingOutput() < kMostPending) {
    if (!replica.file.Next(&chunk)) {
      parts_.log->Warning("Read error sending DB to replica");
      return Drop(replica.client_id, "read error");
    }
    if (chunk.empty()) return PutOnline(replica);
    replica.transport->Send(chunk);
    replica.last_progress_ms = NowMs();
  }
}

}  // namespace windlass::replication
