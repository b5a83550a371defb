// See client.h.
#include "node/client/client.h"

#include "node/client/listener.h"
#include "node/client/tracking_state.h"

namespace windlass::client {

Client::Client(uint64_t client_id, std::string* out) : id(client_id), reply(out) {}
Client::~Client() = default;

size_t Client::Subscriptions(pubsub::Kind kind) const { return listener == nullptr ? 0 : listener->Count(kind); }

void Client::Push(std::string_view bytes) {
  if (Has(kCloseAfterReply)) return;
  if (Has(kExecuting) && !Has(kPushIsReply)) {
    pushed_meanwhile.append(bytes);
    return;
  }
  reply.Raw(bytes);
  if (!Has(kExecuting) && transport != nullptr) transport->OutputChanged();
}

Listener& ListenerOf(Client& client) {
  if (client.listener == nullptr) client.listener = std::make_unique<Listener>(&client);
  return *client.listener;
}

}  // namespace windlass::client
