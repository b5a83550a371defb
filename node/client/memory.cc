// See memory.h.
#include "node/client/memory.h"

namespace windlass::client {
namespace {

// A connection with its parser and its place in the tables, roughly.
constexpr size_t kConnectionBytes = 1024;

}  // namespace

size_t TransactionBytes(const Client& client) {
  if (client.transaction == nullptr) return 0;
  size_t bytes = sizeof(Transaction);
  for (const QueuedCommand& command : client.transaction->commands) {
    bytes += sizeof command;
    for (const std::string& arg : command.args) bytes += sizeof arg + arg.capacity();
  }
  for (const WatchedKey& watched : client.transaction->watched) bytes += sizeof watched + watched.key.capacity();
  return bytes;
}

size_t MemoryBytes(const Client& client) {
  size_t bytes = sizeof client + TransactionBytes(client);
  if (client.transport != nullptr) {
    bytes += kConnectionBytes + client.transport->PendingInput() + client.transport->OutputCapacity();
  }
  return bytes;
}

}  // namespace windlass::client
