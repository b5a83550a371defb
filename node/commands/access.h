// Who a client speaks for, and whether that user may run a command.
//
// A client whose user may do everything is not flagged kRestricted, and nothing of
// this is asked for its commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "node/acl/denial_log.h"
#include "node/acl/users.h"
#include "node/commands/command.h"

namespace windlass::commands {

// A new connection, or RESET: the default user, if it needs no password.
void BecomeDefaultUser(const Node& node, client::Client& client);
// True: strangers must authenticate before anything else.
bool AuthenticationRequired(const Node& node);
// AUTH and HELLO. False: refused, and logged.
bool Authenticate(Call& call, std::string_view user, std::string_view password);

acl::Verdict CheckAccess(const acl::User& user, const CommandSpec& spec, std::span<const std::string_view> args);
// Whether the command's user may read keys that the command does not name.
bool MayReadAnyKey(const Call& call);
// Whether the user of a restricted client may run this; if not, that is counted and
// logged, and the verdict says what is missing.
acl::Verdict MayRun(Node& node, const client::Client& client, const CommandSpec& spec,
                    std::span<const std::string_view> args, acl::DenialContext context);
// What a client is told of it. `whole` names the key or channel.
std::string DenialText(const acl::User& user, const CommandSpec& spec, acl::Denial denial,
                       std::string_view object, bool whole);

// The user's rules have changed: its clients are flagged anew, and those end that listen
// to what it may not any more. `by`, if it is one of them, gets its reply first.
void ApplyUserChange(Node& node, const acl::UserPtr& user, client::Client* by);
// The user is gone: so are its clients. `by` gets its reply first.
void EndClientsOf(Node& node, const acl::User& user, client::Client* by);
// Takes the users from the file that aclfile names.
base::Result<void> LoadAclFile(Node& node);
// After it: clients get the user of the same name, or go.
void AdoptUsers(Node& node, client::Client* by);

}  // namespace windlass::commands
