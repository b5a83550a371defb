// CLIENT LIST, INFO and KILL.
#include <algorithm>
#include <string>
#include <vector>

#include "node/acl/users.h"
#include "node/client/memory.h"
#include "node/client/registry.h"
#include "node/client/tracking_state.h"
#include "node/commands/client_commands.h"
#include "node/commands/ports.h"
#include "node/replication/replica_side.h"
#include "node/resp/command.h"

namespace windlass::commands {

using client::Client;

namespace {

std::string FlagLetters(const Client& client) {
  std::string letters;
  if (client.Has(client::kMonitor)) {
    letters += 'O';
  } else if (client.Has(client::kReplica)) {
    letters += 'S';
  }
  if (client.Has(client::kMasterLink)) letters += 'M';
  if (client.Has(client::kPubSub)) letters += 'P';
  if (client.Has(client::kMulti)) letters += 'x';
  if (client.Has(client::kBlocked)) letters += 'b';
  if (client.tracking != nullptr) {
    letters += 't';
    if (client.tracking->broken) letters += 'R';
    if (client.tracking->broadcast) letters += 'B';
  }
  if (client.Has(client::kDirtyCas)) letters += 'd';
  if (client.Has(client::kCloseAfterReply)) letters += 'c';
  if (client.Has(client::kUnixSocket)) letters += 'U';
  if (client.Has(client::kReadonlyMode)) letters += 'r';
  if (client.Has(client::kNoEvict)) letters += 'e';
  if (client.Has(client::kNoTouch)) letters += 'T';
  return letters.empty() ? "N" : letters;
}

// What CLIENT LIST and KILL select by. An empty member selects everything.
struct Filter {
  std::vector<uint64_t> ids;
  std::string_view type;
  std::string_view address;
  std::string_view local_address;
  std::string_view user;
  bool skip_me = true;

  bool Matches(const Client& client, int64_t now_ms) const {
    if (!ids.empty() && std::find(ids.begin(), ids.end(), client.id) == ids.end()) return false;
    if (!type.empty() && ClientType(client) != type) return false;
    if (!user.empty() && (client.user == nullptr || client.user->name() != user)) return false;
    const std::string peer = client.transport == nullptr ? "" : client.transport->PeerAddress();
    if (!address.empty() && peer != address) return false;
    const std::string local = client.transport == nullptr ? "" : client.transport->LocalAddress();
    return local_address.empty() || local == local_address;
  }

  // The link to the master is this server's own connection: no client with an id or a user.
  bool MatchesMasterLink(const replication::ReplicaSide& link) const {
    if (link.LinkPeerAddress().empty() || !ids.empty() || !user.empty()) return false;
    if (!type.empty() && type != "master") return false;
    if (!address.empty() && link.LinkPeerAddress() != address) return false;
    return local_address.empty() || link.LinkLocalAddress() == local_address;
  }
};

// The canonical word of a client type, or empty.
std::string_view TypeWord(std::string_view text) {
  if (EqualsNoCase(text, "normal")) return "normal";
  if (EqualsNoCase(text, "slave") || EqualsNoCase(text, "replica")) return "replica";
  if (EqualsNoCase(text, "pubsub")) return "pubsub";
  if (EqualsNoCase(text, "master")) return "master";
  return "";
}

bool ParseType(Call& call, std::string_view text, std::string_view* type) {
  *type = TypeWord(text);
  if (!type->empty()) return true;
  call.reply.Error("ERR Unknown client type '" + std::string(text) + "'");
  return false;
}

bool ParseKillOption(Call& call, std::string_view option, std::string_view value, Filter* filter) {
  int64_t number;
  if (EqualsNoCase(option, "id")) {
    if (!ParseInt64(value, &number) || number < 1) {
      call.reply.Error("ERR client-id should be greater than 0");
      return false;
    }
    filter->ids.push_back(static_cast<uint64_t>(number));
  } else if (EqualsNoCase(option, "type")) {
    return ParseType(call, value, &filter->type);
  } else if (EqualsNoCase(option, "addr")) {
    filter->address = value;
  } else if (EqualsNoCase(option, "laddr")) {
    filter->local_address = value;
  } else if (EqualsNoCase(option, "user")) {
    if (call.node.users->Find(value) == nullptr) {
      call.reply.Error("ERR No such user '" + std::string(value) + "'");
      return false;
    }
    filter->user = value;
  } else if (EqualsNoCase(option, "skipme") && (EqualsNoCase(value, "yes") || EqualsNoCase(value, "no"))) {
    filter->skip_me = EqualsNoCase(value, "yes");
  } else {
    call.reply.Error(kSyntaxError);
    return false;
  }
  return true;
}

bool ParseListFilter(Call& call, Filter* filter) {
  const auto args = call.args;
  if (args.size() == 2) return true;
  if (args.size() == 4 && EqualsNoCase(args[2], "type")) return ParseType(call, args[3], &filter->type);
  if (args.size() >= 4 && EqualsNoCase(args[2], "id")) {
    for (const std::string_view arg : args.subspan(3)) {
      int64_t id;
      if (!ParseInt64(arg, &id)) {
        call.reply.Error("ERR Invalid client ID");
        return false;
      }
      filter->ids.push_back(static_cast<uint64_t>(id));
    }
    return true;
  }
  call.reply.Error(kSyntaxError);
  return false;
}

std::vector<uint64_t> Selected(Call& call, const Filter& filter) {
  std::vector<uint64_t> ids;
  call.node.sessions->Clients().ForEach([&](Client& client) {
    if (filter.Matches(client, call.now_ms)) ids.push_back(client.id);
  });
  return ids;
}

}  // namespace

std::string_view ClientType(const Client& client) {
  if (client.Has(client::kMasterLink)) return "master";
  if (client.Has(client::kReplica) && !client.Has(client::kMonitor)) return "replica";
  return client.Has(client::kPubSub) ? "pubsub" : "normal";
}

std::string ClientLine(const Node& node, const Client& client, std::span<const std::string_view> executing) {
  const int64_t now = node.clock->UnixMs();
  const client::Transport* transport = client.transport;
  size_t input = transport == nullptr ? 0 : transport->PendingInput();
  size_t argument_bytes = 0;
  if (!executing.empty()) input += resp::EncodedBytes(executing);
  for (const std::string_view arg : executing) argument_bytes += arg.size();
  const size_t output = transport == nullptr ? 0 : transport->PendingOutput();
  const size_t capacity = transport == nullptr ? 0 : transport->OutputCapacity();
  const auto number = [](int64_t value) { return std::to_string(value); };
  const auto count = [&client](pubsub::Kind kind) { return std::to_string(client.Subscriptions(kind)); };
  std::string line = "id=" + number(static_cast<int64_t>(client.id));
  line += " addr=" + (transport == nullptr ? "?:0" : transport->PeerAddress());
  line += " laddr=" + (transport == nullptr ? "?:0" : transport->LocalAddress());
  line += " fd=" + number(transport == nullptr ? -1 : transport->Descriptor());
  line += " name=" + client.name;
  line += " age=" + number((now - client.created_ms) / 1000);
  line += " idle=" + number((now - client.last_interaction_ms) / 1000);
  line += " flags=" + FlagLetters(client);
  line += " db=" + number(client.db);
  line += " sub=" + count(pubsub::Kind::kChannel);
  line += " psub=" + count(pubsub::Kind::kPattern);
  line += " ssub=" + count(pubsub::Kind::kShard);
  const bool multi = client.Has(client::kMulti) && client.transaction != nullptr;
  line += " multi=" + number(multi ? static_cast<int64_t>(client.transaction->commands.size()) : -1);
  line += " qbuf=" + number(static_cast<int64_t>(input)) + " qbuf-free=0";
  line += " argv-mem=" + number(static_cast<int64_t>(argument_bytes)) + " multi-mem=" +
          number(static_cast<int64_t>(client::TransactionBytes(client)));
  line += " rbs=" + number(static_cast<int64_t>(capacity)) + " rbp=" + number(static_cast<int64_t>(capacity));
  line += " obl=0 oll=" + number(output > 0 ? 1 : 0) + " omem=" + number(static_cast<int64_t>(output));
  line += " tot-mem=" + number(static_cast<int64_t>(client::MemoryBytes(client)));
  line += " events=" + std::string(output > 0 ? "rw" : "r");
  line += " cmd=" + std::string(client.last_command);
  line += " user=" + (client.user == nullptr ? "(superuser)" : client.user->name());
  line += " redir=" + (client.tracking == nullptr ? "-1" : std::to_string(client.tracking->redirect));
  line += " resp=" + number(client.reply.protocol());
  line += " lib-name=" + client.lib_name + " lib-ver=" + client.lib_version;
  return line;
}

// As the line of any other client, with id 0: it can be killed by type or address.
std::string MasterLinkLine(const Node& node) {
  const replication::ReplicaSide& link = *node.replica_side;
  const int64_t idle_s = link.last_io_ms() > 0 ? (node.clock->UnixMs() - link.last_io_ms()) / 1000 : 0;
  return "id=0 addr=" + link.LinkPeerAddress() + " laddr=" + link.LinkLocalAddress() + " fd=-1 name= age=0 idle=" +
         std::to_string(idle_s) + " flags=M db=" + std::to_string(link.stream_db()) +
         " sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 "
         "tot-mem=0 events=r cmd=NULL user=(superuser) redir=-1 resp=2 lib-name= lib-ver=";
}

void ClientInfo(Call& call) { call.reply.Verbatim("txt", ClientLine(call.node, call.client, call.args) + "\n"); }

void ClientList(Call& call) {
  Filter filter;
  if (!ParseListFilter(call, &filter)) return;
  std::string text;
  for (const uint64_t id : Selected(call, filter)) {
    const Client& client = *call.node.sessions->Clients().Find(id);
    text += ClientLine(call.node, client, &client == &call.client ? call.args : std::span<const std::string_view>()) + "\n";
  }
  if (filter.MatchesMasterLink(*call.node.replica_side)) text += MasterLinkLine(call.node) + "\n";
  call.reply.Verbatim("txt", text);
}

void ClientKill(Call& call) {
  Filter filter;
  const bool old_form = call.args.size() == 3;
  if (old_form) {
    filter.address = call.args[2];
    filter.skip_me = false;
  } else {
    if (call.args.size() % 2 != 0) return call.reply.Error(kSyntaxError);
    for (size_t i = 2; i < call.args.size(); i += 2) {
      if (!ParseKillOption(call, call.args[i], call.args[i + 1], &filter)) return;
    }
  }
  std::vector<uint64_t> ids = Selected(call, filter);
  if (filter.skip_me) ids.erase(std::remove(ids.begin(), ids.end(), call.client.id), ids.end());
  const bool master_link = filter.MatchesMasterLink(*call.node.replica_side);
  if (old_form && ids.empty() && !master_link) return call.reply.Error("ERR No such client");
  if (old_form) {
    call.reply.Ok();
  } else {
    call.reply.Integer(static_cast<int64_t>(ids.size()) + (master_link ? 1 : 0));
  }
  if (master_link) call.node.replica_side->Reconnect("killed by CLIENT KILL");
  for (const uint64_t id : ids) {
    if (Client* client = call.node.sessions->Clients().Find(id)) call.node.sessions->Kill(*client, &call.client);
  }
}

}  // namespace windlass::commands
