// See rdb_file.h.
#include "node/persistence/rdb_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace windlass::persistence {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

}  // namespace

int64_t FileBytes(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : -1;
}

base::Result<LoadSummary> LoadRdbFile(const std::string& path, KeyspaceLoader* loader, bool verify_checksum,
                                      const LoadProgress& progress) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::Error{"Can't open " + path + ": " + std::strerror(errno)};
  RdbReader reader({verify_checksum}, loader);
  std::vector<char> chunk(kChunkBytes);
  base::Result<LoadSummary> result = base::Error{"Unexpected EOF reading RDB file"};
  for (int64_t bytes = 0;;) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      result = base::Error{std::string("Read error: ") + std::strerror(errno)};
      break;
    }
    if (n == 0) break;
    if (auto fed = reader.Feed(std::string_view(chunk.data(), static_cast<size_t>(n))); !fed.ok()) {
      result = base::Error{fed.error()};
      break;
    }
    bytes += n;
    if (progress) progress(bytes);
    if (reader.done()) {
      result = loader->summary();
      break;
    }
  }
  ::close(fd);
  return result;
}

}  // namespace windlass::persistence
