// See save_service.h. Log lines are in the words that tools look for.
#include "node/persistence/save_service.h"

#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

namespace windlass::persistence {
namespace {

constexpr size_t kMostInFlight = 16 << 20;   // bytes the helper thread may be behind before steps pause
constexpr size_t kTakeAt = 256 << 10;        // bytes handed over at a time
constexpr size_t kCaptureBudget = 64 << 20;  // beyond this a writer waits for the disk a little
constexpr auto kLongestWriterDelay = std::chrono::milliseconds(2);
constexpr int64_t kRetryAfterFailureS = 5;

}  // namespace

SaveService::SaveService(Parts parts)
    : parts_(std::move(parts)), last_save_unix_s_(parts_.clock->UnixMs() / 1000), alive_(std::make_shared<bool>(true)) {
  clean_dirty_ = parts_.engine->keyspace().dirty();
}

SaveService::~SaveService() = default;

std::string SaveService::FilePath() const { return parts_.settings->folder + "/" + parts_.settings->file_name; }

std::string SaveService::TemporaryPath() const {
  return parts_.settings->folder + "/temp-" + std::to_string(::getpid()) + ".rdb";
}

RdbStreamOptions SaveService::StreamOptions(bool aof_base) const {
  RdbStreamOptions options;
  options.header.server_version = parts_.settings->server_version;
  options.header.created_unix_s = NowS();
  options.header.used_memory = parts_.engine->keyspace().used_bytes();
  options.header.aof_base = aof_base;
  if (!aof_base && parts_.replication_point) options.header.replication = parts_.replication_point();
  options.writer = {parts_.settings->compress, parts_.settings->checksum};
  options.functions = *parts_.functions;
  return options;
}

base::Result<void> SaveService::SaveNow() {
  if (in_progress()) return base::Error{"Background save already in progress"};
  const uint64_t dirty = parts_.engine->keyspace().dirty();
  std::unique_ptr<RdbStream> stream = RdbStream::Start(parts_.engine, StreamOptions(false));
  if (stream == nullptr) return base::Error{"too many snapshots are under way"};
  BackgroundFile file(parts_.worker, parts_.post, TemporaryPath());
  constexpr int64_t kStepUs = 10000;
  while (stream->Step(kStepUs) == snapshot::SnapshotState::kRunning) file.Append(stream->Take());
  if (stream->state() == snapshot::SnapshotState::kAborted) return base::Error{std::string(stream->abort_reason())};
  file.Append(stream->Take());
  auto written = file.FinishNow(FilePath());
  if (!written.ok()) {
    parts_.log->Warning(written.error());
    last_ok_ = false;
    return base::Error{written.error()};
  }
  parts_.log->Notice("DB saved on disk");
  Succeeded(dirty);
  return {};
}

void SaveService::Succeeded(uint64_t dirty_at_start) {
  clean_dirty_ = dirty_at_start;
  last_save_unix_s_ = NowS();
  last_ok_ = true;
  ++saves_;
}

void SaveService::MarkClean() { clean_dirty_ = parts_.engine->keyspace().dirty(); }

base::Result<void> SaveService::StartBackground(Done done) {
  if (in_progress()) return base::Error{"Background save already in progress"};
  last_try_unix_s_ = NowS();
  RdbStreamOptions options = StreamOptions(false);
  options.after_capture = [this](size_t pending) { return AllowCapture(pending); };
  std::unique_ptr<RdbStream> stream = RdbStream::Start(parts_.engine, std::move(options));
  if (stream == nullptr) return base::Error{"Can't start a snapshot: too many are under way"};
  stream_ = std::move(stream);
  file_ = std::make_unique<BackgroundFile>(parts_.worker, parts_.post, TemporaryPath());
  done_ = std::move(done);
  scheduled_ = false;
  keyspace::Keyspace& keyspace = parts_.engine->keyspace();
  dirty_at_start_ = keyspace.dirty();
  keys_total_ = 0;
  for (int i = 0; i < keyspace.database_count(); ++i) keys_total_ += keyspace.db(i).size();
  started_unix_s_ = NowS();
  parts_.log->Logf(base::LogLevel::kNotice, "Background saving started by pid %d", static_cast<int>(::getpid()));
  return {};
}

// Called in the middle of a write: what was captured goes to the helper thread; a
// writer that is faster than the disk is slowed, by steps of at most 2 ms.
bool SaveService::AllowCapture(size_t pending) {
  if (pending >= kTakeAt) file_->Append(stream_->Take());
  if (file_->in_flight() > kCaptureBudget) std::this_thread::sleep_for(kLongestWriterDelay);
  return true;
}

bool SaveService::Step(int64_t budget_us) {
  if (stream_ == nullptr || (stream_->state() == snapshot::SnapshotState::kRunning && file_->in_flight() > kMostInFlight)) return false;
  const snapshot::SnapshotState state = stream_->Step(budget_us);
  if (state == snapshot::SnapshotState::kRunning) {
    if (stream_->pending() >= kTakeAt) file_->Append(stream_->Take());
    return true;
  }
  if (state == snapshot::SnapshotState::kAborted) {
    const std::string reason(stream_->abort_reason());
    AbortBackground(reason);
    return true;
  }
  file_->Append(stream_->Take());
  stream_.reset();
  finishing_ = true;
  file_->Finish(FilePath(), [this, alive = std::weak_ptr<bool>(alive_)](base::Result<int64_t> result) {
    if (!alive.expired()) Finished(std::move(result));
  });
  return true;
}

void SaveService::Finished(base::Result<int64_t> result) {
  finishing_ = false;
  file_.reset();
  last_duration_s_ = NowS() - started_unix_s_;
  if (result.ok()) {
    parts_.log->Notice("DB saved on disk");
    parts_.log->Notice("Background saving terminated with success");
    Succeeded(dirty_at_start_);
  } else {
    parts_.log->Warning(result.error());
    parts_.log->Warning("Background saving error");
    last_ok_ = false;
  }
  if (Done done = std::exchange(done_, nullptr)) done(result.ok());
}

// The data set was replaced under the snapshot: no failure of the disk, so the
// status stays, and the next save point or replica takes a new one.
void SaveService::AbortBackground(std::string_view reason) {
  if (stream_ == nullptr) return;
  parts_.log->Warning("Background saving terminated: " + std::string(reason));
  stream_.reset();
  file_.reset();
  if (Done done = std::exchange(done_, nullptr)) done(false);
}

void SaveService::Settle(std::string_view reason) {
  AbortBackground(reason);
  if (!finishing_) return;
  parts_.worker->Drain();
  alive_ = std::make_shared<bool>(true);  // the posted result comes too late
  finishing_ = false;
  file_.reset();
  if (Done done = std::exchange(done_, nullptr)) done(false);
}

void SaveService::Cron(bool busy) {
  if (in_progress() || busy) return;
  if (scheduled_) {
    if (auto started = StartBackground(nullptr); !started.ok()) parts_.log->Warning(started.error());
    return;
  }
  const int64_t now = NowS();
  const uint64_t changes = parts_.engine->keyspace().dirty() - clean_dirty_;
  for (const SaveSettings::Point& point : parts_.settings->points) {
    if (changes < static_cast<uint64_t>(point.changes) || now - last_save_unix_s_ <= point.seconds) continue;
    if (!last_ok_ && now - last_try_unix_s_ <= kRetryAfterFailureS) continue;
    parts_.log->Logf(base::LogLevel::kNotice, "%ld changes in %ld seconds. Saving...", static_cast<long>(point.changes),
                     static_cast<long>(point.seconds));
    if (auto started = StartBackground(nullptr); !started.ok()) parts_.log->Warning(started.error());
    return;
  }
}

SaveService::Report SaveService::report() const {
  Report report;
  report.changes_since_save = parts_.engine->keyspace().dirty() - clean_dirty_;
  report.in_progress = in_progress();
  report.last_save_unix_s = last_save_unix_s_;
  report.last_ok = last_ok_;
  report.last_duration_s = last_duration_s_;
  if (in_progress()) report.current_duration_s = NowS() - started_unix_s_;
  report.saves = saves_;
  if (in_progress()) report.keys_total = keys_total_;
  if (stream_ != nullptr) report.keys_processed = stream_->keys();
  return report;
}

}  // namespace windlass::persistence
