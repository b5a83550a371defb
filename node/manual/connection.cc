// Pages of the group connection. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "auth", .group = "connection", .since = "1.0.0",
     .complexity = "O(N), N passwords of the user",
     .summary = "Says who the connection speaks for, and proves it.",
     .history = "6.0.0 A user name before the password.",
     .arguments = "username^6.0.0? password"},
    {.name = "client", .group = "connection", .since = "2.4.0",
     .complexity = "Each subcommand has its own.",
     .summary = "Commands about connections."},
    {.name = "client|caching", .group = "connection", .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "With OPTIN or OPTOUT tracking: whether the next command's keys are tracked.",
     .arguments = "mode{YES NO}"},
    {.name = "client|getname", .group = "connection", .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "The name of this connection."},
    {.name = "client|getredir", .group = "connection", .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Which connection gets this one's invalidation messages."},
    {.name = "client|help", .group = "connection", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "client|id", .group = "connection", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "The number of this connection."},
    {.name = "client|info", .group = "connection", .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "The line of CLIENT LIST for this connection.",
     .tips = "nondeterministic_output"},
    {.name = "client|kill", .group = "connection", .since = "2.4.0",
     .complexity = "O(N), N connections",
     .summary = "Closes connections by address or by properties.",
     .history = "2.8.12 The form with filters.\n"
         "2.8.12 `ID`.\n"
         "3.2.0 `TYPE master`.\n"
         "5.0.0 `TYPE replica`, beside `slave`.\n"
         "6.2.0 `LADDR`.",
     .arguments =
         "filter{old-format~'ip:port'!2.8.12 new-format*{client-id:int='ID'^2.8.12? "
         "client-type='TYPE'^2.8.12?{NORMAL MASTER^3.2.0 SLAVE REPLICA^5.0.0 PUBSUB} username='USER'? "
         "addr='ADDR'~'ip:port'? laddr='LADDR'~'ip:port'^6.2.0? skipme='SKIPME'?{YES NO} "
         "maxage:int='MAXAGE'^7.4.0?}}"},
    {.name = "client|list", .group = "connection", .since = "2.4.0",
     .complexity = "O(N), N connections",
     .summary = "The open connections, a line each.",
     .history = "2.8.12 The field `id`.\n"
         "5.0.0 `TYPE`.\n"
         "6.0.0 The field `user`.\n"
         "6.2.0 `ID`; the fields `argv-mem`, `tot-mem`, `laddr` and `redir`.\n"
         "7.0.0 The fields `resp`, `multi-mem`, `rbs` and `rbp`.\n"
         "7.0.3 The field `ssub`.",
     .arguments = "client-type='TYPE'^5.0.0?{NORMAL MASTER REPLICA PUBSUB} client-id:int='ID'^6.2.0?*",
     .tips = "nondeterministic_output"},
    {.name = "client|no-evict", .group = "connection", .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Exempts this connection from being closed when clients use too much memory.",
     .arguments = "enabled{ON OFF}"},
    {.name = "client|no-touch", .group = "connection", .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Whether this connection's commands count as use of the keys.",
     .arguments = "enabled{ON OFF}"},
    {.name = "client|pause", .group = "connection", .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Holds back the commands of all clients for a while.",
     .history = "6.2.0 A mode: `WRITE` or `ALL`.",
     .arguments = "timeout:int mode^6.2.0?{WRITE ALL}"},
    {.name = "client|reply", .group = "connection", .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Whether this connection wants replies.",
     .arguments = "action{ON OFF SKIP}"},
    {.name = "client|setinfo", .group = "connection", .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Notes the name or version of the client's library.",
     .arguments = "attr{libname='LIB-NAME' libver='LIB-VER'}",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "client|setname", .group = "connection", .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Names this connection.",
     .arguments = "connection-name",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "client|tracking", .group = "connection", .since = "6.0.0",
     .complexity = "O(1), more with some options",
     .summary = "Turns invalidation messages for keys cached by the client on or off.",
     .arguments = "status{ON OFF} client-id:int='REDIRECT'? prefix='PREFIX'?*+ BCAST? OPTIN? OPTOUT? NOLOOP?"},
    {.name = "client|trackinginfo", .group = "connection", .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "How tracking is set for this connection."},
    {.name = "client|unblock", .group = "connection", .since = "5.0.0",
     .complexity = "O(log N), N connections",
     .summary = "Ends the wait of another connection.",
     .arguments = "client-id:int unblock-type?{TIMEOUT ERROR}"},
    {.name = "client|unpause", .group = "connection", .since = "6.2.0",
     .complexity = "O(N), N paused connections",
     .summary = "Ends CLIENT PAUSE."},
    {.name = "echo", .group = "connection", .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Sends the argument back.",
     .arguments = "message"},
    {.name = "hello", .group = "connection", .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Chooses the protocol and tells about the server; may authenticate and name the connection.",
     .history = "6.2.0 Without `protover`: tells how the connection stands.",
     .arguments = "arguments?(protover:int auth='AUTH'?(username password) clientname='SETNAME'?)"},
    {.name = "ping", .group = "connection", .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers PONG, or the argument.",
     .arguments = "message?",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "quit", .group = "connection", .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Ends the connection.",
     .doc_flags = "deprecated",
     .deprecated_since = "7.2.0", .replaced_by = "closing the connection"},
    {.name = "reset", .group = "connection", .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Puts the connection's state back to how it began."},
    {.name = "select", .group = "connection", .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Chooses the database of this connection.",
     .arguments = "index:int"},
};

}  // namespace

std::span<const Page> ConnectionPages() { return kPages; }

}  // namespace windlass::manual
