// See log_file.h.
#include "node/persistence/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "node/persistence/log_batch.h"

namespace windlass::persistence {
namespace {

// pwrite(2) until all is written or it fails.
bool WriteAt(int fd, int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return true;
}

}  // namespace

base::Result<std::shared_ptr<LogFile>> LogFile::Open(const std::string& path, bool create) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_CREAT | (create ? O_TRUNC : 0), 0644);
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) return base::Error{std::strerror(errno)};
  return std::shared_ptr<LogFile>(new LogFile(fd, status.st_size));
}

LogFile::~LogFile() {
  if (reserved_ > size_) untidy_ = true;  // what was reserved goes, too
  Trim();
  ::close(fd_);
}

std::string LogFile::Trim() {
  if (end_ == size_ && !untidy_) return {};
  if (::ftruncate(fd_, size_) != 0) return std::string("the end of the file could not be cut off: ") + std::strerror(errno);
  end_ = size_;
  reserved_ = 0;
  untidy_ = false;
  return {};
}

// Whatever was written of it is taken back; while that cannot be done, nothing more is.
std::string LogFile::Failed(std::string what) {
  untidy_ = true;
  Trim();
  return what;
}

std::string LogFile::Append(std::string_view bytes) {
  if (std::string error = Trim(); !error.empty()) return error;
  if (!WriteAt(fd_, size_, bytes)) return Failed(std::strerror(errno));
  size_ += static_cast<int64_t>(bytes.size());
  end_ = size_;
  return {};
}

std::string LogFile::Sync() { return ::fdatasync(fd_) == 0 ? std::string() : std::string("fsync: ") + std::strerror(errno); }

// Filler is on disk before anything is written over it: what a cut of power leaves of a
// batch is found among filler. A disk without room for it is no error: batches are
// appended there.
std::string LogFile::WriteAhead() {
  const std::string head = marked_ ? std::string() : BatchHead(size_, {});
  const std::string ahead = head + Filler();
  if (!WriteAt(fd_, end_, ahead)) {
    Failed({});
    return {};
  }
  end_ += static_cast<int64_t>(ahead.size());
  if (std::string error = Sync(); !error.empty()) return Failed(std::move(error));
  size_ += static_cast<int64_t>(head.size());
  marked_ = true;
  return {};
}

std::string LogFile::WriteOverFiller(std::string_view batch) {
  std::string bytes = BatchHead(size_, batch);
  bytes += batch;
  const int64_t end = size_ + static_cast<int64_t>(bytes.size());
  bytes += '#';  // a line is made of what is left of the one this ends in
  if (!WriteAt(fd_, size_, bytes)) return Failed(std::strerror(errno));
  if (std::string error = Sync(); !error.empty()) return Failed(std::move(error));
  size_ = end;
  return {};
}

// An fsync takes three quarters of the time when the blocks are there already, and the
// file is none the longer for it. Where that cannot be done, nothing is lost.
void LogFile::ReserveBlocks(size_t bytes) {
  constexpr int64_t kReserve = 1 << 20;
  const int64_t end = size_ + static_cast<int64_t>(bytes);
  if (end > reserved_ && ::fallocate(fd_, FALLOC_FL_KEEP_SIZE, size_, end - size_ + kReserve) == 0) reserved_ = end + kReserve;
}

std::string LogFile::Commit(std::string_view batch, bool ahead) {
  if (batch.empty()) return Sync();
  if (ahead && batch.size() <= kLargestBatch && !untidy_) {
    const size_t room = batch.size() + kBatchOverhead;
    if (!HasRoom(room)) {
      if (std::string error = WriteAhead(); !error.empty()) return error;
    }
    if (HasRoom(room)) return WriteOverFiller(batch);
  }
  const int64_t before = size_;
  if (!ahead) ReserveBlocks(batch.size());
  if (std::string error = Append(batch); !error.empty()) return error;
  std::string error = Sync();
  if (error.empty()) return {};
  size_ = before;
  return Failed(std::move(error));
}

}  // namespace windlass::persistence
