// See file_check.h.
#include "node/check/file_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "node/base/atomic_file.h"
#include "node/persistence/aof_loader.h"
#include "node/persistence/aof_manifest.h"
#include "node/persistence/rdb_file.h"
#include "node/persistence/rdb_format.h"

namespace windlass::check {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 1 << 20;
constexpr std::string_view kManifestEnd = ".manifest";

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// A descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  // Bytes read, 0 at the end, -1: errno says why.
  ssize_t Read(std::vector<char>* chunk) const {
    ssize_t n = 0;
    do n = ::read(fd_, chunk->data(), chunk->size());
    while (n < 0 && errno == EINTR);
    return n;
  }

 private:
  int fd_;
};

bool IsRdb(const std::string& path) {
  const File file(path, O_RDONLY);
  std::vector<char> head(persistence::kRdbMagic.size());
  if (file.fd() < 0 || file.Read(&head) != static_cast<ssize_t>(head.size())) return false;
  const std::string_view text(head.data(), head.size());
  return text == persistence::kRdbMagic || text == persistence::kRdbValkeyMagic.substr(0, text.size());
}

void Sort(const std::string& path, bool by_itself, Found* found) {
  if (EndsWith(path, kManifestEnd)) {
    found->manifests.push_back(path);
  } else if (EndsWith(path, ".rdb") || (by_itself && !EndsWith(path, ".aof") && IsRdb(path))) {
    found->rdb_files.push_back(path);
  } else if (by_itself || EndsWith(path, ".aof")) {
    found->aof_files.push_back(path);
  }
}

// Files that a manifest names are looked at with it.
void LeaveToManifests(Found* found) {
  for (const std::string& manifest : found->manifests) {
    const fs::path folder = fs::path(manifest).parent_path();
    const auto beside = [&folder](const std::string& file) { return fs::path(file).parent_path() == folder; };
    std::erase_if(found->rdb_files, beside);
    std::erase_if(found->aof_files, beside);
  }
}

}  // namespace

base::Result<Found> Find(const std::string& path) {
  Found found;
  std::error_code error;
  if (!fs::exists(path, error)) return base::Error{"Cannot open file " + path + ": " + std::strerror(ENOENT)};
  if (!fs::is_directory(path, error)) {
    Sort(path, true, &found);
    return found;
  }
  for (fs::recursive_directory_iterator it(path, error), end; it != end; it.increment(error)) {
    if (error) return base::Error{"Cannot read folder " + path + ": " + error.message()};
    constexpr int kDeepest = 2;
    if (it.depth() >= kDeepest) it.disable_recursion_pending();
    if (it->is_regular_file(error)) Sort(it->path().string(), false, &found);
  }
  if (error) return base::Error{"Cannot read folder " + path + ": " + error.message()};
  LeaveToManifests(&found);
  for (auto* list : {&found.rdb_files, &found.aof_files, &found.manifests}) std::sort(list->begin(), list->end());
  if (found.rdb_files.empty() && found.aof_files.empty() && found.manifests.empty()) {
    return base::Error{"No RDB file, append-only file or manifest in " + path};
  }
  return found;
}

FileVerdict CheckRdbFile(const std::string& path, Statistics* statistics,
                         const std::function<void(int64_t, const std::string&)>& tell) {
  FileVerdict verdict;
  verdict.path = path;
  verdict.size = std::max<int64_t>(0, persistence::FileBytes(path));
  const File file(path, O_RDONLY);
  if (file.fd() < 0) {
    verdict.reason = std::string("Cannot open file: ") + std::strerror(errno);
    return verdict;
  }
  persistence::RdbReader reader({true}, statistics);
  if (tell) {
    statistics->SetTell([&](const std::string& what) { tell(static_cast<int64_t>(reader.bytes_read()), what); });
  }
  std::vector<char> chunk(kChunkBytes);
  while (!reader.done()) {
    const ssize_t n = file.Read(&chunk);
    if (n <= 0) {
      verdict.reason = n < 0 ? std::string("Read error: ") + std::strerror(errno) : "Unexpected EOF reading RDB file";
      break;
    }
    if (auto fed = reader.Feed({chunk.data(), static_cast<size_t>(n)}); !fed.ok()) {
      verdict.reason = fed.error();
      break;
    }
  }
  statistics->SetTell(nullptr);
  verdict.valid_bytes = verdict.failed_at = static_cast<int64_t>(reader.bytes_read());
  verdict.whole = verdict.reason.empty();
  if (verdict.whole && verdict.size > verdict.valid_bytes) {
    verdict.whole = false;
    verdict.reason = std::to_string(verdict.size - verdict.valid_bytes) + " bytes follow the end of the RDB";
  }
  return verdict;
}

FileVerdict CheckAofFile(const std::string& path, Statistics* statistics) {
  FileVerdict verdict;
  verdict.kind = FileKind::kAof;
  verdict.path = path;
  verdict.size = std::max<int64_t>(0, persistence::FileBytes(path));
  const persistence::AofReplay replay = persistence::ReplayAofFile(path, statistics, statistics, nullptr);
  verdict.valid_bytes = replay.valid_bytes;
  verdict.failed_at = replay.failed_at;
  verdict.whole = replay.verdict == persistence::AofVerdict::kOk;
  verdict.torn = replay.verdict == persistence::AofVerdict::kTruncated;
  verdict.begins_with_rdb = replay.begins_with_rdb;
  verdict.commands = replay.commands;
  verdict.reason = replay.verdict == persistence::AofVerdict::kUnreadable ? "Cannot open file: " + replay.reason : replay.reason;
  return verdict;
}

base::Result<std::vector<LogFile>> FilesOf(const std::string& manifest_path) {
  auto text = base::ReadFileIfExists(manifest_path);
  if (!text.ok()) return base::Error{text.error()};
  if (!text->has_value()) return base::Error{"Cannot open file " + manifest_path};
  auto manifest = persistence::AofManifest::Parse(**text);
  if (!manifest.ok()) return base::Error{manifest.error()};
  const std::string folder = fs::path(manifest_path).parent_path().string();
  const auto in_folder = [&folder](const std::string& name) { return folder.empty() ? name : folder + "/" + name; };
  std::vector<LogFile> files;
  if (manifest->base.has_value()) files.push_back({in_folder(manifest->base->name), "BASE"});
  for (const persistence::AofFileInfo& file : manifest->increments) files.push_back({in_folder(file.name), "INCR"});
  return files;
}

base::Result<void> CutTail(const FileVerdict& verdict) {
  if (!verdict.torn) return base::Error{"it is not only the end that is missing"};
  const File file(verdict.path, O_WRONLY);
  if (file.fd() < 0 || ::ftruncate(file.fd(), verdict.valid_bytes) != 0 || ::fsync(file.fd()) != 0) {
    return base::Error{"Failed to truncate AOF: " + std::string(std::strerror(errno))};
  }
  return {};
}

int64_t LineAfter(const std::string& path, int64_t bytes) {
  const File file(path, O_RDONLY);
  std::vector<char> chunk(kChunkBytes);
  int64_t lines = 1;
  while (file.fd() >= 0 && bytes > 0) {
    const ssize_t n = std::min<ssize_t>(file.Read(&chunk), bytes);
    if (n <= 0) break;
    lines += std::count(chunk.begin(), chunk.begin() + n, '\n');
    bytes -= n;
  }
  return lines;
}

}  // namespace windlass::check
