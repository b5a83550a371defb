// PING, ECHO, AUTH, HELLO, SELECT, QUIT, RESET.
#include <string>

#include "node/client/listener.h"
#include "node/commands/access.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/commands/transactions.h"
#include "node/commands/version.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/stats.h"
#include "node/pubsub/broker.h"

namespace windlass::commands {
namespace {

constexpr uint64_t kConnection = kFast | kLoading | kStale;

void Ping(Call& call) {
  const bool subscribed = call.client.Has(client::kPubSub) && call.reply.protocol() == 2;
  if (call.args.size() > 2) {
    return call.reply.Error("ERR wrong number of arguments for 'ping' command");
  }
  if (subscribed) {
    call.reply.Array(2);
    call.reply.Bulk("pong");
    return call.reply.Bulk(call.args.size() == 2 ? call.args[1] : std::string_view());
  }
  if (call.args.size() == 2) return call.reply.Bulk(call.args[1]);
  call.reply.Simple("PONG");
}

void Echo(Call& call) { call.reply.Bulk(call.args[1]); }

void Auth(Call& call) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  if (call.args.size() == 2) {
    if (call.node.users->default_user()->needs_no_password()) {
      return call.reply.Error(
          "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
          "configuration is correct?");
    }
    if (Authenticate(call, "default", call.args[1])) call.reply.Ok();
    return;
  }
  if (Authenticate(call, call.args[1], call.args[2])) call.reply.Ok();
}

struct HelloArgs {
  int protocol = 0;  // 0: as it is
  bool auth = false;
  std::string_view user;
  std::string_view password;
  bool set_name = false;
  std::string_view name;
};

bool ParseHello(Call& call, HelloArgs* out) {
  size_t i = 1;
  if (i < call.args.size()) {
    int64_t version;
    if (!ParseInt64(call.args[i], &version)) {
      call.reply.Error("ERR Protocol version is not an integer or out of range");
      return false;
    }
    if (version != 2 && version != 3) {
      call.reply.Error("NOPROTO unsupported protocol version");
      return false;
    }
    out->protocol = static_cast<int>(version);
    ++i;
  }
  while (i < call.args.size()) {
    if (EqualsNoCase(call.args[i], "AUTH") && i + 2 < call.args.size()) {
      out->auth = true;
      out->user = call.args[i + 1];
      out->password = call.args[i + 2];
      i += 3;
    } else if (EqualsNoCase(call.args[i], "SETNAME") && i + 1 < call.args.size()) {
      out->set_name = true;
      out->name = call.args[i + 1];
      i += 2;
    } else {
      call.reply.Error("ERR Syntax error in HELLO option '" + std::string(call.args[i]) + "'");
      return false;
    }
  }
  return true;
}

void Hello(Call& call) {
  HelloArgs hello;
  if (!ParseHello(call, &hello)) return;
  if (hello.auth && !Authenticate(call, hello.user, hello.password)) return;
  if (!call.client.authenticated && AuthenticationRequired(call.node)) {
    return call.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
  }
  if (hello.set_name) {
    if (!IsClientName(hello.name)) {
      return call.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    }
    call.client.name = std::string(hello.name);
  }
  if (hello.protocol != 0) call.reply.set_protocol(hello.protocol);
  call.reply.Map(7);
  call.reply.Bulk("server");
  call.reply.Bulk("redis");
  call.reply.Bulk("version");
  call.reply.Bulk(kRedisVersion);
  call.reply.Bulk("proto");
  call.reply.Integer(call.reply.protocol());
  call.reply.Bulk("id");
  call.reply.Integer(static_cast<int64_t>(call.client.id));
  call.reply.Bulk("mode");
  call.reply.Bulk(call.node.cluster != nullptr ? "cluster" : "standalone");
  call.reply.Bulk("role");
  call.reply.Bulk(call.node.status.is_replica ? "replica" : "master");
  call.reply.Bulk("modules");
  call.reply.Array(0);
}

void Select(Call& call) {
  int64_t index;
  if (!ParseInt64(call.args[1], &index) || index > INT32_MAX || index < INT32_MIN) {
    return call.reply.Error(kNotInteger);
  }
  if (call.node.cluster != nullptr && index != 0) {
    return call.reply.Error("ERR SELECT is not allowed in cluster mode");
  }
  if (index < 0 || index >= call.node.keyspace->database_count()) {
    return call.reply.Error("ERR DB index is out of range");
  }
  call.client.db = static_cast<int>(index);
  call.reply.Ok();
}

void Quit(Call& call) {
  call.reply.Ok();
  if (call.client.transport != nullptr) call.client.transport->CloseAfterReplies();
}

void Reset(Call& call) {
  client::Client& client = call.client;
  ForgetTransaction(call.node, client);
  if (client.Has(client::kMonitor)) call.node.monitors->Remove(client);
  call.node.tracking->End(client);
  client.Clear(client::kReadonlyMode | client::kAsking | client::kMonitor | client::kPubSub | client::kReplyOff |
               client::kReplySkip | client::kReplySkipNext | client::kNoEvict | client::kNoTouch | client::kTracking);
  if (client.listener != nullptr) call.node.pubsub->Forget(*client.listener);
  client.db = 0;
  client.name.clear();
  client.reply.set_protocol(2);
  BecomeDefaultUser(call.node, client);
  call.reply.Simple("RESET");
}

const CommandSpec kSpecs[] = {
    {"ping", -1, kFast, {}, kAclConnection,
     {"Returns the server's liveliness response.", "1.0.0", "connection", "O(1)"}, Ping},
    {"echo", 2, kConnection, {}, kAclConnection, {"Returns the given string.", "1.0.0", "connection", "O(1)"}, Echo},
    {"auth", -2, kNoScript | kConnection | kNoAuth | kAllowBusy, {}, kAclConnection,
     {"Authenticates the connection.", "1.0.0", "connection", "O(N) where N is the number of passwords defined for the user"},
     Auth},
    {"hello", -1, kNoScript | kConnection | kNoAuth | kAllowBusy, {}, kAclConnection,
     {"Handshakes with the Redis server.", "6.0.0", "connection", "O(1)"}, Hello},
    {"select", 2, kConnection, {}, kAclConnection,
     {"Changes the selected database.", "1.0.0", "connection", "O(1)"}, Select},
    {"quit", -1, kNoScript | kConnection | kNoAuth | kAllowBusy, {}, kAclConnection,
     {"Closes the connection.", "1.0.0", "connection", "O(1)"}, Quit},
    {"reset", 1, kNoScript | kConnection | kNoAuth | kAllowBusy, {}, kAclConnection,
     {"Resets the connection.", "6.2.0", "connection", "O(1)"}, Reset},
};

}  // namespace

bool IsClientName(std::string_view name) {
  for (const char c : name) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

std::span<const CommandSpec> ConnectionCommands() { return kSpecs; }

}  // namespace windlass::commands
