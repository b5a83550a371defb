// See blocker.h.
#include "node/server/blocker.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "node/server/session_table.h"

namespace windlass::server {

using commands::WakeReason;

ClientBlocker::ClientBlocker(net::EventLoop* loop, SessionTable* sessions) : loop_(loop) {
  sessions->set_on_gone([this](client::Client& client) { OnGone(client); });
  sessions->set_unblock([this](uint64_t id, bool with_error) { return Unblock(id, with_error); });
}

void ClientBlocker::Block(client::Client& client, int64_t deadline_ms, OnWake on_wake) {
  client.Set(client::kBlocked);
  Waiting waiting{&client, std::move(on_wake), 0};
  const uint64_t id = client.id;
  if (deadline_ms > 0) {
    waiting.timer = loop_->After(std::max<int64_t>(0, deadline_ms - loop_->NowMs()), [this, id] {
      const auto it = waiting_.find(id);
      if (it != waiting_.end()) it->second.timer = 0;
      End(id, WakeReason::kTimeout, "");
    });
  }
  waiting_.insert_or_assign(id, std::move(waiting));
}

void ClientBlocker::End(uint64_t client_id, WakeReason reason, std::string_view error) {
  const auto it = waiting_.find(client_id);
  if (it == waiting_.end()) return;
  const Waiting waiting = std::move(it->second);
  waiting_.erase(it);
  if (waiting.timer != 0) loop_->Cancel(waiting.timer);
  client::Client& client = *waiting.client;
  client.Clear(client::kBlocked);
  if (reason == WakeReason::kUnblockError) client.reply.Error(error);
  waiting.on_wake(client, reason);
  if (reason == WakeReason::kClosed || client.transport == nullptr) return;
  client.transport->OutputChanged();
  client.transport->ResumeInput();
}

void ClientBlocker::Wake(uint64_t client_id) { End(client_id, WakeReason::kReady, ""); }

bool ClientBlocker::Unblock(uint64_t client_id, bool with_error) {
  if (waiting_.count(client_id) == 0) return false;
  End(client_id, with_error ? WakeReason::kUnblockError : WakeReason::kTimeout,
      "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  return true;
}

void ClientBlocker::DisconnectAll() {
  std::vector<client::Client*> clients;
  for (const auto& [id, waiting] : waiting_) clients.push_back(waiting.client);
  for (client::Client* client : clients) {
    // First, so that what waits behind the command in its input is not run.
    if (client->transport != nullptr) client->Set(client::kCloseAfterReply);
    End(client->id, WakeReason::kUnblockError,
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
    if (client->transport != nullptr) client->transport->CloseAfterReplies();
  }
}

void ClientBlocker::OnGone(client::Client& client) { End(client.id, WakeReason::kClosed, ""); }

}  // namespace windlass::server
