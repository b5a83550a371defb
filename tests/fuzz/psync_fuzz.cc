// Arbitrary bytes as a master that a replica follows: handshake, answers to PSYNC, full
// copies of known and unknown length, and the stream, over real sockets, in pieces and
// over up to three links. Part of a copy never passes for data, the offset grows
// by no more than came, and what the host is told is told in order.
//
// Input: options and the size of pieces, then for each link its length (two bytes,
// little-endian) and what the master sends.
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "node/base/worker_thread.h"
#include "node/net/listener.h"
#include "node/replication/primary_side.h"
#include "node/replication/replica_side.h"
#include "tests/fuzz/input.h"

namespace {

using namespace windlass;

constexpr int kMostLinks = 3;
constexpr int kMostTurns = 400;

class Host final : public replication::ReplicaHost {
 public:
  void OnCutCommand(const resp::RequestParser&, std::string_view buffer) override { Require(!loading_ && !buffer.empty()); }
  bool DataIsEmpty() const override { return keys_ == 0; }
  void OnFollow() override {}
  void BeginLoading(int64_t total) override {
    Require(!loading_ && total >= -1);
    loading_ = true;
    keys_ = 0;
  }
  persistence::RdbSink& LoadingSink() override { return sink_; }
  void LoadingProgress(int64_t done) override { Require(loading_ && done >= 0); }
  void EndLoading(bool ok) override {
    Require(loading_);
    loading_ = false;
    if (!ok) keys_ = 0;
  }
  void OnLinkChanged() override {}
  int64_t FsyncedOffset() const override { return -1; }
  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override {
    Require(!loading_ && !argv.empty() && db >= 0);
    size_t bytes = 0;
    for (const std::string_view word : argv) bytes += word.size();
    if (bytes % 7 == 0) return base::Error{"refused"};
    ++keys_;
    return {};
  }
  bool loading() const { return loading_; }

 private:
  class Sink final : public persistence::RdbSink {
   public:
    explicit Sink(Host* host) : host_(host) {}
    base::Result<void> OnEntry(persistence::RdbEntry) override {
      Require(host_->loading_);
      ++host_->keys_;
      return {};
    }

   private:
    Host* host_;
  };
  Sink sink_{this};
  bool loading_ = false;
  int64_t keys_ = 0;
};

// What outlives one input.
struct World {
  World() {
    log.SetLevel(base::LogLevel::kNothing);
    char name[] = "/tmp/psync-fuzz-XXXXXX";
    Require(::mkdtemp(name) != nullptr);
    folder = name;
    auto made = net::Listener::Tcp(&loop, "127.0.0.1", 0, 10, [this](int fd) {
      // Closed by a reset: no port is left waiting.
      const linger at_once{1, 0};
      Require(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
      accepted.push_back(fd);
    });
    Require(made.ok());
    listener = std::move(*made);
  }
  ~World() {
    ::unlink((folder + "/dump.rdb").c_str());
    ::rmdir(folder.c_str());
  }
  void CloseAll() {
    for (const int fd : accepted) ::close(fd);
    accepted.clear();
  }

  net::EventLoop loop;
  base::Logger log;
  base::WorkerThread worker;
  std::string folder;
  std::unique_ptr<net::Listener> listener;
  std::vector<int> accepted;
};

void Play(World& world, Input& input) {
  replication::ReplicaSettings settings;
  settings.diskless_load = input.Flag();
  settings.verify_checksum = input.Flag();
  if (input.Flag()) settings.master_auth = "secret";
  settings.folder = world.folder;
  const size_t piece = 1 + input.Byte() * 16;
  base::Random random(1);
  replication::ReplicationLog history(&random);
  replication::PrimarySettings primary_settings;
  replication::PrimarySide primary({&world.loop, &world.log, &history, nullptr, &random, &world.worker, &primary_settings});
  Host host;
  replication::ReplicaSide side({&world.loop, &world.log, &history, &primary, &host, &world.worker,
                                 [&world](std::function<void()> fn) { world.loop.Post(std::move(fn)); }, &settings});
  side.Follow("127.0.0.1", world.listener->port());
  for (int link = 0; link < kMostLinks && !input.empty(); ++link) {
    std::string bytes(input.Word() % 8192, '\0');
    for (char& byte : bytes) {
      if (input.empty()) {
        bytes.resize(static_cast<size_t>(&byte - bytes.data()));
        break;
      }
      byte = static_cast<char>(input.Byte());
    }
    for (int turn = 0; turn < 50 && world.accepted.empty(); ++turn) {
      if (side.state() == replication::LinkState::kConnect) side.EverySecond();
      world.loop.RunOnce(1);
    }
    if (world.accepted.empty()) break;
    const int64_t before = history.offset();
    const bool knew = history.has_backlog();
    int turns = 0;
    for (size_t at = 0; at < bytes.size() && turns < kMostTurns; at += piece, ++turns) {
      const std::string_view next = std::string_view(bytes).substr(at, piece);
      if (::send(world.accepted[0], next.data(), next.size(), MSG_NOSIGNAL) < 0) break;
      world.loop.RunOnce(0);
      if (!side.link_up()) Require(side.data_is_whole() || host.loading() || host.DataIsEmpty());
    }
    for (int turn = 0; turn < 3; ++turn) world.loop.RunOnce(0);
    world.worker.Drain();
    for (int turn = 0; turn < 3; ++turn) world.loop.RunOnce(0);
    if (knew && history.offset() > before && bytes.find("FULLRESYNC") == std::string::npos) {
      Require(history.offset() - before <= static_cast<int64_t>(bytes.size()));
    }
    Require(history.offset() >= 0);
    world.CloseAll();
    for (int turn = 0; turn < 20 && side.state() != replication::LinkState::kConnect; ++turn) world.loop.RunOnce(1);
    Require(!host.loading() || side.transfer().active);
  }
  world.CloseAll();
  side.StopFollowing();
  Require(!host.loading());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  Input input(data, size);
  Play(world, input);
  // What was left to be freed, and connects under way.
  for (int turn = 0; turn < 2; ++turn) world.loop.RunOnce(0);
  world.CloseAll();
  world.worker.Drain();
  return 0;
}
