// CLIENT, except LIST, INFO and KILL.
#include "node/commands/client_commands.h"

#include <string>

#include "node/client/registry.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

void Id(Call& call) { call.reply.Integer(static_cast<int64_t>(call.client.id)); }

void GetName(Call& call) {
  if (call.client.name.empty()) return call.reply.Null();
  call.reply.Bulk(call.client.name);
}

void SetName(Call& call) {
  if (!IsClientName(call.args[2])) {
    return call.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  call.client.name = std::string(call.args[2]);
  call.reply.Ok();
}

void SetInfo(Call& call) {
  std::string* field = nullptr;
  if (EqualsNoCase(call.args[2], "lib-name")) {
    field = &call.client.lib_name;
  } else if (EqualsNoCase(call.args[2], "lib-ver")) {
    field = &call.client.lib_version;
  } else {
    return call.reply.Error("ERR Unrecognized option '" + std::string(call.args[2]) + "'");
  }
  if (!IsClientName(call.args[3])) {
    return call.reply.Error("ERR " + std::string(call.args[2]) +
                            " cannot contain spaces, newlines or special characters.");
  }
  *field = std::string(call.args[3]);
  call.reply.Ok();
}

// ON or OFF for a flag of this client.
void SetFlag(Call& call, uint64_t flag) {
  if (EqualsNoCase(call.args[2], "on")) {
    call.client.Set(flag);
  } else if (EqualsNoCase(call.args[2], "off")) {
    call.client.Clear(flag);
  } else {
    return call.reply.Error(kSyntaxError);
  }
  call.reply.Ok();
}

void NoEvict(Call& call) { SetFlag(call, client::kNoEvict); }
void NoTouch(Call& call) { SetFlag(call, client::kNoTouch); }

void Reply(Call& call) {
  if (EqualsNoCase(call.args[2], "on")) {
    call.client.Clear(client::kReplyOff | client::kReplySkip | client::kReplySkipNext);
    call.reply.Ok();
  } else if (EqualsNoCase(call.args[2], "off")) {
    call.client.Set(client::kReplyOff);
  } else if (EqualsNoCase(call.args[2], "skip")) {
    if (!call.client.Has(client::kReplyOff)) call.client.Set(client::kReplySkipNext);
  } else {
    call.reply.Error(kSyntaxError);
  }
}

void Pause(Call& call) {
  PauseMode mode = PauseMode::kAll;
  if (call.args.size() > 4) return ReplySubcommandSyntaxError(call);
  if (call.args.size() == 4) {
    if (EqualsNoCase(call.args[3], "write")) {
      mode = PauseMode::kWrite;
    } else if (!EqualsNoCase(call.args[3], "all")) {
      return call.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t ms;
  if (!ParseInt64(call.args[2], &ms)) return call.reply.Error("ERR timeout is not an integer or out of range");
  if (ms < 0) return call.reply.Error("ERR timeout is negative");
  if (ms > INT64_MAX - call.now_ms) return call.reply.Error("ERR timeout is out of range");
  call.node.sessions->Pause(mode, call.now_ms + ms);
  call.reply.Ok();
}

void Unpause(Call& call) {
  call.node.sessions->Unpause();
  call.reply.Ok();
}

void Unblock(Call& call) {
  bool with_error = false;
  if (call.args.size() > 4) return ReplySubcommandSyntaxError(call);
  if (call.args.size() == 4) {
    if (EqualsNoCase(call.args[3], "error")) {
      with_error = true;
    } else if (!EqualsNoCase(call.args[3], "timeout")) {
      return call.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  int64_t id;
  if (!ParseInt64(call.args[2], &id)) return call.reply.Error(kNotInteger);
  call.reply.Integer(call.node.sessions->Unblock(static_cast<uint64_t>(id), with_error) ? 1 : 0);
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CACHING (YES|NO)", "    Tell the server whether to track the next command's keys.",
      "GETNAME", "    Return the name of the current connection.",
      "GETREDIR", "    Return the client ID tracking is redirected to.",
      "ID", "    Return the ID of the current connection.",
      "INFO", "    Return information about the current connection.",
      "KILL <ip:port>", "    Kill the connection made from <ip:port>.",
      "KILL <option> <value> [<option> <value> [...]]", "    Kill connections. Options are:",
      "    * ADDR (<ip:port>|<unixsocket>:0)", "    * LADDR (<ip:port>|<unixsocket>:0)", "    * ID <client-id>",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "    * USER <username>",
      "    * SKIPME (YES|NO)", "      Skip the current connection (default: yes).",
      "LIST [options ...]", "    Return information about connections. Options:",
      "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "    * ID <client-id> [<client-id> ...]",
      "NO-EVICT (ON|OFF)", "    Protect the current connection from eviction.",
      "NO-TOUCH (ON|OFF)", "    Do not let this connection's commands count as access to keys.",
      "PAUSE <timeout> [WRITE|ALL]", "    Hold back all commands, or just writes, for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)", "    Control the replies sent to the current connection.",
      "SETINFO <LIB-NAME|LIB-VER> <value>", "    Tell the client library's name or version.",
      "SETNAME <name>", "    Assign the name <name> to the current connection.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]",
      "    Control server assisted client side caching.",
      "TRACKINGINFO", "    Report tracking status for the current connection.",
      "UNBLOCK <clientid> [TIMEOUT|ERROR]", "    Unblock the specified blocked client.",
      "UNPAUSE", "    End a pause, resuming traffic.",
  };
  ReplyHelp(call, "client", kLines);
}

constexpr uint64_t kFlags = kNoScript | kLoading | kStale;
constexpr uint64_t kAdminFlags = kAdmin | kFlags;

#define CLIENT_SUBCOMMAND(name, arity, flags, acl, since, summary, handler) \
  { "client|" name, arity, flags, {}, acl, {summary, since, "connection", "O(1)"}, handler }

const CommandSpec kSubcommands[] = {
    CLIENT_SUBCOMMAND("caching", 3, kFlags, kAclConnection, "6.0.0",
                      "Instructs the server whether to track the keys in the next request.", ClientCaching),
    CLIENT_SUBCOMMAND("getname", 2, kFlags, kAclConnection, "2.6.9", "Returns the name of the connection.", GetName),
    CLIENT_SUBCOMMAND("getredir", 2, kFlags, kAclConnection, "6.0.0",
                      "Returns the client ID to which the connection's tracking notifications are redirected.", ClientGetRedir),
    CLIENT_SUBCOMMAND("help", 2, kLoading | kStale, kAclConnection, "5.0.0",
                      "Returns helpful text about the different subcommands.", Help),
    CLIENT_SUBCOMMAND("id", 2, kFlags, kAclConnection, "5.0.0", "Returns the unique client ID of the connection.", Id),
    CLIENT_SUBCOMMAND("info", 2, kFlags, kAclConnection, "6.2.0", "Returns information about the connection.", ClientInfo),
    CLIENT_SUBCOMMAND("kill", -3, kAdminFlags, kAclConnection, "2.4.0", "Terminates open connections.", ClientKill),
    CLIENT_SUBCOMMAND("list", -2, kAdminFlags, kAclConnection, "2.4.0", "Lists open connections.", ClientList),
    CLIENT_SUBCOMMAND("no-evict", 3, kAdminFlags, kAclConnection, "7.0.0",
                      "Sets the client eviction mode of the connection.", NoEvict),
    CLIENT_SUBCOMMAND("no-touch", 3, kFlags, kAclConnection, "7.2.0",
                      "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.", NoTouch),
    CLIENT_SUBCOMMAND("pause", -3, kAdminFlags, kAclConnection, "3.0.0", "Suspends commands processing.", Pause),
    CLIENT_SUBCOMMAND("reply", 3, kFlags, kAclConnection, "3.2.0", "Instructs the server whether to reply to commands.",
                      Reply),
    CLIENT_SUBCOMMAND("setinfo", 4, kFlags, kAclConnection, "7.2.0",
                      "Sets information specific to the client or connection.", SetInfo),
    CLIENT_SUBCOMMAND("setname", 3, kFlags, kAclConnection, "2.6.9", "Sets the connection name.", SetName),
    CLIENT_SUBCOMMAND("tracking", -3, kFlags, kAclConnection, "6.0.0",
                      "Controls server-assisted client-side caching for the connection.", ClientTracking),
    CLIENT_SUBCOMMAND("trackinginfo", 2, kFlags, kAclConnection, "6.2.0",
                      "Returns information about server-assisted client-side caching for the connection.", ClientTrackingInfo),
    CLIENT_SUBCOMMAND("unblock", -3, kAdminFlags, kAclConnection, "5.0.0",
                      "Unblocks a client blocked by a blocking command from a different connection.", Unblock),
    CLIENT_SUBCOMMAND("unpause", 2, kAdminFlags, kAclConnection, "6.2.0",
                      "Resumes processing commands from paused clients.", Unpause),
};

#undef CLIENT_SUBCOMMAND

const CommandSpec kSpecs[] = {
    {"client", -2, 0, {}, 0, {"A container for client connection commands.", "2.4.0", "connection", "Depends on subcommand."},
     nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ClientCommands() { return kSpecs; }

}  // namespace windlass::commands
