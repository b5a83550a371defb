// Users at start: from the user lines of the configuration or from the ACL file, and
// the settings about them afterwards.
#pragma once

#include "node/commands/ports.h"
#include "node/config/config.h"

namespace windlass::server {

// User lines are checked while the configuration is read, so that an error has its
// file's line number.
void CheckUserLines(config::Config* config);

// False: the reason has been logged, the server must not start.
bool LoadUsersAtStart(commands::Node& node);
// requirepass, acl-pubsub-default, and the user lines that CONFIG REWRITE writes.
void WatchAccessSettings(commands::Node& node);

}  // namespace windlass::server
