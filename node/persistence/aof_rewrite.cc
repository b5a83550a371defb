// New bases: the snapshot begins and a new increment opens at the same instant.
// The manifest names the new increment at once (what is acknowledged must be
// found after a crash) and the new base when it is whole.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "node/base/atomic_file.h"
#include "node/persistence/aof_parts.h"
#include "node/persistence/rdb_file.h"

namespace windlass::persistence {
namespace {

constexpr size_t kMostInFlight = 16 << 20;
constexpr size_t kTakeAt = 256 << 10;

}  // namespace

base::Result<void> Aof::WriteManifest() { return base::WriteFileAtomically(ManifestPath(), manifest_.Text()); }

base::Result<std::shared_ptr<LogFile>> Aof::OpenFile(const std::string& name, bool create) {
  auto file = LogFile::Open(PathOf(name), create);
  if (!file.ok()) return base::Error{"Can't open the append-only file " + name + ": " + file.error()};
  return file;
}

void Aof::SwitchTo(std::shared_ptr<LogFile> file) {
  file_ = std::move(file);
  increment_from_ = written_;
  selected_db_ = -1;
}

base::Result<void> Aof::OpenIncrement(const std::string& name, bool create) {
  auto file = OpenFile(name, create);
  if (!file.ok()) return base::Error{file.error()};
  SwitchTo(std::move(file).value());
  return {};
}

base::Result<void> Aof::StartRewrite() {
  if (rewriting()) return base::Error{"Background append only file rewriting already in progress"};
  rewrite_scheduled_ = false;
  if (!enabled_) {
    if (auto prepared = Prepare(); !prepared.ok()) return prepared;
    return BeginRewrite(Logs::kNothing);
  }
  return BeginRewrite(Logs::kListed);
}

// Opens the next increment, if changes are logged, and starts the snapshot. Nothing
// goes to an increment that the manifest should name and does not: if it cannot be
// written (a full disk), everything stays as it was.
base::Result<void> Aof::BeginRewrite(Logs logs) {
  auto rewrite = std::make_unique<Rewrite>();
  if (enabled_ && file_ != nullptr) {
    // The old increment ends here: what belongs to it goes there first.
    parts_.worker->Drain();
    if (BatchFailed()) return base::Error{"the last write to the AOF file failed"};
    WriteHere();
    if (!buffer_.empty()) return base::Error{"Error writing to the AOF file: " + write_error_};
    SyncTheEnd();
  }
  RdbStreamOptions options = parts_.saves->StreamOptions(/*aof_base=*/true);
  Rewrite* raw = rewrite.get();
  options.after_capture = [raw](size_t pending) {
    if (pending >= kTakeAt) raw->file->Append(raw->stream->Take());
    return true;
  };
  rewrite->base.sequence = manifest_.NextBase();
  rewrite->base.name = parts_.settings->file_name + "." + std::to_string(rewrite->base.sequence) + ".base.rdb";
  AofFileInfo increment;
  increment.sequence = manifest_.NextIncrement();
  increment.name = parts_.settings->file_name + "." + std::to_string(increment.sequence) + ".incr.aof";
  rewrite->first_increment = increment.sequence;
  rewrite->from = appended_;
  rewrite->stream = RdbStream::Start(parts_.saves->engine(), std::move(options));
  if (rewrite->stream == nullptr) return base::Error{"too many snapshots are under way"};
  if (logs != Logs::kNothing) {
    auto opened = OpenFile(increment.name, /*create=*/true);
    if (!opened.ok()) return base::Error{opened.error()};
    parts_.log->Notice("Creating AOF incr file " + increment.name + " on background rewrite");
    manifest_.increments.push_back(increment);
    const auto listed = logs == Logs::kListed ? WriteManifest() : base::Result<void>();
    if (!listed.ok()) {
      manifest_.increments.pop_back();
      ::unlink(PathOf(increment.name).c_str());
      return base::Error{"Can't write the AOF manifest: " + listed.error()};
    }
    SwitchTo(std::move(opened).value());
  }
  rewrite->file = std::make_unique<BackgroundFile>(parts_.worker, parts_.post,
                                                   Folder() + "/temp-rewriteaof-bg-" + std::to_string(::getpid()) + ".aof");
  rewrite_ = std::move(rewrite);
  rewrite_started_s_ = parts_.clock->UnixMs() / 1000;
  parts_.log->Logf(base::LogLevel::kNotice, "Background append only file rewriting started by pid %d", static_cast<int>(::getpid()));
  return {};
}

bool Aof::Step(int64_t budget_us) {
  if (rewrite_ == nullptr || rewrite_->stream == nullptr || rewrite_->file->in_flight() > kMostInFlight) return false;
  const snapshot::SnapshotState state = rewrite_->stream->Step(budget_us);
  if (state == snapshot::SnapshotState::kRunning) {
    if (rewrite_->stream->pending() >= kTakeAt) rewrite_->file->Append(rewrite_->stream->Take());
    return true;
  }
  if (state == snapshot::SnapshotState::kAborted) {
    const std::string reason(rewrite_->stream->abort_reason());
    parts_.log->Warning("Background AOF rewrite terminated: " + reason);
    rewrite_.reset();
    rewrite_scheduled_ = true;  // of what is left
    return true;
  }
  rewrite_->file->Append(rewrite_->stream->Take());
  rewrite_->stream.reset();
  rewrite_->file->Finish(PathOf(rewrite_->base.name), [this, alive = std::weak_ptr<bool>(alive_)](base::Result<int64_t> result) {
    if (!alive.expired() && rewrite_ != nullptr) RewriteFinished(std::move(result));
  });
  return true;
}

void Aof::RewriteFinished(base::Result<int64_t> result) {
  const std::unique_ptr<Rewrite> rewrite = std::move(rewrite_);
  last_rewrite_s_ = parts_.clock->UnixMs() / 1000 - rewrite_started_s_;
  if (result.ok()) {
    const AofManifest before = manifest_;
    if (manifest_.base.has_value()) manifest_.history.push_back(*manifest_.base);
    manifest_.base = rewrite->base;
    while (!manifest_.increments.empty() && manifest_.increments.front().sequence < rewrite->first_increment) {
      manifest_.history.push_back(manifest_.increments.front());
      manifest_.increments.erase(manifest_.increments.begin());
    }
    if (auto written = WriteManifest(); !written.ok()) {
      manifest_ = before;
      result = base::Error{written.error()};
    }
  }
  last_rewrite_ok_ = result.ok();
  if (!result.ok()) {
    PutOffRewriting();
    rewrite_scheduled_ = rewrite_scheduled_ || hole_end_ >= 0;
    parts_.log->Warning("Background AOF rewrite terminated with error: " + result.error());
    return;
  }
  base_stands_ = enabled_;
  if (hole_end_ <= rewrite->from) hole_end_ = -1;
  rewrite_scheduled_ = rewrite_scheduled_ || hole_end_ >= 0;
  Synced(rewrite->from);
  rewrite_failures_ = 0;
  ++rewrites_;
  // Not the size of the file, which is written ahead, too.
  current_bytes_ = *result + (file_ != nullptr ? written_ - increment_from_ : 0);
  base_bytes_ = current_bytes_;
  parts_.log->Notice("Background AOF rewrite terminated with success");
  DeleteHistory();
  parts_.log->Notice("Background AOF rewrite finished successfully");
  if (on_synced_) on_synced_();
}

void Aof::DeleteHistory() {
  if (manifest_.history.empty()) return;
  std::vector<std::string> paths;
  for (const AofFileInfo& info : manifest_.history) {
    paths.push_back(PathOf(info.name));
    parts_.log->Notice("Removing the history file " + info.name + " in the background");
  }
  // Forgotten first: a file that outlives this is waste, a listed one that is gone is not.
  manifest_.history.clear();
  if (auto written = WriteManifest(); !written.ok()) parts_.log->Warning(written.error());
  parts_.worker->Run([paths] {
    for (const std::string& path : paths) ::unlink(path.c_str());
  });
}

// Folder and manifest of a log that was off.
base::Result<void> Aof::Prepare() {
  if (::mkdir(Folder().c_str(), 0755) != 0 && errno != EEXIST) {
    return base::Error{"Can't open or create append-only dir " + parts_.settings->log_folder + ": " + std::strerror(errno)};
  }
  return ReadManifest();
}

base::Result<void> Aof::Enable() {
  if (enabled_) return {};
  rewrite_.reset();  // one that was begun while the log was off lacks what is logged from now on
  if (auto prepared = Prepare(); !prepared.ok()) return prepared;
  auto begun = BeginRewrite(Logs::kUnlisted);
  if (!begun.ok()) return begun;
  // Older files are not continued by this increment: until the base stands, the
  // manifest on disk stays what it was.
  enabled_ = true;
  base_stands_ = false;
  last_write_ok_ = true;
  return {};
}

}  // namespace windlass::persistence
