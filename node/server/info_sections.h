// The INFO sections whose facts the server knows: Server, Clients, Memory, Stats,
// CPU, Modules, Commandstats, Errorstats, Latencystats, Cluster, Keyspace.
#pragma once

#include "node/commands/ports.h"

namespace windlass::server {

class SessionTable;
class ClientBlocker;

void AddServerInfo(commands::Node* node, const SessionTable* sessions, const ClientBlocker* blocker);
// commandstats, errorstats, latencystats.
void AddCommandInfo(commands::Node* node);

// Resident bytes of this process, from /proc; 0 if unknown.
int64_t ResidentBytes();

}  // namespace windlass::server
