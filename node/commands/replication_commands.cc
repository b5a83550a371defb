// REPLICAOF, ROLE, PSYNC, REPLCONF, WAIT and their like.
#include "node/commands/replication_commands.h"

#include <memory>
#include <string>

#include "node/cluster/core.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/persistence/aof.h"
#include "node/replication/primary_side.h"
#include "node/replication/replica_side.h"
#include "node/replication/replication_log.h"

namespace windlass::commands {
namespace {

// A replica's bytes go out the way its replies do.
class ClientReplicaTransport final : public replication::ReplicaTransport {
 public:
  explicit ClientReplicaTransport(client::Client* client) : client_(client) {}
  void Send(std::string_view bytes) override {
    if (client_->transport == nullptr) return;
    client_->reply.out()->append(bytes);
    client_->transport->OutputChanged();
  }
  size_t PendingOutput() const override { return client_->transport == nullptr ? 0 : client_->transport->PendingOutput(); }
  std::string PeerIp() const override { return client_->transport == nullptr ? std::string() : client_->transport->PeerIp(); }
  int64_t LastHeardMs() const override { return client_->last_interaction_ms; }
  void Close(std::string_view reason) override {
    if (client_->transport != nullptr) client_->transport->Close(reason);
  }

 private:
  client::Client* client_;  // outlives this: its end is told to the primary side first
};

void Follow(Call& call) {
  replication::ReplicaSide& link = *call.node.replica_side;
  if (call.node.cluster != nullptr) return call.reply.Error("ERR REPLICAOF not allowed in cluster mode.");
  const std::string peer = call.client.transport == nullptr ? "" : call.client.transport->PeerAddress();
  if (EqualsNoCase(call.args[1], "no") && EqualsNoCase(call.args[2], "one")) {
    if (link.following()) {
      link.StopFollowing();
      (void)call.node.config->Store("replicaof", "");
      call.node.log->Notice("MASTER MODE enabled (user request from 'id=" + std::to_string(call.client.id) + " addr=" + peer + "')");
    }
    return call.reply.Ok();
  }
  int64_t port = 0;
  if (!ParseInt64(call.args[2], &port) || port < 0 || port > 65535) return call.reply.Error("ERR Invalid master port");
  const std::string host(call.args[1]);
  if (link.following() && link.host() == host && link.port() == port) {
    call.node.log->Notice("REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.");
    return call.reply.Simple("OK Already connected to specified master");
  }
  call.node.log->Notice("REPLICAOF " + host + ":" + std::to_string(port) + " enabled (user request from 'id=" +
                        std::to_string(call.client.id) + " addr=" + peer + "')");
  (void)call.node.config->Store("replicaof", host + " " + std::to_string(port));
  link.Follow(host, static_cast<int>(port));
  call.reply.Ok();
}

std::string_view LinkWord(replication::LinkState state) {
  switch (state) {
    case replication::LinkState::kNone: return "none";
    case replication::LinkState::kConnect: return "connect";
    case replication::LinkState::kConnecting: return "connecting";
    case replication::LinkState::kHandshake: return "handshake";
    case replication::LinkState::kTransfer: return "sync";
    case replication::LinkState::kConnected: return "connected";
  }
  return "unknown";
}

void Role(Call& call) {
  const replication::ReplicaSide& link = *call.node.replica_side;
  if (link.following()) {
    call.reply.Array(5);
    call.reply.Bulk("slave");
    call.reply.Bulk(link.host());
    call.reply.Integer(link.port());
    call.reply.Bulk(LinkWord(link.state()));
    call.reply.Integer(link.link_up() ? link.offset() : -1);
    return;
  }
  std::vector<replication::ReplicaReport> online;
  for (replication::ReplicaReport& report : call.node.primary_side->Report()) {
    if (report.state == replication::ReplicaState::kOnline) online.push_back(std::move(report));
  }
  call.reply.Array(3);
  call.reply.Bulk("master");
  call.reply.Integer(call.node.repl_log->offset());
  call.reply.Array(static_cast<int64_t>(online.size()));
  for (const replication::ReplicaReport& report : online) {
    call.reply.Array(3);
    call.reply.Bulk(report.ip);
    call.reply.Bulk(std::to_string(report.port));
    call.reply.Bulk(std::to_string(report.acked_offset));
  }
}

void StartSync(Call& call, replication::PrimarySide::SyncRequest request) {
  if (call.client.Has(client::kReplica)) return;  // once is enough, and it expects no reply
  if (call.node.replica_side->following() && !call.node.replica_side->link_up()) {
    return call.reply.Error("NOMASTERLINK Can't SYNC while not connected with my master");
  }
  // A master that came back without its data must not be copied: its replicas
  // would throw away what they have. They take this for "not yet" and ask again.
  if (call.node.cluster != nullptr && !call.node.cluster->core().MayBeFollowed()) {
    return call.reply.Error("NOMASTERLINK Can't SYNC with a restarted master whose data may not be the newest");
  }
  call.client.Set(client::kReplica);
  request.client_id = call.client.id;
  request.transport = std::make_unique<ClientReplicaTransport>(&call.client);
  call.node.primary_side->Sync(std::move(request));
}

void PartialSync(Call& call) {
  replication::PrimarySide::SyncRequest request;
  request.id = call.args[1];
  if (!ParseInt64(call.args[2], &request.next_offset)) return call.reply.Error(kNotInteger);
  StartSync(call, std::move(request));
}

void FullSync(Call& call) {
  replication::PrimarySide::SyncRequest request;
  request.psync = false;
  StartSync(call, std::move(request));
}

void ReplicaConfiguration(Call& call) {
  if (call.args.size() % 2 == 0) return call.reply.Error(kSyntaxError);
  replication::PrimarySide& primary = *call.node.primary_side;
  for (size_t i = 1; i + 1 < call.args.size(); i += 2) {
    const std::string_view option = call.args[i];
    const std::string_view value = call.args[i + 1];
    int64_t number = 0;
    if (EqualsNoCase(option, "ack")) {
      // Sent once a second and answered with silence.
      if (ParseInt64(value, &number)) primary.Acknowledge(call.client.id, number);
      return;
    }
    if (EqualsNoCase(option, "getack")) return;  // a master's question; this client is none
    if (EqualsNoCase(option, "listening-port")) {
      if (!ParseInt64(value, &number)) return call.reply.Error(kNotInteger);
      primary.SetListeningPort(call.client.id, static_cast<int>(number));
    } else if (EqualsNoCase(option, "ip-address")) {
      primary.SetAnnouncedIp(call.client.id, std::string(value));
    } else if (EqualsNoCase(option, "capa")) {
      primary.AddCapability(call.client.id, value);
    } else if (!EqualsNoCase(option, "version")) {
      return call.reply.Error("ERR Unrecognized REPLCONF option: " + std::string(option));
    }
  }
  call.reply.Ok();
}

// Waits, as far as the deadline allows, until `replicas` have acknowledged all
// that was written so far; then `answer` writes the reply.
void WaitForReplicas(Call& call, int64_t replicas, int64_t timeout_ms, std::function<void(client::Client&, int acked)> answer) {
  replication::PrimarySide* primary = call.node.primary_side;
  const int64_t offset = call.node.repl_log->offset();
  if (primary->AckedBy(offset) >= replicas || call.client.Has(client::kDenyBlocking)) {
    return answer(call.client, primary->AckedBy(offset));
  }
  const uint64_t id = call.client.id;
  Blocker* blocker = call.node.blocker;
  blocker->Block(call.client, timeout_ms == 0 ? 0 : call.now_ms + timeout_ms,
                 [primary, offset, id, answer = std::move(answer)](client::Client& client, WakeReason reason) {
                   primary->CancelWait(id);
                   if (reason != WakeReason::kClosed && reason != WakeReason::kUnblockError) answer(client, primary->AckedBy(offset));
                 });
  primary->WaitForAcks(id, offset, static_cast<int>(replicas), [blocker, id] { blocker->Wake(id); });
}

void Wait(Call& call) {
  int64_t replicas = 0;
  int64_t timeout_ms = 0;
  if (call.node.replica_side->following()) {
    return call.reply.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to "
        "be writable (which is not the default) writes to replicas are just local and are not propagated.");
  }
  if (!ParseInt64(call.args[1], &replicas) || replicas < 0 || replicas > INT32_MAX) {
    return call.reply.Error(kNotInteger);
  }
  if (!ParseInt64(call.args[2], &timeout_ms)) return call.reply.Error("ERR timeout is not an integer or out of range");
  if (timeout_ms < 0) return call.reply.Error("ERR timeout is negative");
  WaitForReplicas(call, replicas, timeout_ms, [](client::Client& client, int acked) { client.reply.Integer(acked); });
}

constexpr uint64_t kReplicationAcl = kAclAdmin | kAclDangerous | kAclSlow;
constexpr uint64_t kSyncFlags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti;
constexpr uint64_t kFollowFlags = kAdmin | kNoScript | kStale | kNoAsyncLoading;

const CommandSpec kCommands[] = {
    {.name = "replicaof", .arity = 3, .flags = kFollowFlags, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Makes this server follow another one, or be a master.", "5.0.0", "server", "O(1)"}, .handler = Follow},
    {.name = "slaveof", .arity = 3, .flags = kFollowFlags, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Makes this server follow another one, or be a master.", "1.0.0", "server", "O(1)"}, .handler = Follow},
    {.name = "role", .arity = 1, .flags = kNoScript | kLoading | kStale | kFast, .keys = {}, .acl = kAclAdmin | kAclDangerous | kAclFast,
     .docs = {"Tells this server's role in replication.", "2.8.12", "server", "O(1)"}, .handler = Role},
    {.name = "psync", .arity = -3, .flags = kSyncFlags, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Asks for the replication stream; replicas use it.", "2.8.0", "server", ""}, .handler = PartialSync},
    {.name = "sync", .arity = 1, .flags = kSyncFlags, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Asks for a full copy and the stream; old replicas use it.", "1.0.0", "server", ""}, .handler = FullSync},
    {.name = "replconf", .arity = -1, .flags = kAdmin | kNoScript | kLoading | kStale | kAllowBusy, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Settings and acknowledgements of a replica.", "3.0.0", "server", "O(1)"}, .handler = ReplicaConfiguration},
    {.name = "wait", .arity = 3, .flags = kNoScript | kBlocking, .keys = {}, .acl = kAclSlow | kAclConnection,
     .docs = {"Waits until replicas have acknowledged this connection's writes.", "3.0.0", "generic", "O(1)"}, .handler = Wait},
};

}  // namespace

std::span<const CommandSpec> ReplicationCommands() { return kCommands; }

}  // namespace windlass::commands
