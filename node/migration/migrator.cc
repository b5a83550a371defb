// Transfers over kept connections. See migrator.h.
#include "node/migration/migrator.h"

#include <algorithm>
#include <utility>

#include "node/base/clock.h"
#include "node/net/connection.h"
#include "node/persistence/dump_stream.h"

namespace windlass::migration {
namespace {

constexpr int64_t kMayTellLookMs = 5;  // how often it is asked whether results may be told
constexpr int64_t kIdleLifeMs = 10000;
constexpr size_t kMaxIdle = 64;
constexpr int64_t kCleanupMs = 1000;
// A reply line is +OK or an error; anything longer than this is not a server.
constexpr size_t kMaxReplyLine = 64 * 1024;
constexpr int64_t kStepUs = 500;          // of a large value, a turn
constexpr size_t kLookBytes = 16 << 10;   // of it between two looks at the clock
constexpr size_t kUnsentBytes = 1 << 20;  // the value waits for the target beyond this

std::string AddressOf(const Target& target) {
  return target.host + ":" + std::to_string(target.port);
}

}  // namespace

// A connection without a transfer. What it says or that it closed is noticed:
// it is then not used again.
struct Migrator::Idle final : net::ByteHandler {
  size_t OnBytes(net::Connection& from, std::string_view bytes) override {
    from.Close();
    return bytes.size();
  }
  void OnClosed(net::Connection&, std::string_view) override {}

  std::string address;
  int db = -1;  // selected; -1: unknown
  int64_t idle_since_ms = 0;
  std::unique_ptr<net::Connection> connection;
};

class Migrator::Session final : public net::ByteHandler {
 public:
  Session(Migrator* owner, Transfer work, OnDone on_done)
      : owner_(owner), transfer_(std::move(work)), done_(std::move(on_done)) {
    outcome_.delivered.assign(transfer_.items.size(), false);
    has_streams_ = std::any_of(transfer_.items.begin(), transfer_.items.end(),
                               [](const Item& item) { return item.stream != nullptr; });
    began_us_ = owner_->loop_->MonotonicUs();
    NoteProgress();
  }
  ~Session() override {
    *alive_ = false;
    if (timer_ != 0) owner_->loop_->Cancel(timer_);
    if (pump_timer_ != 0) owner_->loop_->Cancel(pump_timer_);
  }

  void Begin() {
    // A large value is read once: it cannot be sent again if a kept connection proves closed.
    std::unique_ptr<Idle> kept = has_streams_ ? nullptr : owner_->TakeIdle(AddressOf(transfer_.target));
    if (kept != nullptr) {
      reused_ = true;
      db_ = kept->db;
      Attach(std::move(kept->connection));
      owner_->loop_->DeleteLater(std::move(kept));
    } else {
      ConnectAnew();
    }
    ArmTimer();
  }

  size_t OnBytes(net::Connection&, std::string_view bytes) override {
    NoteProgress();
    size_t used = 0;
    while (!finished_) {
      const size_t end = bytes.find("\r\n", used);
      if (end == std::string_view::npos) {
        if (bytes.size() - used > kMaxReplyLine) Fail(ReadError());
        break;
      }
      OnReply(bytes.substr(used, end - used));
      used = end + 2;
    }
    return used;
  }
  void OnWritable(net::Connection&) override {
    NoteProgress();
    if (pump_timer_ == 0) Pump();
  }

  void OnClosed(net::Connection&, std::string_view) override {
    if (finished_) return;
    // A kept connection may have been closed by the target meanwhile: nothing of
    // this transfer was answered, so one on a fresh connection is the first.
    if (reused_ && replies_ == 0) {
      reused_ = false;
      owner_->loop_->DeleteLater(std::move(connection_));
      return ConnectAnew();
    }
    Fail(ReadError());
  }

  Transfer& transfer() { return transfer_; }
  TransferOutcome TakeOutcome() { return std::move(outcome_); }
  OnDone TakeDone() { return std::move(done_); }
  // For the next transfer, or null if it cannot be used again.
  std::unique_ptr<Idle> TakeConnection() {
    if (broken_ || connection_ == nullptr || connection_->closed()) return nullptr;
    auto idle = std::make_unique<Idle>();
    idle->address = AddressOf(transfer_.target);
    idle->db = db_;
    idle->connection = std::move(connection_);
    idle->connection->SetHandler(idle.get());
    return idle;
  }

 private:
  static std::string ReadError() { return "IOERR error or timeout reading to target instance"; }
  static std::string WriteError() { return "IOERR error or timeout writing to target instance"; }

  void ConnectAnew() {
    net::ConnectOptions options;
    options.host = transfer_.target.host;
    options.port = transfer_.target.port;
    options.timeout_ms = transfer_.timeout_ms;
    net::Connection::Connect(
        owner_->loop_, options,
        [this, alive = alive_](base::Result<std::unique_ptr<net::Connection>> made) {
          if (!*alive) return;
          if (!made.ok()) {
            broken_ = true;
            return Fail(WriteError());
          }
          NoteProgress();
          db_ = 0;
          Attach(std::move(*made));
        });
  }

  void Attach(std::unique_ptr<net::Connection> made) {
    connection_ = std::move(made);
    connection_->SetNoDelay(true);
    connection_->SetHandler(this);
    connection_->Write(EncodeHeads(transfer_, db_ != transfer_.target.db, &heads_));
    next_item_ = 0;
    Pump();
  }

  // Sends what is ready; a large value as far as the target takes it and one turn allows.
  void Pump() {
    const int64_t end_us = clock_.MonotonicUs() + kStepUs;
    std::string out;
    while (!finished_ && next_item_ < transfer_.items.size()) {
      const Item& item = transfer_.items[next_item_];
      out.clear();
      if (item.stream == nullptr) {
        AppendItemHead(transfer_, item, item.ttl_ms, item.payload.size(), &out);
        out.append(item.payload);
        AppendItemTail(transfer_, &out);
        ++next_item_;
      } else {
        if (item.stream->broken()) return Fail(kChanged);
        if (connection_->pending_output() > kUnsentBytes) break;
        if (StepStream(item, &out)) ++next_item_;
        NoteProgress();
      }
      connection_->Write(out);
      if (item.stream != nullptr && clock_.MonotonicUs() >= end_us) break;
    }
    if (!finished_ && next_item_ < transfer_.items.size()) PumpLater();
  }

  // True: the item is whole.
  bool StepStream(const Item& item, std::string* out) {
    persistence::DumpStream& stream = *item.stream;
    if (!stream.measured()) {
      if (!stream.Measure(kLookBytes)) return false;
      const int64_t passed_ms = (owner_->loop_->MonotonicUs() - began_us_) / 1000;
      const int64_t ttl_ms = item.ttl_ms == 0 ? 0 : std::max<int64_t>(1, item.ttl_ms - passed_ms);
      AppendItemHead(transfer_, item, ttl_ms, stream.size(), out);
      return false;
    }
    if (!stream.Step(kLookBytes, out)) return false;
    AppendItemTail(transfer_, out);
    return true;
  }

  // After this turn's flush. If that leaves much unsent, OnWritable will come instead.
  void PumpLater() {
    const uint64_t served = owner_->served_ ? owner_->served_() : 0;
    const bool idle = served == std::exchange(served_before_pump_, served);
    pump_timer_ = owner_->loop_->After(idle ? 0 : 1, [this] {
      pump_timer_ = 0;
      if (!finished_ && !connection_->closed() && connection_->pending_output() <= kUnsentBytes) Pump();
    });
  }

  void OnReply(std::string_view line) {
    const int index = replies_++ - heads_;
    const bool is_error = line.empty() || line[0] != '+';
    if (is_error) {
      // A refused AUTH or SELECT leaves the connection in another database.
      if (index < 0) broken_ = true;
      if (outcome_.error.empty()) {
        outcome_.error = "ERR Target instance replied with error: " +
                         std::string(line.empty() ? line : line.substr(1));
      }
    } else if (index >= 0 && !broken_) {
      outcome_.delivered[static_cast<size_t>(index)] = true;
    }
    if (index + 1 < static_cast<int>(transfer_.items.size())) return;
    if (next_item_ < transfer_.items.size()) broken_ = true;  // it was refused half sent
    if (!broken_) db_ = transfer_.target.db;
    End();
  }

  void Fail(std::string error) {
    broken_ = true;
    if (outcome_.error.empty()) outcome_.error = std::move(error);
    End();
  }

  // The owner deletes this session after the current event.
  void End() {
    if (finished_) return;
    finished_ = true;
    owner_->loop_->Post([this, alive = alive_] {
      if (*alive) owner_->Finish(this);
    });
  }

  void NoteProgress() { last_progress_us_ = owner_->loop_->MonotonicUs(); }

  void ArmTimer() {
    const int64_t idle_ms = (owner_->loop_->MonotonicUs() - last_progress_us_) / 1000;
    const int64_t left_ms = std::max<int64_t>(1, transfer_.timeout_ms - idle_ms);
    timer_ = owner_->loop_->After(left_ms, [this] { OnTimer(); });
  }

  void OnTimer() {
    timer_ = 0;
    if (finished_) return;
    const size_t unsent = connection_ == nullptr ? 0 : connection_->pending_output();
    if (unsent < last_unsent_) NoteProgress();
    last_unsent_ = unsent;
    if (owner_->loop_->MonotonicUs() - last_progress_us_ >= transfer_.timeout_ms * 1000) {
      return Fail(unsent > 0 ? WriteError() : ReadError());
    }
    ArmTimer();
  }

  static constexpr const char* kChanged = "ERR The key changed, expired or went away while it was being sent";

  Migrator* owner_;
  Transfer transfer_;
  OnDone done_;
  bool has_streams_ = false;
  base::SystemClock clock_;
  int64_t began_us_ = 0;
  size_t next_item_ = 0;  // items before it are with the connection, whole
  net::TimerId pump_timer_ = 0;
  uint64_t served_before_pump_ = 0;
  TransferOutcome outcome_;
  std::unique_ptr<net::Connection> connection_;
  int db_ = -1;
  int heads_ = 0;
  int replies_ = 0;
  bool reused_ = false;
  bool broken_ = false;
  bool finished_ = false;
  int64_t last_progress_us_ = 0;
  size_t last_unsent_ = 0;
  net::TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct Migrator::Ended {
  OnDone done;
  TransferOutcome outcome;
};

Migrator::Migrator(net::EventLoop* loop) : loop_(loop) {
  cleanup_timer_ = loop_->Every(kCleanupMs, [this] { CloseIdle(); });
}

Migrator::~Migrator() {
  *alive_ = false;
  loop_->Cancel(cleanup_timer_);
}

void Migrator::Start(Transfer transfer, OnDone done) {
  auto session = std::make_unique<Session>(this, std::move(transfer), std::move(done));
  Session* started = session.get();
  sessions_.emplace(started, std::move(session));
  started->Begin();
}

void Migrator::Finish(Session* session) {
  const auto found = sessions_.find(session);
  std::unique_ptr<Session> ended = std::move(found->second);
  sessions_.erase(found);
  if (std::unique_ptr<Idle> idle = ended->TakeConnection()) Keep(std::move(idle));
  Tell(std::make_shared<Ended>(Ended{ended->TakeDone(), ended->TakeOutcome()}));
}

void Migrator::Tell(std::shared_ptr<Ended> ended) {
  if (!may_tell_ || may_tell_()) return ended->done(std::move(ended->outcome));
  loop_->After(kMayTellLookMs, [this, alive = alive_, ended] {
    if (*alive) Tell(ended);
  });
}

void Migrator::Keep(std::unique_ptr<Idle> connection) {
  if (idle_.size() >= kMaxIdle) idle_.pop_front();
  connection->idle_since_ms = loop_->MonotonicUs() / 1000;
  idle_.push_back(std::move(connection));
}

std::unique_ptr<Migrator::Idle> Migrator::TakeIdle(const std::string& address) {
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if ((*it)->address != address || (*it)->connection->closed()) continue;
    std::unique_ptr<Idle> taken = std::move(*it);
    idle_.erase(it);
    return taken;
  }
  return nullptr;
}

void Migrator::CloseIdle() {
  const int64_t now_ms = loop_->MonotonicUs() / 1000;
  idle_.remove_if([now_ms](const std::unique_ptr<Idle>& idle) {
    return idle->connection->closed() || now_ms - idle->idle_since_ms > kIdleLifeMs;
  });
}

}  // namespace windlass::migration
