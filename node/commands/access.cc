// See access.h.
#include "node/commands/access.h"

#include <algorithm>
#include <vector>

#include "node/client/listener.h"
#include "node/client/registry.h"
#include "node/commands/client_commands.h"
#include "node/commands/command_table.h"
#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/observe/stats.h"
#include "node/pubsub/broker.h"

namespace windlass::commands {
namespace {

// Commands that name channels, from the first argument on.
struct ChannelCommand {
  std::string_view name;
  bool one;         // else all that follow
  bool is_pattern;
};
constexpr ChannelCommand kChannelCommands[] = {
    {"publish", true, false},    {"spublish", true, false},  {"subscribe", false, false},
    {"ssubscribe", false, false}, {"psubscribe", false, true},
};

std::vector<acl::ChannelUse> ChannelsOf(const CommandSpec& spec, std::span<const std::string_view> args) {
  std::vector<acl::ChannelUse> uses;
  for (const ChannelCommand& command : kChannelCommands) {
    if (command.name != spec.name) continue;
    const size_t end = command.one ? std::min<size_t>(2, args.size()) : args.size();
    for (size_t i = 1; i < end; ++i) uses.push_back({args[i], command.is_pattern, static_cast<int>(i)});
  }
  return uses;
}

std::vector<acl::KeyUse> KeysOf(const CommandSpec& spec, std::span<const std::string_view> args) {
  std::vector<acl::KeyUse> uses;
  KeyPositions keys;
  // Arguments that make no sense touch no key; the command will say so.
  if (!FindKeysOf(spec, args, &keys)) return uses;
  for (const KeyPosition& key : keys) {
    if ((key.flags & kKeyNotKey) != 0) continue;
    uint8_t permissions = 0;
    if ((key.flags & kKeyAccess) != 0) permissions |= acl::kRead;
    if ((key.flags & (kKeyUpdate | kKeyInsert | kKeyDelete)) != 0) permissions |= acl::kWrite;
    uses.push_back({args[static_cast<size_t>(key.index)], permissions, key.index});
  }
  return uses;
}

void SpeakFor(client::Client& client, acl::UserPtr user) {
  client.user = std::move(user);
  client.Clear(client::kRestricted);
  if (!client.user->IsUnrestricted()) client.Set(client::kRestricted);
}

// Whether its user may still listen to all it listens to.
bool KeepsSubscriptions(const Node& node, const client::Client& client) {
  if (client.listener == nullptr || !client.Has(client::kRestricted)) return true;
  for (const pubsub::Kind kind : {pubsub::Kind::kChannel, pubsub::Kind::kPattern, pubsub::Kind::kShard}) {
    for (const std::string& name : node.pubsub->NamesOf(*client.listener, kind)) {
      if (!client.user->AllowsChannel(name, kind == pubsub::Kind::kPattern)) return false;
    }
  }
  return true;
}

void LogDenial(Node& node, const client::Client& client, acl::Denial denial, acl::DenialContext context,
               std::string_view object, std::string_view user) {
  observe::Stats& stats = *node.stats;
  switch (denial) {
    case acl::Denial::kAuth: ++stats.acl_denied_auth; break;
    case acl::Denial::kKey: ++stats.acl_denied_key; break;
    case acl::Denial::kChannel: ++stats.acl_denied_channel; break;
    default: ++stats.acl_denied_command; break;
  }
  acl::DenialEntry entry;
  entry.denial = denial;
  entry.context = context;
  entry.object = object;
  entry.user = user;
  entry.client_info = ClientLine(node, client);
  entry.created_ms = node.clock->UnixMs();
  node.denials->Add(std::move(entry), static_cast<size_t>(node.config->Int("acllog-max-len")));
}

// Calls `ask` with what the command is about to touch.
template <typename Ask>
auto WithRequest(const CommandSpec& spec, std::span<const std::string_view> args, Ask&& ask) {
  const std::vector<acl::KeyUse> keys = KeysOf(spec, args);
  const std::vector<acl::ChannelUse> channels = ChannelsOf(spec, args);
  const size_t first = spec.name.find('|') == std::string_view::npos ? 1 : 2;
  acl::Request request;
  request.command = spec.id;
  request.anybody = (spec.flags & kNoAuth) != 0;
  request.has_first_argument = args.size() > first;
  if (request.has_first_argument) request.first_argument = args[first];
  request.keys = keys;
  request.channels = channels;
  return ask(request);
}

}  // namespace

void BecomeDefaultUser(const Node& node, client::Client& client) {
  SpeakFor(client, node.users->default_user());
  client.authenticated = !AuthenticationRequired(node);
}

bool AuthenticationRequired(const Node& node) {
  const acl::User& user = *node.users->default_user();
  return !user.enabled() || !user.needs_no_password();
}

bool Authenticate(Call& call, std::string_view name, std::string_view password) {
  const acl::UserPtr user = call.node.users->Find(name);
  if (user != nullptr && user->AcceptsPassword(password)) {
    SpeakFor(call.client, user);
    call.client.authenticated = true;
    return true;
  }
  const bool in_multi = call.client.Has(client::kMulti);
  LogDenial(call.node, call.client, acl::Denial::kAuth,
            in_multi ? acl::DenialContext::kMulti : acl::DenialContext::kTopLevel, call.args[0], name);
  call.reply.Error("WRONGPASS invalid username-password pair or user is disabled.");
  return false;
}

acl::Verdict CheckAccess(const acl::User& user, const CommandSpec& spec, std::span<const std::string_view> args) {
  return WithRequest(spec, args, [&user](const acl::Request& request) { return user.Check(request); });
}

bool MayReadAnyKey(const Call& call) {
  if (call.client.user == nullptr || call.client.user->IsUnrestricted()) return true;
  const acl::User& user = *call.client.user;
  return WithRequest(call.spec, call.args, [&user](const acl::Request& request) { return user.AllowsReadingAnyKey(request); });
}

acl::Verdict MayRun(Node& node, const client::Client& client, const CommandSpec& spec,
                    std::span<const std::string_view> args, acl::DenialContext context) {
  if (client.user == nullptr) return {};
  const acl::Verdict verdict = CheckAccess(*client.user, spec, args);
  if (verdict.denial == acl::Denial::kNone) return verdict;
  const std::string_view object =
      verdict.denial == acl::Denial::kCommand ? spec.name : args[static_cast<size_t>(verdict.argument)];
  LogDenial(node, client, verdict.denial, context, object, client.user->name());
  return verdict;
}

std::string DenialText(const acl::User& user, const CommandSpec& spec, acl::Denial denial, std::string_view object,
                       bool whole) {
  const std::string who = "User " + user.name() + " has no permissions to ";
  if (denial == acl::Denial::kCommand) return who + "run the '" + std::string(spec.name) + "' command";
  const std::string_view what = denial == acl::Denial::kKey ? "key" : "channel";
  if (!whole) return "No permissions to access a " + std::string(what);
  return who + "access the '" + std::string(object) + "' " + std::string(what);
}

void ApplyUserChange(Node& node, const acl::UserPtr& user, client::Client* by) {
  std::vector<client::Client*> gone;
  node.sessions->Clients().ForEach([&](client::Client& client) {
    if (client.user != user) return;
    SpeakFor(client, user);
    if (!KeepsSubscriptions(node, client)) gone.push_back(&client);
  });
  for (client::Client* client : gone) node.sessions->Kill(*client, by);
}

void EndClientsOf(Node& node, const acl::User& user, client::Client* by) {
  std::vector<client::Client*> gone;
  node.sessions->Clients().ForEach([&](client::Client& client) {
    if (client.user.get() == &user) gone.push_back(&client);
  });
  for (client::Client* client : gone) {
    // Until it is closed it may do nothing more in that name.
    client->user = node.users->default_user();
    client->authenticated = false;
    node.sessions->Kill(*client, by);
  }
}

void AdoptUsers(Node& node, client::Client* by) {
  std::vector<client::Client*> gone;
  node.sessions->Clients().ForEach([&](client::Client& client) {
    if (client.user == nullptr) return;
    const acl::UserPtr user = node.users->Find(client.user->name());
    if (user != nullptr) SpeakFor(client, user);
    if (user == nullptr || !KeepsSubscriptions(node, client)) gone.push_back(&client);
  });
  for (client::Client* client : gone) node.sessions->Kill(*client, by);
}

}  // namespace windlass::commands
