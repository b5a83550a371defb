#include "node/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace windlass::base {

namespace {

Error Failure(std::string_view what, const std::string& path) {
  return Error{std::string(what) + " " + path + ": " + std::strerror(errno)};
}

bool WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> SyncParentFolder(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failure("cannot open folder", folder);
  const bool synced = fsync(fd) == 0;
  const int saved = errno;
  close(fd);
  errno = saved;
  if (!synced) return Failure("cannot fsync folder", folder);
  return {};
}

Result<void> WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failure("cannot create", temporary);
  const bool written = WriteAll(fd, content) && fsync(fd) == 0;
  const int saved = errno;
  close(fd);
  if (!written) {
    unlink(temporary.c_str());
    errno = saved;
    return Failure("cannot write", temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = Failure("cannot rename to", path);
    unlink(temporary.c_str());
    return error;
  }
  return SyncParentFolder(path);
}

Result<std::optional<std::string>> ReadFileIfExists(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return Failure("cannot open", path);
  }
  std::string content;
  char chunk[16384];
  while (true) {
    const ssize_t got = read(fd, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const Error error = Failure("cannot read", path);
      close(fd);
      return error;
    }
    if (got == 0) break;
    content.append(chunk, static_cast<size_t>(got));
  }
  close(fd);
  return std::optional<std::string>(std::move(content));
}

}  // namespace windlass::base
