// What the primary side remembers of one replica, and of a copy being sent to
// sockets. For the files of the primary side only.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/persistence/rdb_stream.h"
#include "node/persistence/spill_queue.h"
#include "node/replication/primary_side.h"

namespace windlass::replication {

inline constexpr int kEndMarkBytes = 40;
// What is put into a replica's socket buffer at most before it drains.
inline constexpr size_t kMostPending = 1 << 20;

// The RDB file on its way to one replica. It stays readable when a later save
// takes its name.
class OutgoingFile {
 public:
  OutgoingFile() = default;
  ~OutgoingFile() { Close(); }
  OutgoingFile(const OutgoingFile&) = delete;
  OutgoingFile& operator=(const OutgoingFile&) = delete;

  bool Open(const std::string& path) {
    Close();
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat info {};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0) return false;
    size_ = static_cast<int64_t>(info.st_size);
    left_ = size_;
    return true;
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int64_t size() const { return size_; }
  // Empty at the end; false if the file cannot be read to its end.
  bool Next(std::string* chunk) {
    constexpr int64_t kChunkBytes = 128 << 10;
    chunk->resize(static_cast<size_t>(left_ < kChunkBytes ? left_ : kChunkBytes));
    if (chunk->empty()) return true;
    const ssize_t n = ::read(fd_, chunk->data(), chunk->size());
    if (n <= 0) return false;
    chunk->resize(static_cast<size_t>(n));
    left_ -= n;
    return true;
  }

 private:
  int fd_ = -1;
  int64_t size_ = 0;
  int64_t left_ = 0;
};

struct PrimarySide::Replica {
  uint64_t client_id = 0;
  std::unique_ptr<ReplicaTransport> transport;  // null during the handshake
  ReplicaState state = ReplicaState::kWaitSnapshot;
  int listening_port = 0;
  std::string announced_ip;
  bool takes_eof_mark = false;
  bool takes_new_id = false;
  bool knows_slot_jobs = false;
  int version_major = 0;  // 0: not told
  bool psync = true;
  bool copy_only = false;
  CopyContents contents;
  bool acknowledged = false;  // it has, since it came: until then acked_offset is what it asked from
  std::string node_id;        // in the cluster; empty: not told
  // Invariant from kWaitFile on: acked_offset < next_offset <= the log's offset + 1.
  int64_t next_offset = 0;  // the first byte of the log not yet sent
  int64_t acked_offset = 0;
  int64_t fsynced_offset = -1;  // of acked_offset, what it has on disk; -1: unknown
  int64_t last_ack_ms = 0;
  int64_t waiting_since_ms = 0;
  int64_t last_progress_ms = 0;
  int64_t over_soft_since_ms = 0;
  bool catching_up = true;  // has not yet reached what the backlog keeps, since its copy began
  OutgoingFile file;
};

struct PrimarySide::SocketFeed {
  SocketFeed(base::WorkerThread* worker, const PrimarySettings& settings)
      : ready(worker, settings.folder, static_cast<size_t>(settings.copy_memory_bytes)) {}
  // What sockets have not taken: entries are captured whenever they are about to change.
  persistence::SpillQueue ready;
  std::unique_ptr<persistence::RdbStream> stream;
  std::string end_mark;
  std::vector<uint64_t> replicas;
};

}  // namespace windlass::replication
