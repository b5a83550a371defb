// The full copy: received into a file and then loaded, or parsed as it arrives.
//
// While a finished file is loaded the link is not read: what follows the copy on
// the wire is the stream, and it applies to the loaded data.
#include "node/replication/replica_transfer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "node/persistence/rdb_file.h"
#include "node/replication/primary_side.h"

namespace windlass::replication {
namespace {

constexpr size_t kLoadChunkBytes = 256 << 10;  // a file is loaded in pieces of this, one a turn
constexpr size_t kLongestEmptyCopy = 4 << 10;  // one without keys has nothing but a few words on its origin

// Whether an RDB holds neither keys nor functions.
bool HoldsNothing(std::string_view rdb) {
  class Counter final : public persistence::RdbSink {
   public:
    base::Result<void> OnEntry(persistence::RdbEntry) override { return Found(); }
    base::Result<void> OnFunction(std::string_view) override { return Found(); }

   private:
    static base::Result<void> Found() { return base::Error{"it holds something"}; }
  } counter;
  persistence::RdbReader reader({}, &counter);
  return rdb.size() < kLongestEmptyCopy && reader.Feed(rdb).ok() && reader.done();
}

}  // namespace

ReplicaSide::Transfer::~Transfer() {
  if (load_fd >= 0) ::close(load_fd);
}

size_t ReplicaSide::OnTransferBytes(std::string_view bytes) {
  size_t used = 0;
  while (!transfer_->header_seen) {
    const size_t end = bytes.find('\n', used);
    if (end == std::string_view::npos) return used;
    std::string_view line = bytes.substr(used, end - used);
    used = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && !OnTransferHeader(line)) return used;  // an empty line: not ready yet
  }
  if (transfer_->complete) return used;  // the stream waits until the copy is loaded
  std::string_view payload = bytes.substr(used);
  if (transfer_->total >= 0) {
    payload = payload.substr(0, static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(payload.size()), transfer_->total - transfer_->done)));
    transfer_->done += static_cast<int64_t>(payload.size());
    used += payload.size();
    if (!TakePayload(payload)) return used;
    if (transfer_->done == transfer_->total) PayloadComplete();
    return used;
  }
  // The master sends nothing behind the mark until this side has acknowledged.
  used = bytes.size();
  transfer_->done += static_cast<int64_t>(payload.size());
  std::string& held = transfer_->held;
  held.append(payload);
  const bool ended = held.size() >= kEndMarkSize && held.compare(held.size() - kEndMarkSize, kEndMarkSize, transfer_->end_mark) == 0;
  if (held.size() > kEndMarkSize) {
    const std::string ready = held.substr(0, held.size() - kEndMarkSize);
    held.erase(0, held.size() - kEndMarkSize);
    if (!TakePayload(ready)) return used;
  }
  if (ended) PayloadComplete();
  return used;
}

bool ReplicaSide::OnTransferHeader(std::string_view line) {
  constexpr std::string_view kMarkPrefix = "$EOF:";
  Transfer& transfer = *transfer_;
  if (line.substr(0, kMarkPrefix.size()) == kMarkPrefix && line.size() >= kMarkPrefix.size() + kEndMarkSize) {
    transfer.end_mark = line.substr(kMarkPrefix.size(), kEndMarkSize);
  } else {
    const std::string_view digits = line.substr(std::min<size_t>(1, line.size()));
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), transfer.total);
    if (line[0] != '$' || error != std::errc() || end != digits.data() + digits.size() || transfer.total < 0) {
      parts_.log->Warning(line[0] == '-' ? "MASTER aborted replication with an error: " + std::string(line.substr(1))
                                         : "Bad protocol from MASTER, the first byte is not '$' (we received '" + std::string(line) +
                                               "'), are you sure the host and port are right?");
      Lose("no copy came");
      return false;
    }
  }
  transfer.header_seen = true;
  const bool to_parser = parts_.settings->diskless_load && parts_.host->DataIsEmpty();
  const std::string target = to_parser ? "to parser" : "to disk";
  parts_.log->Notice(transfer.total < 0
                         ? "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF " + target
                         : "MASTER <-> REPLICA sync: receiving " + std::to_string(transfer.total) + " bytes from master " + target);
  if (to_parser) {
    BeginLoading();
  } else {
    transfer.file = std::make_unique<persistence::BackgroundFile>(
        parts_.worker, parts_.post, parts_.settings->folder + "/temp-" + std::to_string(::getpid()) + ".replica.rdb");
  }
  return true;
}

void ReplicaSide::BeginLoading() {
  transfer_->loading = true;
  data_is_whole_ = false;
  parts_.log->Notice("MASTER <-> REPLICA sync: Flushing old data");
  parts_.host->BeginLoading(transfer_->total);
  parts_.log->Notice("MASTER <-> REPLICA sync: Loading DB in memory");
  transfer_->reader = std::make_unique<persistence::RdbReader>(
      persistence::RdbReaderOptions{parts_.settings->verify_checksum}, &parts_.host->LoadingSink());
}

// False: the copy cannot be used and the link was given up.
bool ReplicaSide::TakePayload(std::string_view payload) {
  Transfer& transfer = *transfer_;
  if (transfer.head.size() < kLongestEmptyCopy) transfer.head.append(payload.substr(0, kLongestEmptyCopy - transfer.head.size()));
  if (transfer.file != nullptr) {
    transfer.file->Append(std::string(payload));
    return true;
  }
  const auto fed = transfer.reader->Feed(payload);
  if (!fed.ok()) {
    parts_.log->Warning("Failed trying to load the MASTER synchronization DB: " + fed.error());
    Lose("the copy cannot be loaded");
    return false;
  }
  parts_.host->LoadingProgress(transfer.done);
  return true;
}

// The same master, whose data this server has, now offers a new history in which there
// is nothing: it was restarted without its files. To follow that would destroy the last
// copy of them.
bool ReplicaSide::MasterCameBackEmpty() const {
  return ever_synchronized_ && data_is_whole_ && transfer_->id != parts_.history->id() && !parts_.host->DataIsEmpty() &&
         HoldsNothing(transfer_->head);
}

void ReplicaSide::PayloadComplete() {
  Transfer& transfer = *transfer_;
  transfer.complete = true;
  if (transfer.file == nullptr) {
    if (transfer.reader->done()) return FinishTransfer();
    parts_.log->Warning("Failed trying to load the MASTER synchronization DB: it ends too early");
    return Lose("the copy is cut short");
  }
  if (MasterCameBackEmpty()) {
    parts_.log->Warning("The master of this replica's data, " + Peer() +
                        ", has come back without any: what is here is kept, and no copy of nothing is taken. Give the master "
                        "its data back or make this server the master; REPLICAOF again follows it all the same.");
    return Lose("the master came back empty");
  }
  connection_->PauseReading();
  const std::string path = parts_.settings->folder + "/" + parts_.settings->rdb_name;
  const uint64_t attempt = attempt_;
  transfer.file->Finish(path, [this, path, attempt, alive = std::weak_ptr<bool>(alive_)](base::Result<int64_t> finished) {
    if (alive.expired() || attempt != attempt_ || transfer_ == nullptr) return;
    if (finished.ok()) transfer_->load_fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (transfer_->load_fd < 0) {
      parts_.log->Warning("Failed trying to rename the temp DB into " + path + " in MASTER <-> REPLICA synchronization" +
                          (finished.ok() ? std::string() : ": " + finished.error()));
      return Lose("the copy cannot be stored");
    }
    BeginLoading();
    LoadFileStep();
  });
}

void ReplicaSide::LoadFileStep() {
  Transfer& transfer = *transfer_;
  std::string chunk(kLoadChunkBytes, '\0');
  const ssize_t n = ::read(transfer.load_fd, chunk.data(), chunk.size());
  if (n <= 0) {
    parts_.log->Warning("Failed trying to load the MASTER synchronization DB from disk: it ends too early");
    return Lose("the copy is cut short");
  }
  const auto fed = transfer.reader->Feed(std::string_view(chunk).substr(0, static_cast<size_t>(n)));
  if (!fed.ok()) {
    parts_.log->Warning("Failed trying to load the MASTER synchronization DB from disk: " + fed.error());
    return Lose("the copy cannot be loaded");
  }
  transfer.loaded += n;
  parts_.host->LoadingProgress(transfer.loaded);
  if (transfer.reader->done()) return FinishTransfer();
  const uint64_t attempt = attempt_;
  parts_.loop->After(0, [this, attempt, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired() && attempt == attempt_ && transfer_ != nullptr) LoadFileStep();
  });
}

void ReplicaSide::FinishTransfer() {
  const std::unique_ptr<Transfer> transfer = std::move(transfer_);
  parts_.history->AdoptHistory(transfer->id, transfer->offset);
  parts_.history->CreateBacklog();
  stream_db_ = 0;
  data_is_whole_ = true;
  parts_.primary->DisconnectAll("this server's data was replaced");
  Enter(LinkState::kConnected);
  parts_.host->EndLoading(true);
  parts_.log->Notice("MASTER <-> REPLICA sync: Finished with success");
  BecomeConnected();
  if (transfer->file != nullptr) {
    // Not from within the caller: it may be the connection's own delivery.
    connection_->ResumeReading();
    const uint64_t attempt = attempt_;
    parts_.loop->After(0, [this, attempt, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired() && attempt == attempt_ && connection_ != nullptr) connection_->ResumeParsing();
    });
  }
}

void ReplicaSide::AbortTransfer() {
  const std::unique_ptr<Transfer> transfer = std::move(transfer_);
  if (transfer == nullptr || !transfer->loading) return;
  // Part of a copy is no data; the history it was to replace is gone too.
  parts_.host->EndLoading(false);
  parts_.history->FreeBacklog();
  parts_.history->StartNewHistory();
}

}  // namespace windlass::replication
