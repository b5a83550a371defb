// REPLICAOF, ROLE, PSYNC, REPLCONF, WAIT and their like.
#include "node/commands/ack_wait.h"
#include "node/commands/replication_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "node/base/quoted_words.h"
#include "node/cluster/core.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/persistence/aof.h"
#include "node/replication/failover.h"
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
  if (call.node.failover->running()) return call.reply.Error("ERR REPLICAOF not allowed while failing over.");
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
  // Once is enough, and it expects no reply; nor does who monitors.
  if (call.client.Has(client::kReplica | client::kMonitor)) return;
  if (call.node.failover->running()) return call.reply.Error("NOMASTERLINK Can't SYNC while failing over");
  if (call.node.replica_side->following() && !call.node.replica_side->link_up()) {
    return call.reply.Error("NOMASTERLINK Can't SYNC while not connected with my master");
  }
  // A master that came back without its data must not be copied: its replicas
  // would throw away what they have. They take this for "not yet" and ask again.
  if (call.node.cluster != nullptr && !call.node.cluster->core().MayBeFollowed()) {
    return call.reply.Error("NOMASTERLINK Can't SYNC with a restarted master whose data may not be the newest");
  }
  if (!call.node.primary_side->CanBeGivenItsCopy(call.client.id)) {
    return call.reply.Error("ERR Filtered replica requires EOF capability");
  }
  call.client.Set(client::kReplica);
  request.client_id = call.client.id;
  request.transport = std::make_unique<ClientReplicaTransport>(&call.client);
  call.node.primary_side->Sync(std::move(request));
}

// The master itself asks, by its FAILOVER: this replica is the master from here on.
// False: refused, and the reply is written.
bool TakeOver(Call& call, std::string_view history_id) {
  const std::string error = [&]() -> std::string {
    if (call.node.cluster != nullptr) return "ERR FAILOVER not allowed in cluster mode.";
    if (!call.node.replica_side->following()) return "ERR PSYNC FAILOVER can't be sent to a master.";
    if (call.node.repl_log->id() != history_id) return "ERR PSYNC FAILOVER replid must match my replid.";
    return "";
  }();
  if (!error.empty()) {
    call.reply.Error(error);
    return false;
  }
  call.node.log->Notice("Failover request received for replid " + std::string(history_id) + ".");
  call.node.replica_side->StopFollowing();
  (void)call.node.config->Store("replicaof", "");
  const std::string peer = call.client.transport == nullptr ? "" : call.client.transport->PeerAddress();
  call.node.log->Notice("MASTER MODE enabled (failover request from 'id=" + std::to_string(call.client.id) + " addr=" + peer + "')");
  return true;
}

void PartialSync(Call& call) {
  replication::PrimarySide::SyncRequest request;
  request.id = call.args[1];
  if (!ParseInt64(call.args[2], &request.next_offset)) return call.reply.Error(kNotInteger);
  if (call.args.size() > 3 && EqualsNoCase(call.args[3], "failover") && !TakeOver(call, request.id)) return;
  StartSync(call, std::move(request));
}

void FullSync(Call& call) {
  replication::PrimarySide::SyncRequest request;
  request.psync = false;
  StartSync(call, std::move(request));
}

// `filter` names what the copy is to hold, nothing else goes into it. False: the reply was written.
bool SetCopyContents(Call& call, std::string_view filter) {
  std::vector<std::string> words;
  if (!base::SplitQuoted(filter, &words)) {
    call.reply.Error("ERR Missing rdb-filter-only values");
    return false;
  }
  replication::CopyContents contents{false, false};
  std::string unknown;
  for (const std::string& word : words) {
    if (unknown.empty() && EqualsNoCase(word, "functions")) contents.functions = true;
    else if (unknown.empty()) unknown = word;
  }
  call.node.primary_side->SetCopyContents(call.client.id, contents);
  if (!unknown.empty()) call.reply.Error("ERR Unsupported rdb-filter-only option: " + unknown);
  return unknown.empty();
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
      int64_t fsynced = -1;
      if (i + 3 < call.args.size() && EqualsNoCase(call.args[i + 2], "fack")) (void)ParseInt64(call.args[i + 3], &fsynced);
      if (ParseInt64(value, &number)) primary.Acknowledge(call.client.id, number, fsynced);
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
    } else if (EqualsNoCase(option, "rdb-only")) {
      if (!ParseInt64(value, &number)) return call.reply.Error(kNotInteger);
      if (number < 0 || number > 1) return call.reply.Error("ERR value is out of range, value must between 0 and 1");
      primary.SetCopyOnly(call.client.id, number == 1);
    } else if (EqualsNoCase(option, "rdb-filter-only")) {
      if (!SetCopyContents(call, value)) return;
    } else if (EqualsNoCase(option, "version")) {
      primary.SetVersion(call.client.id, value);
    } else {
      return call.reply.Error("ERR Unrecognized REPLCONF option: " + std::string(option));
    }
  }
  call.reply.Ok();
}

// Far beyond any use, and far from overflow when added to a time in microseconds.
constexpr int64_t kLongestTimeoutMs = int64_t{100} * 365 * 24 * 3600 * 1000;

// False: the reply is written.
bool ParseTimeout(Call& call, std::string_view text, int64_t* timeout_ms) {
  if (!ParseInt64(text, timeout_ms)) {
    call.reply.Error("ERR timeout is not an integer or out of range");
    return false;
  }
  if (*timeout_ms < 0) {
    call.reply.Error("ERR timeout is negative");
    return false;
  }
  if (*timeout_ms <= kLongestTimeoutMs) return true;
  call.reply.Error("ERR timeout is out of range");
  return false;
}

void Wait(Call& call) {
  int64_t replicas = 0;
  AckWait wait;
  if (call.node.replica_side->following()) {
    return call.reply.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to "
        "be writable (which is not the default) writes to replicas are just local and are not propagated.");
  }
  if (!ParseInt64(call.args[1], &replicas)) return call.reply.Error(kNotInteger);
  if (!ParseTimeout(call, call.args[2], &wait.timeout_ms)) return;
  const replication::PrimarySide* primary = call.node.primary_side;
  const int64_t offset = call.node.repl_log->offset();
  wait.enough = [=] { return primary->AckedBy(offset) >= replicas; };
  wait.answer = [=](client::Client& client) { client.reply.Integer(primary->AckedBy(offset)); };
  WaitForAcks(call, std::move(wait));
}

// WAITAOF numlocal numreplicas timeout: what was written so far is in the
// append-only file on disk, here and at that many replicas.
void WaitAof(Call& call) {
  int64_t local = 0;
  int64_t replicas = 0;
  AckWait wait;
  if (!ParseInt64(call.args[1], &local)) return call.reply.Error(kNotInteger);
  if (local < 0 || local > 1) return call.reply.Error("ERR value is out of range, value must between 0 and 1");
  if (!ParseInt64(call.args[2], &replicas) || replicas < 0 || replicas > INT32_MAX) {
    return call.reply.Error("ERR value is out of range, must be positive");
  }
  if (!ParseTimeout(call, call.args[3], &wait.timeout_ms)) return;
  if (call.node.replica_side->following()) {
    return call.reply.Error(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are "
        "not propagated.");
  }
  const persistence::Aof* aof = call.node.aof;
  if (local == 1 && !aof->enabled()) {
    return call.reply.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  const replication::PrimarySide* primary = call.node.primary_side;
  const int64_t offset = call.node.repl_log->offset();
  const int64_t position = aof->appended();
  const auto here = [=] { return aof->complete() && aof->synced() >= position ? int64_t{1} : int64_t{0}; };
  wait.enough = [=] { return here() >= local && primary->FsyncedBy(offset) >= replicas; };
  wait.answer = [=](client::Client& client) {
    client.reply.Array(2);
    client.reply.Integer(here());
    client.reply.Integer(primary->FsyncedBy(offset));
  };
  WaitForAcks(call, std::move(wait));
}

// FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT ms]. False: the reply is written.
bool ParseFailover(Call& call, replication::Failover::Request* request, bool* abort) {
  const auto fail = [&call](std::string_view error) {
    call.reply.Error(error);
    return false;
  };
  const auto args = call.args;
  int64_t number = 0;
  for (size_t i = 1; i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    if (EqualsNoCase(args[i], "timeout") && left >= 1 && request->timeout_ms == 0) {
      if (!ParseInt64(args[++i], &number)) return fail(kNotInteger);
      if (number <= 0) return fail("ERR FAILOVER timeout must be greater than 0");
      request->timeout_ms = std::min(number, kLongestTimeoutMs);
    } else if (EqualsNoCase(args[i], "abort") && args.size() == 2) {
      *abort = true;
    } else if (EqualsNoCase(args[i], "to") && left >= 2 && request->host.empty()) {
      request->host = args[++i];
      if (!ParseInt64(args[++i], &number)) return fail(kNotInteger);
      request->port = static_cast<int>(std::clamp<int64_t>(number, -1, 65536));
    } else if (EqualsNoCase(args[i], "force") && !request->force) {
      request->force = true;
    } else {
      return fail(kSyntaxError);
    }
  }
  return true;
}

void FailoverCommand(Call& call) {
  if (call.node.cluster != nullptr) return call.reply.Error("ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.");
  replication::Failover::Request request;
  bool abort = false;
  if (!ParseFailover(call, &request, &abort)) return;
  replication::Failover& failover = *call.node.failover;
  if (abort) {
    if (!failover.Abort("Failover manually aborted")) return call.reply.Error("ERR No failover in progress.");
    return call.reply.Ok();
  }
  if (auto started = failover.Start(std::move(request)); !started.ok()) return call.reply.Error(started.error());
  call.reply.Ok();
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
    {.name = "wait", .arity = 3, .flags = kBlocking, .keys = {}, .acl = kAclSlow | kAclConnection,
     .docs = {"Waits until replicas have acknowledged this connection's writes.", "3.0.0", "generic", "O(1)"}, .handler = Wait},
    {.name = "waitaof", .arity = 4, .flags = kBlocking, .keys = {}, .acl = kAclSlow | kAclConnection,
     .docs = {"Waits until this connection's writes are in append-only files on disk, here and at replicas.", "7.2.0", "generic", "O(1)"},
     .handler = WaitAof},
    {.name = "failover", .arity = -1, .flags = kAdmin | kNoScript | kStale, .keys = {}, .acl = kReplicationAcl,
     .docs = {"Hands the master's role to a replica that has caught up.", "6.2.0", "server", "O(1)"}, .handler = FailoverCommand},
};

}  // namespace

std::span<const CommandSpec> ReplicationCommands() { return kCommands; }

}  // namespace windlass::commands
