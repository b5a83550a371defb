// See session_table.h.
#include "node/server/session_table.h"

#include "node/client/memory.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "node/commands/access.h"
#include "node/config/config.h"
#include "node/client/listener.h"
#include "node/net/event_loop.h"
#include "node/observe/stats.h"
#include "node/pubsub/broker.h"
#include "node/replication/replica_side.h"
#include "node/server/dispatcher.h"

namespace windlass::server {

using client::Client;
using commands::PauseMode;

SessionTable::SessionTable(commands::Node* node)
    : node_(node),
      max_client_memory_(node->config->Int("maxmemory-clients")),
      maxmemory_(node->config->Int("maxmemory")),
      max_clients_(node->config->Int("maxclients")),
      max_bulk_bytes_(node->config->Int("proto-max-bulk-len")),
      query_buffer_limit_(node->config->Int("client-query-buffer-limit")),
      timeout_s_(node->config->Int("timeout")),
      keepalive_s_(node->config->Int("tcp-keepalive")),
      protected_mode_(node->config->Int("protected-mode")) {
  RefreshLimits();
}

SessionTable::~SessionTable() { CloseAll(); }

int64_t SessionTable::now_ms() const { return node_->loop->NowMs(); }

Session* SessionTable::Find(uint64_t id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second.get();
}

// --- accepting

void SessionTable::RefuseOverMax(int fd) {
  static constexpr std::string_view kText = "-ERR max number of clients reached\r\n";
  const ssize_t n = write(fd, kText.data(), kText.size());
  (void)n;  // the best that can be done
  ++node_->stats->rejected_connections;
  close(fd);
}

bool SessionTable::RefusedByProtectedMode(net::Connection& connection) {
  if (protected_mode_ == 0 || commands::AuthenticationRequired(*node_) || connection.is_unix()) return false;
  const std::string& ip = connection.peer_ip();
  if (ip.substr(0, 4) == "127." || ip == "::1" || ip.substr(0, 11) == "::ffff:127.") return false;
  static constexpr std::string_view kText =
      "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
      "default user. In this mode connections are only accepted from the loopback interface. Set a password, or "
      "switch protected-mode off, to accept connections from other hosts.\r\n";
  const ssize_t n = write(connection.fd(), kText.data(), kText.size());
  (void)n;
  ++node_->stats->rejected_connections;
  return true;
}

void SessionTable::Accept(int fd) {
  ++node_->stats->connections_received;
  if (sessions_.size() >= static_cast<size_t>(max_clients_)) return RefuseOverMax(fd);
  auto connection = std::make_unique<net::Connection>(node_->loop, fd);
  if (RefusedByProtectedMode(*connection)) return;
  connection->SetNoDelay(true);
  if (keepalive_s_ > 0) connection->SetKeepAlive(static_cast<int>(keepalive_s_));
  const uint64_t id = registry_.NextId();
  const bool is_unix = connection->is_unix();
  auto session = std::make_unique<Session>(this, std::move(connection), id);
  Client& client = session->client();
  client.created_ms = client.last_interaction_ms = now_ms();
  commands::BecomeDefaultUser(*node_, client);
  if (is_unix) client.Set(client::kUnixSocket);
  session->RefreshLimits();
  registry_.Add(&client);
  sessions_.emplace(id, std::move(session));
  node_->stats->peak_clients = std::max(node_->stats->peak_clients, static_cast<int64_t>(sessions_.size()));
}

// --- closing

void SessionTable::OnSessionClosed(Session& session, std::string_view reason) {
  Client& client = session.client();
  for (const OnGone& on_gone : on_gone_) on_gone(client);
  registry_.Remove(client.id);
  client_bytes_ -= session.noted_bytes_;
  session.noted_bytes_ = 0;
  session.CountBytes();
  const auto it = sessions_.find(client.id);
  if (it == sessions_.end()) return;
  node_->loop->DeleteLater(std::move(it->second));
  sessions_.erase(it);
}

void SessionTable::CloseSoon(uint64_t id, std::string_view reason) {
  node_->loop->Post([this, id, text = std::string(reason)] {
    if (Session* session = Find(id)) session->Close(text);
  });
}

void SessionTable::CloseAll() {
  while (!sessions_.empty()) {
    Session& session = *sessions_.begin()->second;
    session.connection().Flush();
    if (!session.connection().closed()) session.Close("shutdown");
  }
}

void SessionTable::Kill(Client& client, Client* by) {
  Session* session = Find(client.id);
  if (session == nullptr) return;
  if (&client == by) {
    session->CloseAfterReplies();
  } else {
    client.Set(client::kCloseAfterReply);
    session->Close("killed");
  }
}

void SessionTable::DisconnectPubSubOrAll() {
  std::vector<uint64_t> ids;
  registry_.ForEach([&ids](Client& client) {
    if (!client.Has(client::kReplica | client::kMasterLink)) ids.push_back(client.id);
  });
  for (const uint64_t id : ids) CloseSoon(id, "disconnected by the server");
}

bool SessionTable::Unblock(uint64_t client_id, bool with_error) {
  return unblock_ && unblock_(client_id, with_error);
}

std::string SessionTable::Describe(const Client& client) const {
  std::string text = "id=" + std::to_string(client.id);
  if (client.transport != nullptr) text += " addr=" + client.transport->PeerAddress();
  return text + " name=" + client.name + " cmd=" + client.last_command;
}

// --- going on after a block or a pause

void SessionTable::QueueResume(uint64_t id) {
  Session* session = Find(id);
  if (session == nullptr || session->resume_queued_) return;
  session->resume_queued_ = true;
  resume_.push_back(id);
  // Queued in the very hooks that end a turn: the next turn must not sleep.
  node_->loop->Wake();
}

void SessionTable::RunResumed() {
  std::vector<uint64_t> ids;
  ids.swap(resume_);
  for (const uint64_t id : ids) {
    Session* session = Find(id);
    if (session == nullptr) continue;
    session->resume_queued_ = false;
    session->Resume();
  }
}

void SessionTable::RefreshPause() {
  const int64_t now = now_ms();
  if (client_pause_until_ms_ <= now) client_pause_ = PauseMode::kNone;
  pause_ = client_pause_;
  if (failover_pause_until_ms_ > now && pause_ == PauseMode::kNone) pause_ = PauseMode::kWrite;
  if (pause_ == PauseMode::kAll || paused_.empty()) return;
  // Those still held put themselves back on the list.
  std::vector<uint64_t> ids;
  ids.swap(paused_);
  for (const uint64_t id : ids) {
    if (Client* client = registry_.Find(id)) {
      client->Clear(client::kPaused);
      QueueResume(id);
    }
  }
}

void SessionTable::Pause(PauseMode mode, int64_t until_unix_ms) {
  // A pause never gets weaker or shorter by another.
  if (client_pause_ == PauseMode::kNone) client_pause_until_ms_ = 0;
  if (mode == PauseMode::kAll || client_pause_ == PauseMode::kNone) client_pause_ = mode;
  client_pause_until_ms_ = std::max(client_pause_until_ms_, until_unix_ms);
  RefreshPause();
  node_->loop->After(std::max<int64_t>(0, until_unix_ms - now_ms()) + 1, [this] { RefreshPause(); });
}

void SessionTable::Unpause() {
  client_pause_until_ms_ = 0;
  RefreshPause();
}

void SessionTable::PauseForFailover(int64_t until_unix_ms) {
  failover_pause_until_ms_ = until_unix_ms;
  RefreshPause();
  node_->loop->After(std::max<int64_t>(0, until_unix_ms - now_ms()) + 1, [this] { RefreshPause(); });
}

void SessionTable::UnpauseForFailover() {
  failover_pause_until_ms_ = 0;
  RefreshPause();
}

// --- replies that wait for the log or for nodes.conf

size_t SessionTable::WaitingForAcks(int64_t acked_offset) const {
  size_t count = 0;
  for (const uint64_t id : held_) {
    const auto it = sessions_.find(id);
    count += it != sessions_.end() && it->second->WaitsForAcks(acked_offset) ? 1 : 0;
  }
  return count;
}

void SessionTable::CloseUnacknowledged(bool this_turn) {
  std::vector<uint64_t> ids(held_);
  if (this_turn) ids.insert(ids.end(), fresh_output_.begin(), fresh_output_.end());
  for (const uint64_t id : ids) {
    Session* session = Find(id);
    if (session == nullptr) continue;
    const bool wrote_now = this_turn && session->client().Has(client::kWrote);
    if (!wrote_now && !session->WaitsForAcks(-1)) continue;
    session->client().Set(client::kCloseAfterReply);  // what waits in its input is not run
    session->Close("its writes were not acknowledged while this server was the master");
  }
}

void SessionTable::GateReplies(const ReplyGate& released, const ReplyGate& end) {
  size_t kept = 0;
  for (const uint64_t id : held_) {
    Session* session = Find(id);
    if (session == nullptr) continue;
    session->listed_as_held_ = session->ReleaseHeld(released);
    if (session->listed_as_held_) held_[kept++] = id;
  }
  held_.resize(kept);
  for (const uint64_t id : fresh_output_) {
    Session* session = Find(id);
    if (session == nullptr) continue;
    session->output_noted_ = false;
    if (limits_client_memory()) session->NoteMemory(session->connection().pending_input());
    if (!session->HoldFresh(released, end) || session->listed_as_held_) continue;
    session->listed_as_held_ = true;
    held_.push_back(id);
  }
  fresh_output_.clear();
}

void SessionTable::FailReplies(uint64_t ticket) {
  for (const uint64_t id : held_) {
    if (Session* session = Find(id)) session->FailReplies(ticket);
  }
}

// --- limits

int SessionTable::ClassOf(const Client& client) const {
  if (client.Has(client::kReplica)) return 1;
  return client.Has(client::kPubSub) ? 2 : 0;
}

void SessionTable::RefreshLimits() {
  smallest_output_limit_ = SIZE_MAX;
  for (int c = 0; c < 3; ++c) {
    const config::OutputLimit& limit = node_->config->Output(c);
    for (const int64_t bytes : {limit.hard_bytes, limit.soft_bytes}) {
      if (bytes > 0) smallest_output_limit_ = std::min(smallest_output_limit_, static_cast<size_t>(bytes));
    }
  }
  for (const auto& [id, session] : sessions_) session->RefreshLimits();
}

bool SessionTable::OverOutputLimit(Client& client, size_t pending) {
  const config::OutputLimit& limit = node_->config->Output(ClassOf(client));
  if (limit.hard_bytes > 0 && pending >= static_cast<size_t>(limit.hard_bytes)) return true;
  if (limit.soft_bytes == 0 || pending < static_cast<size_t>(limit.soft_bytes)) {
    client.output_soft_since_ms = 0;
    return false;
  }
  const uint64_t now = static_cast<uint64_t>(now_ms());
  if (client.output_soft_since_ms == 0) client.output_soft_since_ms = now;
  return now - client.output_soft_since_ms > static_cast<uint64_t>(limit.soft_seconds) * 1000;
}

void SessionTable::Cron() {
  RefreshPause();
  const int64_t now = now_ms();
  for (const auto& [id, session] : sessions_) {
    Client& client = session->client();
    if (session->connection().pending_output() > 0) session->OutputChanged();
    if (timeout_s_ > 0 && !client.Has(client::kReplica | client::kMasterLink | client::kBlocked | client::kPubSub | client::kMonitor | client::kImporting) &&
        now - client.last_interaction_ms > timeout_s_ * 1000) {
      node_->log->Verbose("Closing idle client");
      CloseSoon(id, "idle");
    }
  }
}

// The link to this server's master is no session.
void SessionTable::CountLink(observe::Stats* stats) {
  const replication::ReplicaSide::Traffic now = node_->replica_side->traffic();
  const uint64_t in = now.in - std::exchange(counted_link_in_, now.in);
  const uint64_t out = now.out - std::exchange(counted_link_out_, now.out);
  stats->net_input_bytes += in;
  stats->net_repl_input_bytes += in;
  stats->net_output_bytes += out;
  stats->net_repl_output_bytes += out;
}

void SessionTable::CountTraffic() {
  for (const auto& [id, session] : sessions_) session->CountBytes();
  const net::EventLoop& loop = *node_->loop;
  observe::Stats& stats = *node_->stats;
  CountLink(&stats);
  stats.writes_processed += loop.writes() - std::exchange(counted_writes_, loop.writes());
  stats.loop_turns += loop.turns() - std::exchange(counted_turns_, loop.turns());
  stats.loop_busy_us += loop.busy_us() - std::exchange(counted_busy_us_, loop.busy_us());
}

size_t SessionTable::ClientBytes(bool replicas) const {
  size_t bytes = 0;
  for (const auto& [id, session] : sessions_) {
    if (session->client().Has(client::kReplica) == replicas) bytes += client::MemoryBytes(session->client());
  }
  return bytes;
}

// A negative setting is a percentage of maxmemory. With too small a limit nobody could
// set it right again.
int64_t SessionTable::ClientMemoryLimit() const {
  constexpr int64_t kLeast = 128 << 10;
  const int64_t limit = max_client_memory_ >= 0 ? max_client_memory_ : maxmemory_ / 100 * -max_client_memory_;
  return limit == 0 ? 0 : std::max(limit, kLeast);
}

void SessionTable::EvictClients() {
  const int64_t limit = ClientMemoryLimit();
  if (limit == 0 || client_bytes_ <= limit) return;
  // What was noted may be out of date: count before anybody suffers.
  std::vector<std::pair<int64_t, Session*>> largest;
  client_bytes_ = 0;
  for (const auto& [id, session] : sessions_) {
    const Client& client = session->client();
    session->noted_bytes_ = 0;
    if (client.Has(client::kReplica | client::kMasterLink | client::kNoEvict)) continue;
    session->noted_bytes_ = static_cast<int64_t>(client::MemoryBytes(client));
    client_bytes_ += session->noted_bytes_;
    largest.emplace_back(session->noted_bytes_, session.get());
  }
  std::sort(largest.begin(), largest.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (size_t i = 0; i < largest.size() && client_bytes_ > limit; ++i) {
    node_->log->Notice("Evicting client: " + Describe(largest[i].second->client()));
    ++node_->stats->evicted_clients;
    largest[i].second->Close("evicted");  // takes its bytes off the sum
  }
}

}  // namespace windlass::server
