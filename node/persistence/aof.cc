// Writing the append-only log and its life cycle; aof_rewrite.cc makes bases,
// aof_start.cc loads. Log lines are in the words that tools look for.
#include "node/persistence/aof.h"

#include <unistd.h>

#include <utility>

#include "node/persistence/aof_parts.h"
#include "node/persistence/log_batch.h"

namespace windlass::persistence {
namespace {

constexpr int64_t kSlowFsyncMs = 2000;
// More than this is not gathered: it goes to the kernel within the turn.
constexpr size_t kGatheredBytes = 4 << 20;

}  // namespace

Aof::Aof(Parts parts) : parts_(std::move(parts)), alive_(std::make_shared<bool>(true)) {}

Aof::~Aof() {
  if (enabled_) FlushAndSync();
}

void Aof::Append(int db, std::string_view commands) {
  if (!enabled_) return;
  const size_t before = buffer_.size();
  if (db != selected_db_) {
    const std::string digits = std::to_string(db);
    const std::string_view words[] = {"SELECT", digits};
    resp::EncodeCommand(words, &buffer_);
    selected_db_ = db;
  }
  buffer_.append(commands);
  ++gathered_;
  appended_ += static_cast<int64_t>(buffer_.size() - before);
  if (buffer_.size() > kGatheredBytes && parts_.settings->fsync != FsyncPolicy::kAlways && last_write_ok_ && !helper_writes_) {
    WriteHere();
  }
}

void Aof::EndOfTurn() {
  if (!enabled_ || !last_write_ok_) return;  // a failed write is retried once a second
  if (parts_.settings->fsync == FsyncPolicy::kAlways) {
    // Also without anything new: the policy may have been another one a moment ago.
    if (helper_busy_ || synced_ >= appended_) return;
    if (MoreIsAwaited()) return;
    if (LoopMayCommit()) {
      CommitHere();
    } else {
      WriteAndSyncInHelper();
    }
    return;
  }
  if (buffer_.empty() || helper_writes_) return;  // the policy was `always` until now: in order
  // Also while an fsync runs: what is answered must be with the kernel, or it would go
  // with the process.
  WriteHere();
}

bool Aof::MoreIsAwaited() {
  if (!parts_.wake_after || gathered_ == 0) return false;
  const int64_t now_us = parts_.clock->MonotonicUs();
  const int64_t left_us = delay_.LeftUs(gathered_, now_us);
  if (left_us == 0) return false;
  if (wake_at_us_ != now_us + left_us) parts_.wake_after(left_us);
  wake_at_us_ = now_us + left_us;
  return true;
}

void Aof::WriteHere() {
  if (buffer_.empty()) return;
  if (write_delay_us_ > 0) ::usleep(static_cast<useconds_t>(write_delay_us_));
  if (const std::string error = file_->Append(buffer_); !error.empty()) return WriteFailed(error);
  WriteSucceeded(static_cast<int64_t>(buffer_.size()));
  buffer_.clear();
  if (buffer_.capacity() > 2 * kGatheredBytes) std::string().swap(buffer_);
  gathered_ = 0;
}

void Aof::WriteSucceeded(int64_t bytes) {
  written_ += bytes;
  current_bytes_ += bytes;
  if (hole_end_ >= 0) return;
  if (!last_write_ok_) parts_.log->Warning("AOF write error looks solved, Redis can write again.");
  last_write_ok_ = true;
}

void Aof::WriteFailed(const std::string& error) {
  if (last_write_ok_ || error != write_error_) parts_.log->Warning("Error writing to the AOF file: " + error);
  last_write_ok_ = false;
  write_error_ = error;
}

// A base that is being written would keep the disk busy just when the loop waits for it;
// and what ended an increment has to be on disk before what follows.
bool Aof::LoopMayCommit() const {
  const bool disk_is_ours = ends_with_helper_ == 0 && !rewriting() && !parts_.saves->in_progress();
  return parts_.commands && disk_is_ours && buffer_.size() <= kLargestBatch && write_delay_us_ == 0 &&
         loop_commits_.Allowed(gathered_, parts_.commands() - commands_then_, parts_.clock->MonotonicUs());
}

bool Aof::IsWrittenAhead() const {
  const WriteAhead setting = parts_.settings->write_ahead;
  return setting == WriteAhead::kYes || (setting == WriteAhead::kWhereItPays && ahead_choice_.Pays(parts_.clock->MonotonicUs()));
}

void Aof::BatchGoes() {
  if (parts_.commands) commands_then_ = parts_.commands();
  delay_.OnBegun(gathered_);
  ahead_choice_.OnBatch(gathered_, parts_.clock->MonotonicUs());
}

void Aof::CommitHere() {
  BatchGoes();
  const int64_t begin_us = parts_.clock->MonotonicUs();
  std::string error = file_->Commit(buffer_, IsWrittenAhead());
  const int64_t now_us = parts_.clock->MonotonicUs();
  loop_commits_.OnCommitted(now_us - begin_us, now_us);
  if (!error.empty()) return WriteFailed(error);
  WriteSucceeded(static_cast<int64_t>(buffer_.size()));
  Synced(written_);
  buffer_.clear();
  delay_.OnSynced(gathered_, 0, now_us - begin_us, now_us);
  gathered_ = 0;
}

void Aof::WriteAndSyncInHelper() {
  BatchGoes();
  helper_busy_ = true;
  helper_writes_ = true;
  std::string batch = std::exchange(buffer_, std::string());
  const int64_t gathered = std::exchange(gathered_, 0);
  const int64_t begin_us = parts_.clock->MonotonicUs();
  // Not written_ when it is done: what the loop writes meanwhile to an increment that
  // ends is made durable by itself.
  const int64_t up_to = written_ + static_cast<int64_t>(batch.size());
  batch_failed_ = std::make_shared<std::atomic<bool>>(false);
  parts_.worker->Run([this, alive = std::weak_ptr<bool>(alive_), file = file_, batch = std::move(batch), failed = batch_failed_,
                       up_to, gathered, begin_us, post = parts_.post, clock = parts_.clock, delay = write_delay_us_,
                       ahead = IsWrittenAhead()]() mutable {
    if (delay > 0) ::usleep(static_cast<useconds_t>(delay));
    const int64_t commit_us = clock->MonotonicUs();
    std::string error = file->Commit(batch, ahead);
    const int64_t took_us = clock->MonotonicUs() - commit_us;
    *failed = !error.empty();
    post([this, alive, up_to, gathered, begin_us, took_us, batch = std::move(batch), error = std::move(error)]() mutable {
      if (alive.expired()) return;
      helper_busy_ = false;
      helper_writes_ = false;
      if (error.empty()) {
        WriteSucceeded(static_cast<int64_t>(batch.size()));
        Synced(up_to);
        const int64_t now_us = parts_.clock->MonotonicUs();
        delay_.OnSynced(gathered, gathered_, now_us - begin_us, now_us);
        loop_commits_.OnCommitted(took_us, now_us);
      } else {
        WriteFailed(error);
        gathered_ += gathered;
        buffer_.insert(0, batch);
      }
      if (on_synced_) on_synced_();
    });
  });
}

// When it no longer pays: an idle server's log ends with its last command.
void Aof::TrimInHelper() {
  helper_busy_ = true;
  helper_writes_ = true;
  parts_.worker->Run([this, alive = std::weak_ptr<bool>(alive_), file = file_, post = parts_.post] {
    const std::string error = file->Trim();
    post([this, alive, error] {
      if (alive.expired()) return;
      helper_busy_ = false;
      helper_writes_ = false;
      if (!error.empty()) parts_.log->Warning("The AOF file: " + error);
    });
  });
}

void Aof::Synced(int64_t up_to) {
  if (hole_end_ < 0) synced_ = std::max(synced_, up_to);
}

// Pages that could not be written may count as clean from then on: another fsync that
// says "done" proves nothing. Only a new base does.
void Aof::LoseWhatWasWritten(const std::string& error) {
  hole_end_ = std::max(hole_end_, written_);
  rewrite_scheduled_ = true;
  WriteFailed(error);
}

// The increment that ends is fsynced before anything of the next one is, whatever the
// helper is busy with.
void Aof::SyncTheEnd() {
  if (parts_.settings->fsync == FsyncPolicy::kNever) return;
  ++ends_with_helper_;
  parts_.worker->Run([this, alive = std::weak_ptr<bool>(alive_), file = file_, up_to = appended_, post = parts_.post] {
    const std::string error = file->Sync();
    post([this, alive, up_to, error] {
      if (alive.expired()) return;
      --ends_with_helper_;
      if (error.empty()) {
        Synced(up_to);
      } else {
        LoseWhatWasWritten(error);
      }
      if (on_synced_) on_synced_();
    });
  });
}

void Aof::NoteSlowFsync() {
  if (!helper_busy_ || slow_fsync_told_ || parts_.clock->UnixMs() - sync_since_ms_ < kSlowFsyncMs) return;
  slow_fsync_told_ = true;
  ++delayed_fsyncs_;
  parts_.log->Notice("Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for "
                     "fsync to complete, this may slow down Redis.");
}

void Aof::SyncInHelper() {
  if (helper_busy_) return NoteSlowFsync();
  if (synced_ == written_) return;
  helper_busy_ = true;
  slow_fsync_told_ = false;
  sync_since_ms_ = parts_.clock->UnixMs();
  parts_.worker->Run([this, alive = std::weak_ptr<bool>(alive_), file = file_, up_to = written_, post = parts_.post] {
    const std::string error = file->Sync();
    post([this, alive, up_to, error] {
      if (alive.expired()) return;
      helper_busy_ = false;
      if (error.empty()) {
        Synced(up_to);
      } else {
        LoseWhatWasWritten(error);
      }
      if (on_synced_) on_synced_();
    });
  });
}

void Aof::EverySecond(bool snapshot_running) {
  if (!enabled_) return StartWhatIsDue(snapshot_running);
  if (!last_write_ok_ && !helper_busy_) {
    if (parts_.settings->fsync == FsyncPolicy::kAlways) {
      WriteAndSyncInHelper();  // also when empty: an fsync failed then
    } else {
      WriteHere();
      if (buffer_.empty() && hole_end_ < 0) WriteSucceeded(0);
    }
  } else {
    EndOfTurn();
  }
  if (!helper_busy_ && last_write_ok_ && file_ != nullptr && file_->HasFiller() && !IsWrittenAhead()) TrimInHelper();
  const bool spare_the_disk = parts_.settings->no_fsync_on_rewrite && (rewriting() || snapshot_running);
  if (parts_.settings->fsync == FsyncPolicy::kEverySecond && !spare_the_disk) SyncInHelper();
  StartWhatIsDue(snapshot_running);
}

void Aof::StartWhatIsDue(bool snapshot_running) {
  const int64_t growth = base_bytes_ > 0 ? (current_bytes_ - base_bytes_) * 100 / base_bytes_ : current_bytes_ * 100;
  const bool grown = enabled_ && parts_.settings->rewrite_percentage > 0 && current_bytes_ > parts_.settings->rewrite_min_bytes &&
                     growth >= parts_.settings->rewrite_percentage;
  const bool wait = rewrite_failures_ > 0 && parts_.clock->UnixMs() < next_rewrite_ms_;
  if ((rewrite_scheduled_ || grown) && !rewriting() && !snapshot_running && !wait) {
    if (grown) parts_.log->Notice("Starting automatic rewriting of AOF on " + std::to_string(growth) + "% growth");
    if (auto started = StartRewrite(); !started.ok()) {
      parts_.log->Warning(started.error());
      rewrite_scheduled_ = rewrite_scheduled_ || hole_end_ >= 0;
      PutOffRewriting();
    }
  }
}

void Aof::PutOffRewriting() {
  constexpr int64_t kFirstMs = 1000;
  constexpr int64_t kLongestMs = 60 * 1000;
  const int64_t wait_ms = rewrite_failures_ < 6 ? kFirstMs << rewrite_failures_ : kLongestMs;
  ++rewrite_failures_;
  next_rewrite_ms_ = parts_.clock->UnixMs() + wait_ms;
}

void Aof::FlushAndSync() {
  if (!enabled_ || file_ == nullptr) return;
  parts_.worker->Drain();
  if (BatchFailed()) parts_.log->Warning("The last commands before this could not be written to the AOF file.");
  if (!buffer_.empty()) WriteHere();
  if (const std::string error = file_->Trim(); !error.empty()) parts_.log->Warning("The AOF file: " + error);
  if (const std::string error = file_->Sync(); !error.empty()) parts_.log->Warning("Fail to fsync the AOF file: " + error);
}

bool Aof::BatchFailed() const { return batch_failed_ != nullptr && batch_failed_->load(); }

void Aof::Disable() {
  if (!enabled_) return;
  FlushAndSync();
  rewrite_.reset();
  file_.reset();
  buffer_.clear();
  gathered_ = 0;
  enabled_ = false;
  selected_db_ = -1;
  written_ = appended_;
  synced_ = appended_;
  hole_end_ = -1;
  if (on_synced_) on_synced_();
}

Aof::Report Aof::report() const {
  Report report;
  report.enabled = enabled_;
  report.rewrite_in_progress = rewriting();
  report.rewrite_scheduled = rewrite_scheduled_;
  report.last_rewrite_s = last_rewrite_s_;
  if (rewriting()) report.current_rewrite_s = parts_.clock->UnixMs() / 1000 - rewrite_started_s_;
  report.last_rewrite_ok = last_rewrite_ok_;
  report.rewrites = rewrites_;
  report.rewrite_failures = rewrite_failures_;
  report.last_write_ok = last_write_ok_;
  report.current_bytes = current_bytes_;
  report.base_bytes = base_bytes_;
  report.buffer_bytes = static_cast<int64_t>(buffer_.size());
  report.fsync_pending = helper_busy_;
  report.delayed_fsyncs = delayed_fsyncs_;
  return report;
}

}  // namespace windlass::persistence
