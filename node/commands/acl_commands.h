// The ACL family's handlers, in two files.
#pragma once

#include "node/commands/command.h"

namespace windlass::commands {

// acl_report_commands.cc
void AclList(Call& call);
void AclUsers(Call& call);
void AclGetUser(Call& call);
void AclCat(Call& call);
void AclLog(Call& call);

}  // namespace windlass::commands
