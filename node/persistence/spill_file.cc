// See spill_file.h.
#include "node/persistence/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace windlass::persistence {
namespace {

constexpr int64_t kGiveBackAt = 4 << 20;  // dropped bytes that are worth a system call

}  // namespace

struct SpillFile::Shared {
  std::string folder;
  std::atomic<int> fd{-1};
  std::atomic<bool> failed{false};
  ~Shared() {
    if (fd >= 0) ::close(fd);
  }

  bool Open() {
    if (fd >= 0) return true;
    int opened = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (opened < 0) {  // not every file system has files without a name
      std::string path = folder + "/temp-spill-XXXXXX";
      opened = ::mkostemp(path.data(), O_CLOEXEC);
      if (opened >= 0) ::unlink(path.c_str());
    }
    fd = opened;
    return opened >= 0;
  }

  bool Write(const std::string& bytes, int64_t position) {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::pwrite(fd, bytes.data() + done, bytes.size() - done, position + static_cast<int64_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += static_cast<size_t>(n);
    }
    return true;
  }
};

struct SpillFile::Piece {
  int64_t position = 0;
  std::string bytes;
  std::atomic<bool> written{false};
};

SpillFile::SpillFile(base::WorkerThread* worker, std::string folder) : worker_(worker), shared_(std::make_shared<Shared>()) {
  shared_->folder = std::move(folder);
}

SpillFile::~SpillFile() = default;

bool SpillFile::usable() const { return !shared_->failed.load(std::memory_order_relaxed); }

int64_t SpillFile::Append(std::string bytes) {
  ForgetWritten();
  auto piece = std::make_shared<Piece>();
  piece->position = end_;
  piece->bytes = std::move(bytes);
  end_ += static_cast<int64_t>(piece->bytes.size());
  in_flight_ += piece->bytes.size();
  pieces_.push_back(piece);
  worker_->Run([file = shared_, piece] {
    if (file->failed || !file->Open() || !file->Write(piece->bytes, piece->position)) {
      file->failed = true;
      return;
    }
    // Clean pages can be dropped; dirty ones count against a container's limit.
    ::sync_file_range(file->fd, piece->position, static_cast<off_t>(piece->bytes.size()), SYNC_FILE_RANGE_WRITE);
    piece->written.store(true, std::memory_order_release);
  });
  return piece->position;
}

void SpillFile::ForgetWritten() {
  while (!pieces_.empty() && pieces_.front()->written.load(std::memory_order_acquire)) {
    in_flight_ -= pieces_.front()->bytes.size();
    pieces_.pop_front();
  }
}

size_t SpillFile::in_flight() {
  ForgetWritten();
  return in_flight_;
}

bool SpillFile::Read(int64_t position, size_t size, std::string* bytes) {
  for (const auto& piece : pieces_) {
    if (piece->position != position) continue;
    *bytes = piece->bytes;
    return true;
  }
  bytes->resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(shared_->fd, bytes->data() + done, size - done, position + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

void SpillFile::DropBefore(int64_t position) {
  while (!pieces_.empty() && pieces_.front()->position < position) {
    in_flight_ -= pieces_.front()->bytes.size();
    pieces_.pop_front();
  }
  if (position - dropped_ < kGiveBackAt) return;
  worker_->Run([file = shared_, from = dropped_, bytes = position - dropped_] {
    if (file->fd >= 0) ::fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, bytes);
  });
  dropped_ = position;
}

}  // namespace windlass::persistence
