// What the server holds for one client, in bytes.
#pragma once

#include <cstddef>

#include "node/client/client.h"

namespace windlass::client {

// Of the commands queued in its MULTI and the keys it watches.
size_t TransactionBytes(const Client& client);
// All of it: the client itself, its buffers, its transaction.
size_t MemoryBytes(const Client& client);

}  // namespace windlass::client
