// See rdb_stream.h. Entries come out of order, so a database may be selected
// several times in one file; readers take that as it comes.
#include "node/persistence/rdb_stream.h"

#include <utility>

#include "node/base/clock.h"

namespace windlass::persistence {

std::unique_ptr<RdbStream> RdbStream::Start(snapshot::Engine* engine, RdbStreamOptions options) {
  std::unique_ptr<RdbStream> stream(new RdbStream(std::move(options)));
  if (stream->options_.keys) {
    stream->snapshot_ = engine->StartWhole(stream.get());
    if (stream->snapshot_ == nullptr) return nullptr;
  }
  keyspace::Keyspace& keyspace = engine->keyspace();
  for (int i = 0; i < keyspace.database_count(); ++i) {
    stream->sizes_.push_back({keyspace.db(i).size(), keyspace.db(i).expires_size()});
  }
  stream->writer_.Begin(stream->options_.header);
  for (const std::string& code : stream->options_.functions) stream->writer_.Function(code);
  return stream;
}

RdbStream::RdbStream(RdbStreamOptions options) : options_(std::move(options)), writer_(options_.writer) {}

RdbStream::~RdbStream() = default;

snapshot::SnapshotState RdbStream::Step(int64_t budget_us) {
  // A large value comes in pieces, a few a step.
  constexpr size_t kPieceBytes = 16 << 10;
  if (writer_.open()) {
    const base::SystemClock clock;
    const int64_t end_us = clock.MonotonicUs() + budget_us;
    while (writer_.Continue(kPieceBytes)) {
      if (clock.MonotonicUs() >= end_us) return state();
    }
  } else if (snapshot_ != nullptr) {
    snapshot_->Step(budget_us);
  }
  const bool walked = snapshot_ == nullptr || snapshot_->state() == snapshot::SnapshotState::kDone;
  if (walked && !writer_.open() && !ended_) {
    ended_ = true;
    writer_.End();
  }
  return state();
}

bool RdbStream::AfterCapture() { return !options_.after_capture || options_.after_capture(writer_.pending()); }

void RdbStream::OnEntry(int db, slot::SlotId slot, const keyspace::Entry& entry) {
  if (db != current_db_) {
    DbSize& size = sizes_[static_cast<size_t>(db)];
    writer_.SelectDb(db);
    if (!std::exchange(size.announced, true)) writer_.ResizeDb(size.keys, size.expires);
    current_db_ = db;
  }
  writer_.BeginEntry(entry);
}

}  // namespace windlass::persistence
