// See propagation.h.
#include "node/server/propagation.h"

#include "node/resp/command.h"

namespace windlass::server {
namespace {

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";
constexpr size_t kLargeCommand = 1 << 20;
constexpr size_t kPiece = 64 << 10;  // of it
constexpr size_t kKeptUnitBytes = 1 << 20;

}  // namespace

Propagation::Propagation(persistence::Aof* aof, replication::ReplicationLog* history, replication::PrimarySide* primary)
    : aof_(aof), history_(history), primary_(primary) {}

bool Propagation::HasReader() const { return tap_ != nullptr || aof_->enabled() || history_->has_backlog(); }

void Propagation::AppendChange(int db, std::span<const std::string_view> argv, Readers readers) {
  if (loading_) return;
  if (tap_ != nullptr) [[unlikely]] {
    tap_->OnLogged(db, argv);
    if (unit_depth_ == 0) tap_->OnUnitEnd();
  }
  Add(db, argv, readers);
}

void Propagation::Add(int db, std::span<const std::string_view> argv, Readers readers) {
  readers.aof = readers.aof && aof_->enabled();
  readers.replicas = readers.replicas && history_->has_backlog();
  if (!readers.aof && !readers.replicas) return;  // nobody keeps it
  if (unit_depth_ == 0 && resp::EncodedBytes(argv) >= kLargeCommand) return FeedInPieces(db, argv, readers);
  const size_t begin = unit_bytes_.size();
  resp::EncodeCommand(argv, &unit_bytes_);
  unit_.push_back({db, begin, unit_bytes_.size(), readers});
  if (unit_depth_ == 0) {
    ++unit_depth_;
    EndUnit();
  }
}

void Propagation::EndUnit() {
  if (--unit_depth_ > 0) return;
  if (tap_ != nullptr) [[unlikely]] tap_->OnUnitEnd();
  if (unit_.empty()) return;
  const bool several = unit_.size() > 1;
  Readers all{false, false};
  for (const Part& part : unit_) all = {all.aof || part.readers.aof, all.replicas || part.readers.replicas};
  const std::string_view bytes = unit_bytes_;
  // SELECT of the first database goes before MULTI, as Redis writes it.
  if (several) Feed(unit_.front().db, kMulti, all);
  for (const Part& part : unit_) Feed(part.db, bytes.substr(part.begin, part.end - part.begin), part.readers);
  if (several) Feed(unit_.back().db, kExec, all);
  unit_.clear();
  unit_bytes_.clear();
  if (unit_bytes_.capacity() > kKeptUnitBytes) std::string().swap(unit_bytes_);
}

// A command by itself, from where it stands: another copy of it would cost more than all
// else that is done with it.
void Propagation::FeedInPieces(int db, std::span<const std::string_view> argv, Readers readers) {
  std::string words = "*" + std::to_string(argv.size()) + "\r\n";
  for (const std::string_view arg : argv) {
    words += "$" + std::to_string(arg.size()) + "\r\n";
    if (arg.size() < kPiece) {
      words += arg;
    } else {
      Feed(db, words, readers);
      words.clear();
      for (size_t at = 0; at < arg.size(); at += kPiece) Feed(db, arg.substr(at, kPiece), readers);
    }
    words += "\r\n";
  }
  Feed(db, words, readers);
}

void Propagation::Feed(int db, std::string_view bytes, Readers readers) {
  if (readers.aof) aof_->Append(db, bytes);
  if (following_ || !readers.replicas) return;
  ForkIfPending();
  if (db != history_db_) {
    const std::string digits = std::to_string(db);
    const std::string_view words[] = {"SELECT", digits};
    scratch_.clear();
    resp::EncodeCommand(words, &scratch_);
    history_->Append(scratch_);
    history_db_ = db;
  }
  history_->Append(bytes);
}

void Propagation::AppendToHistory(std::string_view bytes) {
  ForkIfPending();
  history_->Append(bytes);
}

void Propagation::ForkIfPending() {
  if (!fork_pending_) return;
  fork_pending_ = false;
  history_->ForkHistory();
}

int64_t Propagation::EndOfTurn() {
  primary_->Pump();
  aof_->EndOfTurn();
  if (aof_->holds_replies()) return aof_->synced();
  return aof_->write_failed() ? aof_->written() : aof_->appended();
}

}  // namespace windlass::server
