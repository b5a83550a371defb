// Loading the append-only log at start, and opening it for what comes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "node/base/atomic_file.h"
#include "node/persistence/aof_loader.h"
#include "node/persistence/aof_parts.h"
#include "node/persistence/rdb_file.h"

namespace windlass::persistence {

base::Result<void> Aof::ReadManifest() {
  auto text = base::ReadFileIfExists(ManifestPath());
  if (!text.ok()) return base::Error{text.error()};
  manifest_ = AofManifest();
  if (!text->has_value()) return {};
  auto parsed = AofManifest::Parse(**text);
  if (!parsed.ok()) return base::Error{"The AOF manifest file is invalid: " + parsed.error()};
  manifest_ = std::move(parsed).value();
  return {};
}

// Before Redis 7 the log was one file in the server's folder: it becomes the base.
base::Result<void> Aof::AdoptSingleFile() {
  const std::string old_path = parts_.settings->folder + "/" + parts_.settings->file_name;
  if (!manifest_.empty() || FileBytes(old_path) < 0) return {};
  if (::mkdir(Folder().c_str(), 0755) != 0 && errno != EEXIST) {
    return base::Error{"Can't open or create append-only dir " + parts_.settings->log_folder + ": " + std::strerror(errno)};
  }
  manifest_.base = AofFileInfo{parts_.settings->file_name, 1};
  // A hard link first: at every instant the manifest's file exists or the old one is alone.
  if (::link(old_path.c_str(), PathOf(parts_.settings->file_name).c_str()) != 0 && errno != EEXIST) {
    return base::Error{"Error trying to move the old AOF file " + parts_.settings->file_name + ": " + std::strerror(errno)};
  }
  if (auto written = WriteManifest(); !written.ok()) return written;
  ::unlink(old_path.c_str());
  parts_.log->Notice("Successfully migrated an old-style AOF configuration (" + parts_.settings->file_name +
                     ") to the AOF directory (" + parts_.settings->log_folder + ").");
  return {};
}

int64_t Aof::BytesToLoad() const {
  int64_t bytes = 0;
  if (manifest_.base.has_value()) bytes += std::max<int64_t>(FileBytes(PathOf(manifest_.base->name)), 0);
  for (const AofFileInfo& info : manifest_.increments) bytes += std::max<int64_t>(FileBytes(PathOf(info.name)), 0);
  return bytes;
}

base::Result<Aof::Found> Aof::Load(KeyspaceLoader* loader, resp::CommandSink* sink,
                                   const std::function<void(int64_t)>& progress) {
  if (auto read = ReadManifest(); !read.ok()) {
    parts_.log->Warning(read.error());
    return base::Error{read.error()};
  }
  if (auto adopted = AdoptSingleFile(); !adopted.ok()) {
    parts_.log->Warning(adopted.error());
    return base::Error{adopted.error()};
  }
  if (manifest_.empty()) return Found::kNothing;
  const int64_t start_ms = parts_.clock->UnixMs();
  if (manifest_.base.has_value()) {
    if (auto loaded = LoadOne(*manifest_.base, manifest_.increments.empty(), loader, sink, progress); !loaded.ok()) return base::Error{loaded.error()};
    base_bytes_ = std::max<int64_t>(FileBytes(PathOf(manifest_.base->name)), 0);
  }
  for (size_t i = 0; i < manifest_.increments.size(); ++i) {
    // The machine may have gone down with the end of one not yet on disk, and the next,
    // begun by a rewrite, still empty.
    const bool last = std::all_of(manifest_.increments.begin() + static_cast<std::ptrdiff_t>(i) + 1, manifest_.increments.end(),
                                  [this](const AofFileInfo& later) { return FileBytes(PathOf(later.name)) == 0; });
    if (auto loaded = LoadOne(manifest_.increments[i], last, loader, sink, progress); !loaded.ok()) return base::Error{loaded.error()};
  }
  parts_.log->Logf(base::LogLevel::kNotice, "DB loaded from append only file: %.3f seconds",
                   static_cast<double>(parts_.clock->UnixMs() - start_ms) / 1000);
  return Found::kLoaded;
}

base::Result<void> Aof::LoadOne(const AofFileInfo& info, bool last, KeyspaceLoader* loader, resp::CommandSink* sink,
                                const std::function<void(int64_t)>& progress) {
  const int64_t start_ms = parts_.clock->UnixMs();
  const bool is_base = manifest_.base.has_value() && info.name == manifest_.base->name;
  const std::string path = PathOf(info.name);
  const AofReplay replay = ReplayAofFile(path, loader, sink, progress);
  auto fatal = [this](const std::string& text) -> base::Result<void> {
    parts_.log->Warning(text);
    return base::Error{text};
  };
  if (replay.verdict == AofVerdict::kUnreadable) {
    return fatal("Fatal error: can't open the append log file " + info.name + " for reading: " + replay.reason);
  }
  if (replay.verdict == AofVerdict::kTruncated && last && parts_.settings->load_truncated) {
    parts_.log->Warning("!!! Warning: short read while loading the AOF file " + info.name + "!!!");
    parts_.log->Warning("!!! Truncating the AOF " + info.name + " at offset " + std::to_string(replay.valid_bytes) + " !!!");
    if (::truncate(path.c_str(), replay.valid_bytes) != 0) {
      return fatal("Error truncating the AOF file " + info.name + ": " + std::strerror(errno));
    }
    parts_.log->Warning("AOF " + info.name + " loaded anyway because aof-load-truncated is enabled");
  } else if (replay.verdict == AofVerdict::kTruncated) {
    return fatal("Unexpected end of file reading the append only file " + info.name +
                 ". You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) "
                 "Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.");
  } else if (replay.verdict == AofVerdict::kCorrupt) {
    parts_.log->Warning(replay.reason + ", in " + info.name + " at offset " + std::to_string(replay.failed_at));
    return fatal("Bad file format reading the append only file " + info.name +
                 ": make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>");
  }
  if (replay.filler_bytes > 0 && ::truncate(path.c_str(), replay.valid_bytes) != 0) {
    return fatal("Error truncating the AOF file " + info.name + ": " + std::strerror(errno));
  }
  parts_.log->Logf(base::LogLevel::kNotice, "DB loaded from %s file %s: %.3f seconds", is_base ? "base" : "incr",
                   info.name.c_str(), static_cast<double>(parts_.clock->UnixMs() - start_ms) / 1000);
  return {};
}

// A process that was killed leaves what it wrote with the kernel. What comes from now on
// must not be on disk before it.
base::Result<void> Aof::SyncWhatWasLoaded() const {
  for (const AofFileInfo& info : manifest_.increments) {
    const int fd = ::open(PathOf(info.name).c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fdatasync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!synced) return base::Error{"Can't fsync the append-only file " + info.name + ": " + std::strerror(error)};
  }
  return {};
}

base::Result<void> Aof::OpenAtStart() {
  if (::mkdir(Folder().c_str(), 0755) != 0 && errno != EEXIST) {
    return base::Error{"Can't open or create append-only dir " + parts_.settings->log_folder + ": " + std::strerror(errno)};
  }
  const std::string prefix = parts_.settings->file_name + ".";
  if (!manifest_.base.has_value() && manifest_.increments.empty()) {
    AofFileInfo base{prefix + "1.base.rdb", 1};
    parts_.log->Notice("Creating AOF base file " + base.name + " on server start");
    auto stream = RdbStream::Start(parts_.saves->engine(), parts_.saves->StreamOptions(true));
    if (stream == nullptr) return base::Error{"too many snapshots are under way"};
    BackgroundFile file(parts_.worker, parts_.post, Folder() + "/temp-" + base.name);
    constexpr int64_t kStepUs = 10000;
    while (stream->Step(kStepUs) == snapshot::SnapshotState::kRunning) file.Append(stream->Take());
    if (stream->state() == snapshot::SnapshotState::kAborted) return base::Error{std::string(stream->abort_reason())};
    file.Append(stream->Take());
    auto written = file.FinishNow(PathOf(base.name));
    if (!written.ok()) return base::Error{written.error()};
    base_bytes_ = *written;
    manifest_.base = base;
  }
  if (manifest_.increments.empty()) {
    AofFileInfo increment{prefix + std::to_string(manifest_.NextIncrement()) + ".incr.aof", manifest_.NextIncrement()};
    parts_.log->Notice("Creating AOF incr file " + increment.name + " on server start");
    manifest_.increments.push_back(increment);
    if (auto opened = OpenIncrement(increment.name, /*create=*/true); !opened.ok()) return opened;
    if (auto written = WriteManifest(); !written.ok()) return written;
  } else {
    if (auto synced = SyncWhatWasLoaded(); !synced.ok()) return synced;
    const AofFileInfo& increment = manifest_.increments.back();
    parts_.log->Notice("Opening AOF incr file " + increment.name + " on server start");
    if (auto opened = OpenIncrement(increment.name, /*create=*/false); !opened.ok()) return opened;
  }
  current_bytes_ = BytesToLoad();
  enabled_ = true;
  base_stands_ = true;
  DeleteHistory();
  return {};
}

}  // namespace windlass::persistence
