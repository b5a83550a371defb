// The link and its handshake. The full copy is in replica_transfer.cc, the stream
// in replica_stream.cc. Log lines are in the words that tools look for.
#include "node/replication/replica_side.h"

#include <charconv>
#include <utility>

#include "node/replication/primary_side.h"
#include "node/replication/replica_transfer.h"

namespace windlass::replication {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string_view TakeWord(std::string_view* rest) {
  while (!rest->empty() && rest->front() == ' ') rest->remove_prefix(1);
  const size_t end = std::min(rest->find(' '), rest->size());
  const std::string_view word = rest->substr(0, end);
  rest->remove_prefix(end);
  return word;
}

}  // namespace

ReplicaSide::ReplicaSide(Parts parts) : parts_(std::move(parts)), alive_(std::make_shared<bool>(true)) {
  resp::RequestLimits limits;
  limits.max_bulk_bytes = INT64_MAX / 2;  // a master's stream is trusted to be as large as its data
  parser_.set_limits(limits);
}

ReplicaSide::~ReplicaSide() {
  transfer_.reset();
  if (handler_ != nullptr) handler_->Detach();
}

void ReplicaSide::Enter(LinkState state) {
  if (state_ == LinkState::kConnected && state != LinkState::kConnected) down_since_ms_ = NowMs();
  if (state == LinkState::kConnected || state == LinkState::kNone) down_since_ms_ = 0;
  if (state_ == LinkState::kNone && state != LinkState::kNone) down_since_ms_ = NowMs();
  state_ = state;
  parts_.host->OnLinkChanged();
}

void ReplicaSide::Follow(std::string host, int port) {
  successor_done_ = nullptr;
  CloseLink();
  AbortTransfer();
  host_ = std::move(host);
  port_ = port;
  ever_synchronized_ = false;
  parts_.primary->SetFollowing(true);
  // Replicas of ours ask again: they may go on with the history we are about to join.
  parts_.primary->DisconnectAll("this server now follows another master");
  Enter(LinkState::kConnect);
  parts_.host->OnFollow();
  ConnectNow();
}

void ReplicaSide::FollowSuccessor(std::string host, int port, std::function<void(bool accepted)> done) {
  Follow(std::move(host), port);
  successor_done_ = std::move(done);
  successor_asked_ = 0;
}

void ReplicaSide::StopFollowing() {
  successor_done_ = nullptr;
  if (!following()) return;
  CloseLink();
  AbortTransfer();
  host_.clear();
  port_ = 0;
  if (parts_.history->has_backlog()) {
    parts_.history->ForkHistory();
    parts_.log->Warning("Setting secondary replication ID to " + parts_.history->second_id() + ", valid up to offset: " +
                        std::to_string(parts_.history->second_offset()) + ". New replication ID is " + parts_.history->id());
  }
  parts_.primary->SetFollowing(false);
  parts_.primary->DisconnectAll("this server became a master");
  Enter(LinkState::kNone);
}

void ReplicaSide::Reconnect(std::string_view reason) {
  if (following()) Lose(reason);
}

void ReplicaSide::ConnectNow() {
  if (held_ || mute_) return;  // to ask for what follows an offset is to acknowledge it
  parts_.log->Notice("Connecting to MASTER " + Peer());
  Enter(LinkState::kConnecting);
  last_io_ms_ = NowMs();
  net::ConnectOptions options;
  options.host = host_;
  options.port = port_;
  options.bind_ip = parts_.settings->bind_ip;
  options.timeout_ms = parts_.settings->timeout_s * 1000;
  const uint64_t attempt = ++attempt_;
  net::Connection::Connect(parts_.loop, options,
                           [this, attempt, alive = std::weak_ptr<bool>(alive_)](
                               base::Result<std::unique_ptr<net::Connection>> connected) {
                             if (alive.expired() || attempt != attempt_) return;
                             OnConnected(std::move(connected));
                           });
  parts_.log->Notice("MASTER <-> REPLICA sync started");
}

void ReplicaSide::OnConnected(base::Result<std::unique_ptr<net::Connection>> connected) {
  if (!connected.ok()) {
    parts_.log->Warning("Error condition on socket for SYNC: " + connected.error());
    return Enter(LinkState::kConnect);
  }
  connection_ = std::move(connected).value();
  handler_ = std::make_unique<LinkHandler>(this);
  // A master that was killed may have answered its clients for the last of what it sent.
  connection_->ReadToTheEnd();
  connection_->SetHandler(handler_.get());
  last_io_ms_ = NowMs();
  parts_.log->Notice("Non blocking connect for SYNC fired the event.");
  Enter(LinkState::kHandshake);
  Ask(Step::kPing);
}

void ReplicaSide::CloseLink() {
  ++attempt_;
  in_multi_ = false;
  queued_.clear();
  uncounted_.clear();
  parser_.Reset();
  if (handler_ != nullptr) {
    handler_->Detach();
    parts_.loop->DeleteLater(std::move(handler_));
  }
  closed_traffic_ = traffic();
  if (connection_ != nullptr) {
    connection_->Close("the link to the master is given up");
    parts_.loop->DeleteLater(std::move(connection_));
  }
}

ReplicaSide::Traffic ReplicaSide::traffic() const {
  if (connection_ == nullptr) return closed_traffic_;
  return {closed_traffic_.in + connection_->bytes_in(), closed_traffic_.out + connection_->bytes_out()};
}

void ReplicaSide::Lose(std::string_view reason) {
  const bool was_up = state_ == LinkState::kConnected;
  if (was_up) {
    parts_.log->Warning("Connection with master lost.");
  } else {
    parts_.log->Warning("MASTER <-> REPLICA sync: the link was lost: " + std::string(reason));
  }
  CloseLink();
  AbortTransfer();
  Enter(LinkState::kConnect);
  if (!was_up) return;
  // At once: in the second until the next tick a busy master's backlog may run out.
  parts_.loop->After(0, [this, attempt = attempt_, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired() && attempt == attempt_ && state_ == LinkState::kConnect) ConnectNow();
  });
}

void ReplicaSide::SetHeld(bool held) {
  if (held_ == held) return;
  held_ = held;
  if (!following()) return;
  if (held) return Lose("it is held");
  if (state_ == LinkState::kConnect) ConnectNow();
}

void ReplicaSide::SetMute(bool mute) {
  if (mute_ == mute) return;
  mute_ = mute;
  if (mute) return;
  if (state_ == LinkState::kConnected) SendAck();
  if (state_ == LinkState::kConnect) ConnectNow();
}

void ReplicaSide::EverySecond() {
  switch (state_) {
    case LinkState::kNone: return;
    case LinkState::kConnect: return ConnectNow();
    case LinkState::kConnected: SendAck(); break;
    case LinkState::kTransfer: connection_->Write("\n"); break;  // tells the master that this side lives
    case LinkState::kConnecting:
    case LinkState::kHandshake: break;
  }
  CheckTimeouts();
}

void ReplicaSide::CheckTimeouts() {
  if (transfer_ != nullptr && transfer_->complete) return;  // loading: the master owes nothing
  if (NowMs() - last_io_ms_ <= parts_.settings->timeout_s * 1000) return;
  switch (state_) {
    case LinkState::kConnected: parts_.log->Warning("MASTER timeout: no data nor PING received..."); break;
    case LinkState::kTransfer:
      parts_.log->Warning(
          "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in "
          "redis.conf to a larger value.");
      break;
    default: parts_.log->Warning("Timeout connecting to the MASTER..."); break;
  }
  Lose("timeout");
}

size_t ReplicaSide::OnLinkBytes(std::string_view bytes) {
  last_io_ms_ = NowMs();
  switch (state_) {
    case LinkState::kHandshake: return OnHandshakeBytes(bytes);
    case LinkState::kTransfer: return OnTransferBytes(bytes);
    case LinkState::kConnected: return OnStreamBytes(bytes);
    default: return bytes.size();
  }
}

// --- the handshake.

void ReplicaSide::SendWords(std::span<const std::string_view> words) {
  std::string out;
  resp::EncodeCommand(words, &out);
  connection_->Write(out);
}

// Sends the question of `step`, or of the next step that has one.
void ReplicaSide::Ask(Step step) {
  const ReplicaSettings& settings = *parts_.settings;
  step_ = step;
  auto send = [this](std::initializer_list<std::string_view> words) { SendWords({words.begin(), words.size()}); };
  switch (step) {
    case Step::kPing: return send({"PING"});
    case Step::kAuth:
      if (settings.master_auth.empty()) return Ask(Step::kPort);
      if (settings.master_user.empty()) return send({"AUTH", settings.master_auth});
      return send({"AUTH", settings.master_user, settings.master_auth});
    case Step::kPort: return send({"REPLCONF", "listening-port", std::to_string(settings.announced_port)});
    case Step::kIp:
      if (settings.announced_ip.empty()) return Ask(Step::kCapability);
      return send({"REPLCONF", "ip-address", settings.announced_ip});
    case Step::kCapability: {
      // Other servers ignore abilities they do not know.
      if (node_id_.empty()) return send({"REPLCONF", "capa", "eof", "capa", "psync2", "capa", kSlotJobsCapability});
      const std::string node = std::string(kNodeIdCapability) + node_id_;
      return send({"REPLCONF", "capa", "eof", "capa", "psync2", "capa", kSlotJobsCapability, "capa", node});
    }
    case Step::kPsync: return AskPsync();
  }
}

void ReplicaSide::AskPsync() {
  if (!parts_.history->has_backlog()) {
    parts_.log->Notice("Partial resynchronization not possible (no cached master)");
    const std::string_view words[] = {"PSYNC", "?", "-1"};
    return SendWords(words);
  }
  const std::string next = std::to_string(parts_.history->offset() + 1);
  parts_.log->Notice("Trying a partial resynchronization (request " + parts_.history->id() + ":" + next + ").");
  if (successor_done_ != nullptr) {
    ++successor_asked_;
    const std::string_view words[] = {"PSYNC", parts_.history->id(), next, "FAILOVER"};
    return SendWords(words);
  }
  const std::string_view words[] = {"PSYNC", parts_.history->id(), next};
  SendWords(words);
}

size_t ReplicaSide::OnHandshakeBytes(std::string_view bytes) {
  size_t used = 0;
  while (state_ == LinkState::kHandshake) {
    const size_t end = bytes.find('\n', used);
    if (end == std::string_view::npos) return used;
    std::string_view line = bytes.substr(used, end - used);
    used = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;  // the master is alive, and not ready yet
    if (!OnHandshakeLine(line)) return used;
  }
  // The stream or the copy may begin in the same packet.
  if (state_ == LinkState::kTransfer) return used + OnTransferBytes(bytes.substr(used));
  if (state_ == LinkState::kConnected) return used + OnStreamBytes(bytes.substr(used));
  return used;
}

bool ReplicaSide::OnHandshakeLine(std::string_view line) {
  const bool refused = line[0] == '-';
  const std::string text(line);
  switch (step_) {
    case Step::kPing:
      if (refused && !StartsWith(line, "-NOAUTH") && !StartsWith(line, "-NOPERM") &&
          !StartsWith(line, "-ERR operation not permitted")) {
        parts_.log->Warning("Error reply to PING from master: '" + text + "'");
        Lose("PING was refused");
        return false;
      }
      parts_.log->Notice("Master replied to PING, replication can continue...");
      Ask(Step::kAuth);
      return true;
    case Step::kAuth:
      if (refused) {
        parts_.log->Warning("Unable to AUTH to MASTER: " + text);
        Lose("AUTH was refused");
        return false;
      }
      Ask(Step::kPort);
      return true;
    case Step::kPort:
      if (refused) parts_.log->Notice("(Non critical) Master does not understand REPLCONF listening-port: " + text);
      Ask(Step::kIp);
      return true;
    case Step::kIp:
      if (refused) parts_.log->Notice("(Non critical) Master does not understand REPLCONF ip-address: " + text);
      Ask(Step::kCapability);
      return true;
    case Step::kCapability:
      if (refused) parts_.log->Notice("(Non critical) Master does not understand REPLCONF capa: " + text);
      Ask(Step::kPsync);
      return true;
    case Step::kPsync: return OnPsyncLine(line);
  }
  return true;
}

bool ReplicaSide::SuccessorAnswered(std::string_view line) {
  const bool accepted = StartsWith(line, "+FULLRESYNC") || StartsWith(line, "+CONTINUE");
  // Asked before, it may have become the master and the answer was lost: then it
  // is followed like any other, for two masters there must not be.
  const bool is_master = successor_asked_ > 1 && line.find("can't be sent to a master") != std::string_view::npos;
  const std::function<void(bool)> done = std::exchange(successor_done_, nullptr);
  if (!accepted) {
    parts_.log->Warning("Unexpected reply to PSYNC from master: " + std::string(line));
    Lose("PSYNC was refused");
  }
  done(accepted || is_master);
  return accepted;
}

bool ReplicaSide::OnPsyncLine(std::string_view line) {
  if (successor_done_ != nullptr && !SuccessorAnswered(line)) return false;
  std::string_view rest = line;
  const std::string_view verdict = TakeWord(&rest);
  if (verdict == "+FULLRESYNC") return OnFullResync(rest);
  if (verdict == "+CONTINUE") return OnContinue(rest);
  if (verdict == "-NOMASTERLINK" || verdict == "-LOADING") {
    parts_.log->Notice("Master is currently unable to PSYNC but should be in the future: " + std::string(line));
  } else {
    parts_.log->Warning("Unexpected reply to PSYNC from master: " + std::string(line));
  }
  Lose("PSYNC was refused");
  return false;
}

bool ReplicaSide::OnFullResync(std::string_view rest) {
  constexpr int64_t kLargestOffset = INT64_MAX / 2;  // it is counted on from there
  const std::string_view id = TakeWord(&rest);
  const std::string_view digits = TakeWord(&rest);
  int64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (id.size() != kNoReplicationId.size() || error != std::errc() || end != digits.data() + digits.size() || offset < 0 ||
      offset > kLargestOffset) {
    parts_.log->Warning("Master replied with wrong +FULLRESYNC syntax.");
    Lose("wrong +FULLRESYNC");
    return false;
  }
  parts_.log->Notice("Full resync from master: " + std::string(id) + ":" + std::string(digits));
  transfer_ = std::make_unique<Transfer>();
  transfer_->id = id;
  transfer_->offset = offset;
  Enter(LinkState::kTransfer);
  return true;
}

bool ReplicaSide::OnContinue(std::string_view rest) {
  if (!parts_.history->has_backlog()) {
    parts_.log->Warning("Master replied with +CONTINUE to a request for a full copy.");
    Lose("+CONTINUE of nothing");
    return false;
  }
  parts_.log->Notice("Successful partial resynchronization with master.");
  const std::string new_id(TakeWord(&rest));
  if (new_id.size() == kNoReplicationId.size() && new_id != parts_.history->id()) {
    parts_.history->ContinueAs(new_id);
    parts_.log->Notice("Master replication ID changed to " + new_id);
    parts_.primary->DisconnectAll("the master's history has a new id");
  }
  parts_.history->CreateBacklog();
  BecomeConnected();
  parts_.log->Notice("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
  return true;
}

void ReplicaSide::BecomeConnected() {
  ever_synchronized_ = ever_linked_ = true;
  last_io_ms_ = NowMs();
  Enter(LinkState::kConnected);
  SendAck();
}

std::string ReplicaSide::LinkPeerAddress() const {
  return connection_ == nullptr ? "" : connection_->peer_ip() + ":" + std::to_string(connection_->peer_port());
}

std::string ReplicaSide::LinkLocalAddress() const {
  return connection_ == nullptr ? "" : connection_->local_ip() + ":" + std::to_string(connection_->local_port());
}

ReplicaSide::TransferReport ReplicaSide::transfer() const {
  TransferReport report;
  if (transfer_ == nullptr) return report;
  report.active = true;
  report.total_bytes = transfer_->total;
  report.done_bytes = transfer_->done;
  return report;
}

}  // namespace windlass::replication
