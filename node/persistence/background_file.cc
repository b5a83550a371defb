// See background_file.h.
#include "node/persistence/background_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "node/base/atomic_file.h"

namespace windlass::persistence {

bool WriteFully(int fd, std::string_view bytes, size_t* written) {
  *written = 0;
  while (*written < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + *written, bytes.size() - *written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (n == 0) errno = ENOSPC;
      return false;
    }
    *written += static_cast<size_t>(n);
  }
  return true;
}

BackgroundFile::BackgroundFile(base::WorkerThread* worker, PostToLoop post, std::string path)
    : worker_(worker), post_(std::move(post)), shared_(std::make_shared<Shared>()) {
  shared_->path = std::move(path);
  worker_->Run([file = shared_] { Open(file.get()); });
}

BackgroundFile::~BackgroundFile() {
  if (!finished_) worker_->Run([file = shared_] { Remove(file.get()); });
}

void BackgroundFile::Append(std::string bytes) {
  if (bytes.empty()) return;
  shared_->in_flight.fetch_add(bytes.size(), std::memory_order_relaxed);
  worker_->Run([file = shared_, bytes = std::move(bytes)] {
    Write(file.get(), bytes);
    file->in_flight.fetch_sub(bytes.size(), std::memory_order_relaxed);
  });
}

void BackgroundFile::Finish(std::string final_path, Done done) {
  finished_ = true;
  worker_->Run([file = shared_, final_path = std::move(final_path), done = std::move(done), post = post_] {
    base::Result<int64_t> result = Close(file.get(), final_path);
    post([done, result = std::move(result)] { done(result); });
  });
}

base::Result<int64_t> BackgroundFile::FinishNow(const std::string& final_path) {
  finished_ = true;
  worker_->Drain();
  return Close(shared_.get(), final_path);
}

void BackgroundFile::Open(Shared* file) {
  file->fd = ::open(file->path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file->fd < 0) file->error = "Failed opening the temp RDB file " + file->path + " for saving: " + std::strerror(errno);
}

void BackgroundFile::Write(Shared* file, const std::string& bytes) {
  if (file->fd < 0 || !file->error.empty()) return;
  size_t written = 0;
  if (!WriteFully(file->fd, bytes, &written)) file->error = std::string("Write error saving DB on disk: ") + std::strerror(errno);
  file->written += static_cast<int64_t>(written);
}

base::Result<int64_t> BackgroundFile::Close(Shared* file, const std::string& final_path) {
  if (file->error.empty() && ::fsync(file->fd) != 0) {
    file->error = std::string("Write error saving DB on disk(fsync): ") + std::strerror(errno);
  }
  if (!file->error.empty()) {
    Remove(file);
    return base::Error{file->error};
  }
  ::close(std::exchange(file->fd, -1));
  const std::string& name = final_path.empty() ? file->path : final_path;
  if (!final_path.empty() && ::rename(file->path.c_str(), final_path.c_str()) != 0) {
    const std::string error = "Error moving temp DB file " + file->path + " on the final destination " + final_path + ": " +
                              std::strerror(errno);
    ::unlink(file->path.c_str());
    return base::Error{error};
  }
  if (auto synced = base::SyncParentFolder(name); !synced.ok()) return base::Error{synced.error()};
  return file->written;
}

void BackgroundFile::Remove(Shared* file) {
  if (file->fd < 0) return;
  ::close(std::exchange(file->fd, -1));
  ::unlink(file->path.c_str());
}

}  // namespace windlass::persistence
