// Commands the server gives itself. See internal_command.h.
#include "node/commands/internal_command.h"

#include "node/client/client.h"
#include "node/client/registry.h"

namespace windlass::commands {

std::string RunInternally(Node& node, int db, std::span<const std::string_view> args) {
  std::string reply;
  client::Client internal(0, &reply);
  internal.db = db;
  internal.authenticated = true;
  internal.flags = client::kInternal | client::kImporting | client::kDenyBlocking;
  node.executor->Execute(internal, args);
  return reply;
}

void ResumeHeldClients(Node& node) {
  node.sessions->Clients().ForEach([](client::Client& client) {
    if (!client.Has(client::kPaused) || client.transport == nullptr) return;
    client.Clear(client::kPaused);
    client.transport->ResumeInput();
  });
}

}  // namespace windlass::commands
