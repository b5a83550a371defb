// A client as one who listens to channels.
#pragma once

#include <string_view>

#include "node/client/client.h"
#include "node/pubsub/subscriber.h"

namespace windlass::client {

class Listener final : public pubsub::Subscriber {
 public:
  explicit Listener(Client* client) : client_(client) {}

  Client& client() { return *client_; }
  int protocol() const override { return client_->reply.protocol(); }
  void Push(std::string_view bytes) override { client_->Push(bytes); }

 private:
  Client* client_;
};

// The client's listener, made when it is first needed.
Listener& ListenerOf(Client& client);

}  // namespace windlass::client
