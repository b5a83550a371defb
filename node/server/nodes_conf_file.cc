// Locking, reading and replacing nodes.conf. See nodes_conf_file.h.
//
// A rename would take the name away from the locked file, so the new file is
// locked before it gets the name: at any moment the file of that name is locked.
#include "node/server/nodes_conf_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "node/base/atomic_file.h"

namespace windlass::server {
namespace {

// A starter that meets a rename takes the lock of a file without a name and
// looks again; renames do not come this often.
constexpr int kLockAttempts = 20;

base::Error Failure(const char* what, const std::string& path) {
  return {std::string(what) + " " + path + ": " + std::strerror(errno)};
}

bool HasTheName(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

bool WriteAll(int fd, const std::string& content) {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// On success *locked_fd is the new file's descriptor and the old one is closed.
base::Result<void> Replace(const std::string& path, const std::string& content, int* locked_fd) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failure("cannot create", temporary);
  const bool written = flock(fd, LOCK_EX | LOCK_NB) == 0 && WriteAll(fd, content) && fsync(fd) == 0;
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    const base::Error error = Failure("cannot write", temporary);
    unlink(temporary.c_str());
    close(fd);
    return error;
  }
  if (*locked_fd >= 0) close(*locked_fd);
  *locked_fd = fd;
  return base::SyncParentFolder(path);
}

}  // namespace

// Shared by the loop and the helper; `done` is what both look at.
struct NodesConfFile::Outcome {
  uint64_t ticket = 0;
  base::Result<void> saved;  // written before done
  std::atomic<bool> done{false};
};

NodesConfFile::NodesConfFile(net::EventLoop* loop, std::string path, OnSaved on_saved)
    : loop_(loop), path_(std::move(path)), on_saved_(std::move(on_saved)) {}

NodesConfFile::~NodesConfFile() {
  *alive_ = false;
  helper_.Drain();
  if (locked_fd_ >= 0) close(locked_fd_);
}

base::Result<void> NodesConfFile::Lock() {
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      return base::Error{"Can't open " + path_ +
                         " in order to acquire a lock: " + std::strerror(errno)};
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const bool held = errno == EWOULDBLOCK;
      const base::Error error = Failure("Impossible to lock", path_);
      close(fd);
      if (!held) return error;
      return base::Error{"Sorry, the cluster configuration file " + path_ +
                         " is already used by a different Redis Cluster node. Please make sure "
                         "that different nodes use different cluster configuration files."};
    }
    if (HasTheName(fd, path_)) {
      locked_fd_ = fd;
      return {};
    }
    close(fd);
  }
  return base::Error{"Impossible to lock " + path_ + ": it is being replaced all the time"};
}

base::Result<std::optional<std::string>> NodesConfFile::Load() const {
  auto content = base::ReadFileIfExists(path_);
  if (content.ok() && *content && (*content)->empty()) return std::optional<std::string>();
  return content;
}

void NodesConfFile::Save(uint64_t ticket, std::string content) {
  if (running_ != nullptr) {
    waiting_ = Job{ticket, std::move(content)};
    return;
  }
  Start(Job{ticket, std::move(content)});
}

void NodesConfFile::Start(Job job) {
  auto outcome = std::make_shared<Outcome>();
  outcome->ticket = job.ticket;
  running_ = outcome;
  helper_.Run([this, alive = alive_, outcome, content = std::move(job.content)] {
    outcome->saved = Replace(path_, content, &locked_fd_);
    outcome->done.store(true, std::memory_order_release);
    // The outcome may have been taken by Drain when this runs.
    loop_->Post([this, alive, outcome] {
      if (*alive && running_ == outcome) Finish();
    });
  });
}

// The running job has ended: tells, and starts the one that waits.
void NodesConfFile::Finish() {
  const std::shared_ptr<Outcome> ended = std::exchange(running_, nullptr);
  if (waiting_) {
    Job next = std::move(*waiting_);
    waiting_.reset();
    Start(std::move(next));
  }
  if (on_saved_) on_saved_(ended->ticket, ended->saved);
}

void NodesConfFile::Drain() {
  while (running_ != nullptr) {
    helper_.Drain();
    Finish();
  }
}

}  // namespace windlass::server
