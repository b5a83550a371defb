// The CLIENT family's handlers, in two files.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "node/commands/command.h"

namespace windlass::commands {

// One line of CLIENT LIST, without the newline; with the command the client is at.
std::string ClientLine(const Node& node, const client::Client& client, std::span<const std::string_view> executing = {});
// "normal", "master", "replica" or "pubsub".
std::string_view ClientType(const client::Client& client);

// client_list_commands.cc
void ClientList(Call& call);
void ClientInfo(Call& call);
void ClientKill(Call& call);

// client_tracking_commands.cc
void ClientTracking(Call& call);
void ClientCaching(Call& call);
void ClientGetRedir(Call& call);
void ClientTrackingInfo(Call& call);

}  // namespace windlass::commands
