// Commands the server gives itself, outside any connection.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "node/commands/ports.h"

namespace windlass::commands {

// Runs a command through the usual write path, so that the log, the AOF and the
// replicas see what it does; who owns its slot is not asked. Returns its reply.
std::string RunInternally(Node& node, int db, std::span<const std::string_view> args);

// Lets the clients whose request admission held back offer it again.
void ResumeHeldClients(Node& node);

}  // namespace windlass::commands
