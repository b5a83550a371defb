// All sessions: accepting, the limits that concern them, pausing, killing, and
// letting their replies go when the log allows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/client/registry.h"
#include "node/commands/ports.h"
#include "node/server/request_batch.h"
#include "node/server/session.h"

namespace windlass::server {

class Dispatcher;

class SessionTable final : public commands::Sessions {
 public:
  explicit SessionTable(commands::Node* node);
  ~SessionTable() override;

  void SetDispatcher(Dispatcher* dispatcher) { dispatcher_ = dispatcher; }

  // Takes an accepted descriptor.
  void Accept(int fd);
  // `hz` times a second: timeouts, pauses that end, soft output limits.
  void Cron();
  // In the turn's end, before the log is written: clients that may go on do so.
  void RunResumed();
  // In the turn's end, after it: replies covered by `released` leave, others wait;
  // those of this turn wait for what was logged up to `end`.
  void GateReplies(const ReplyGate& released, const ReplyGate& end);
  // Clients that wait for an acknowledgement beyond this offset of the history.
  size_t WaitingForAcks(int64_t acked_offset) const;
  // This server is no master any more: whether what they wrote will stay is unknown, so
  // they are disconnected rather than answered: those that wait and, with `this_turn`,
  // those that wrote in this turn, whose replies have not been looked at yet.
  void CloseUnacknowledged(bool this_turn);
  // A save of nodes.conf failed. Call before its ticket counts as released.
  void FailReplies(uint64_t ticket);
  // End of a turn: while clients hold more than maxmemory-clients, the one that holds
  // most is closed.
  void EvictClients();
  // Whether what clients hold is to be kept in sum; then sessions say when it changed.
  bool limits_client_memory() const { return max_client_memory_ != 0; }
  void NoteClientBytes(int64_t change) { client_bytes_ += change; }
  // CONFIG SET changed a limit.
  void RefreshLimits();
  void CloseAll();

  // commands::Sessions
  client::Registry& Clients() override { return registry_; }
  void Pause(commands::PauseMode mode, int64_t until_unix_ms) override;
  void Unpause() override;
  void PauseForFailover(int64_t until_unix_ms) override;
  void UnpauseForFailover() override;
  commands::PauseMode CurrentPause() const override { return pause_; }
  void Kill(client::Client& client, client::Client* by) override;
  void DisconnectPubSubOrAll() override;
  void CountTraffic() override;
  size_t ClientBytes(bool replicas) const override;
  bool Unblock(uint64_t client_id, bool with_error) override;

  // For sessions.
  commands::Node& node() { return *node_; }
  Dispatcher& dispatcher() { return *dispatcher_; }
  // Shared by all sessions: requests do not nest, a pipeline runs to its end.
  RequestBatch& batch() { return batch_; }
  int64_t now_ms() const;
  int64_t max_bulk_bytes() const { return max_bulk_bytes_; }
  int64_t query_buffer_limit() const { return query_buffer_limit_; }
  size_t smallest_output_limit() const { return smallest_output_limit_; }
  bool OverOutputLimit(client::Client& client, size_t pending);
  void OnSessionClosed(Session& session, std::string_view reason);
  void QueueResume(uint64_t id);
  void NotePaused(client::Client& client) { paused_.push_back(client.id); }
  void NoteOutput(uint64_t id) { fresh_output_.push_back(id); }
  void CloseSoon(uint64_t id, std::string_view reason);
  std::string Describe(const client::Client& client) const;

  // Set by the blocker: a blocked client's connection closed.
  using OnGone = std::function<void(client::Client&)>;
  void set_on_gone(OnGone on_gone) { on_gone_.push_back(std::move(on_gone)); }
  using UnblockFn = std::function<bool(uint64_t, bool)>;
  void set_unblock(UnblockFn unblock) { unblock_ = std::move(unblock); }

 private:
  void CountLink(observe::Stats* stats);
  Session* Find(uint64_t id);
  void RefuseOverMax(int fd);
  bool RefusedByProtectedMode(net::Connection& connection);
  void RefreshPause();
  int64_t ClientMemoryLimit() const;
  int ClassOf(const client::Client& client) const;

  commands::Node* node_;
  Dispatcher* dispatcher_ = nullptr;
  client::Registry registry_;
  std::unordered_map<uint64_t, std::unique_ptr<Session>> sessions_;
  RequestBatch batch_;
  std::vector<uint64_t> resume_;
  std::vector<uint64_t> paused_;
  std::vector<uint64_t> fresh_output_;
  std::vector<uint64_t> held_;  // sessions with replies that wait
  std::vector<OnGone> on_gone_;
  UnblockFn unblock_;
  commands::PauseMode pause_ = commands::PauseMode::kNone;
  commands::PauseMode client_pause_ = commands::PauseMode::kNone;
  int64_t client_pause_until_ms_ = 0;
  int64_t failover_pause_until_ms_ = 0;
  size_t smallest_output_limit_ = SIZE_MAX;
  // Of the loop's counters, what the statistics have had.
  uint64_t counted_writes_ = 0;
  uint64_t counted_link_in_ = 0;
  uint64_t counted_link_out_ = 0;
  uint64_t counted_turns_ = 0;
  int64_t counted_busy_us_ = 0;
  int64_t client_bytes_ = 0;  // of normal clients, as last noted; exact after a count
  const int64_t& max_client_memory_;
  const int64_t& maxmemory_;
  const int64_t& max_clients_;
  const int64_t& max_bulk_bytes_;
  const int64_t& query_buffer_limit_;
  const int64_t& timeout_s_;
  const int64_t& keepalive_s_;
  const int64_t& protected_mode_;
};

}  // namespace windlass::server
