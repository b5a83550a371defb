// The side that follows a master: connects, shakes hands, resumes where the
// history allows it or takes a full copy, then applies the stream.
//
// The position to resume from is the ReplicationLog's own id and offset, so a
// master that is demoted, and a replica that lost its link, ask alike. Loop thread
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/log.h"
#include "node/net/connection.h"
#include "node/net/event_loop.h"
#include "node/persistence/background_file.h"
#include "node/persistence/rdb_reader.h"
#include "node/replication/replication_log.h"
#include "node/resp/command.h"
#include "node/resp/request_parser.h"

namespace windlass::replication {

class PrimarySide;

struct ReplicaSettings {
  int64_t timeout_s = 60;
  bool diskless_load = false;   // parse from the socket when there is no data to lose
  std::string master_user;
  std::string master_auth;
  int announced_port = 0;       // REPLCONF listening-port
  std::string announced_ip;     // empty: not told
  std::string bind_ip;          // source address of the link; empty: any
  std::string folder = ".";     // where a received RDB file goes
  std::string rdb_name = "dump.rdb";
  bool verify_checksum = true;
};

enum class LinkState {
  kNone,        // not following
  kConnect,     // to be connected at the next tick
  kConnecting,
  kHandshake,
  kTransfer,    // receiving or loading a full copy
  kConnected,   // applying the stream
};

// What the link needs of the server. OnCommand applies one command of the stream.
class ReplicaHost : public resp::CommandSink {
 public:
  // The command that OnCommand will get next has not come whole: `buffer` is what there is.
  virtual void OnCutCommand(const resp::RequestParser& parser, std::string_view buffer) = 0;
  virtual bool DataIsEmpty() const = 0;
  // Another master is followed from now on, or the first.
  virtual void OnFollow() = 0;
  // Everything this server holds goes; from here until EndLoading it is loading.
  virtual void BeginLoading(int64_t total_bytes) = 0;  // -1: unknown
  virtual persistence::RdbSink& LoadingSink() = 0;
  virtual void LoadingProgress(int64_t bytes_done) = 0;
  // !ok: what was loaded is part of a copy and must go.
  virtual void EndLoading(bool ok) = 0;
  // State, host or offset facts changed; also called when following begins and ends.
  virtual void OnLinkChanged() = 0;
  // How far the stream is on disk here; -1 if no append-only file is kept.
  virtual int64_t FsyncedOffset() const = 0;
};

class ReplicaSide {
 public:
  struct Parts {
    net::EventLoop* loop;
    base::Logger* log;
    ReplicationLog* history;
    PrimarySide* primary;
    ReplicaHost* host;
    base::WorkerThread* worker;
    persistence::PostToLoop post;
    const ReplicaSettings* settings;
  };
  explicit ReplicaSide(Parts parts);
  ~ReplicaSide();
  ReplicaSide(const ReplicaSide&) = delete;
  ReplicaSide& operator=(const ReplicaSide&) = delete;

  // Begins at the next tick (or at once). The data stays until a full copy arrives.
  void Follow(std::string host, int port);
  // Follows a replica of ours and tells it to be the master. `done` is called once
  // with its verdict (false: it refuses, and no link is kept), or never if something
  // else is followed first.
  void FollowSuccessor(std::string host, int port, std::function<void(bool accepted)> done);
  // Becomes a master: the history forks so that replicas of the old one may go on.
  void StopFollowing();
  // Drops the link; it is made anew (after CLIENT KILL TYPE master, a changed password).
  void Reconnect(std::string_view reason);
  // Held: the link is given up and not made anew until this is undone; whom it
  // follows does not change.
  void SetHeld(bool held);
  // Mute: the link goes on, but nothing is acknowledged by it, nor by a new one.
  void SetMute(bool mute);
  // This node's id in the cluster, told to the master by the next handshake.
  void SetNodeId(std::string id) { node_id_ = std::move(id); }
  bool held() const { return held_; }
  void EverySecond();

  bool following() const { return state_ != LinkState::kNone; }
  const std::string& host() const { return host_; }
  int port() const { return port_; }
  LinkState state() const { return state_; }
  bool link_up() const { return state_ == LinkState::kConnected; }
  // Unix ms since when there is no link, 0 while it is up.
  int64_t down_since_ms() const { return down_since_ms_; }
  // Unix ms of the last byte from the master; 0: never.
  int64_t last_io_ms() const { return last_io_ms_; }
  struct TransferReport {
    bool active = false;
    int64_t total_bytes = -1;  // -1: unknown
    int64_t done_bytes = 0;
  };
  TransferReport transfer() const;
  int64_t offset() const { return parts_.history->offset(); }
  // False from the moment a full copy begins to replace the data until it is there
  // whole; also when it never came.
  bool data_is_whole() const { return data_is_whole_; }
  // The database the stream has selected: saved with an RDB, restored with it.
  int stream_db() const { return stream_db_; }
  void RestoreStreamDb(int db) { stream_db_ = db < 0 ? 0 : db; }
  // Whether data of a master's history was ever held since this process began.
  bool ever_synchronized() const { return ever_synchronized_; }
  // "ip:port" of the link's two ends, empty where there is none.
  std::string LinkPeerAddress() const;
  std::string LinkLocalAddress() const;
  // All bytes of all links to masters, ever.
  struct Traffic {
    uint64_t in = 0;
    uint64_t out = 0;
  };
  Traffic traffic() const;
  // Whether the stream of any master was applied since this process began.
  bool ever_linked() const { return ever_linked_; }

 private:
  class LinkHandler;
  struct Transfer;
  enum class Step { kPing, kAuth, kPort, kIp, kCapability, kPsync };

  // --- the link.
  void Enter(LinkState state);
  void ConnectNow();
  void OnConnected(base::Result<std::unique_ptr<net::Connection>> connected);
  void Lose(std::string_view reason);
  void CloseLink();
  size_t OnLinkBytes(std::string_view bytes);
  void CheckTimeouts();

  // --- the handshake: one question at a time.
  void SendWords(std::span<const std::string_view> words);
  void Ask(Step step);
  void AskPsync();
  // The successor's verdict; false: it refused.
  bool SuccessorAnswered(std::string_view line);
  size_t OnHandshakeBytes(std::string_view bytes);
  // These return false when the link was lost over it.
  bool OnHandshakeLine(std::string_view line);
  bool OnPsyncLine(std::string_view line);
  bool OnFullResync(std::string_view rest);
  bool OnContinue(std::string_view rest);
  void BecomeConnected();

  // --- the full copy.
  size_t OnTransferBytes(std::string_view bytes);
  bool OnTransferHeader(std::string_view line);
  bool TakePayload(std::string_view payload);
  void PayloadComplete();
  bool MasterCameBackEmpty() const;
  void BeginLoading();
  void LoadFileStep();
  void FinishTransfer();
  void AbortTransfer();

  // --- the stream.
  size_t OnStreamBytes(std::string_view bytes);
  void TakeCutCommand(std::string_view buffer);
  void Apply(std::span<const std::string_view> args, std::string_view raw);
  void RunOne(std::span<const std::string_view> args);
  void RunQueued();
  void SendAck();

  int64_t NowMs() const { return parts_.loop->NowMs(); }
  std::string Peer() const { return host_ + ":" + std::to_string(port_); }

  Parts parts_;
  LinkState state_ = LinkState::kNone;
  Step step_ = Step::kPing;
  std::string host_;
  std::string node_id_;
  int port_ = 0;
  std::unique_ptr<LinkHandler> handler_;
  std::unique_ptr<net::Connection> connection_;
  Traffic closed_traffic_;  // of earlier links
  uint64_t attempt_ = 0;  // an answer to an older connect attempt is dropped
  int64_t down_since_ms_ = 0;
  int64_t last_io_ms_ = 0;
  bool ever_synchronized_ = false;
  bool data_is_whole_ = true;
  bool held_ = false;
  bool mute_ = false;
  std::function<void(bool)> successor_done_;  // set: the next PSYNC tells the peer to be the master
  int successor_asked_ = 0;                   // how often it was told
  bool ever_linked_ = false;

  std::unique_ptr<Transfer> transfer_;  // set iff state_ is kTransfer

  resp::RequestParser parser_;
  std::vector<std::string_view> args_;
  int stream_db_ = 0;
  bool in_multi_ = false;
  std::vector<std::vector<std::string>> queued_;
  std::string uncounted_;  // raw bytes of an open MULTI: they count once it is applied
  std::shared_ptr<bool> alive_;
};

}  // namespace windlass::replication
