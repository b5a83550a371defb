// What commands need from the rest of the server: the components, by pointer, and
// small ports that server/ implements.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.h"
#include "node/base/log.h"
#include "node/base/random.h"
#include "node/base/result.h"
#include "node/client/client.h"

namespace windlass::keyspace {
class Keyspace;
}
namespace windlass::config {
class Config;
}
namespace windlass::client {
class Registry;
}
namespace windlass::acl {
class Users;
class DenialLog;
}  // namespace windlass::acl
namespace windlass::net {
class EventLoop;
}
namespace windlass::observe {
struct Stats;
class SlowLog;
class CommandStats;
class LatencyMonitor;
class InfoReport;
class SlotStats;
}  // namespace windlass::observe
namespace windlass::persistence {
class SaveService;
class Aof;
}  // namespace windlass::persistence
namespace windlass::replication {
class ReplicationLog;
class PrimarySide;
class ReplicaSide;
class Failover;
}  // namespace windlass::replication
namespace windlass::pubsub {
class Broker;
}
namespace windlass::migration {
class Migrator;
class MovingKeys;
}  // namespace windlass::migration

namespace windlass::commands {

class KeyWaits;     // commands/key_waits.h
class SlotMigrationPort;  // commands/slot_migration_port.h
class ClusterPort;  // commands/cluster_port.h; the cluster driver implements it
class ScriptRunner;  // commands/script_runner.h
class CommandTable;
class WatchTable;

// A script has run longer than busy-reply-threshold.
enum class Busy { kNo, kScript, kFunction };
// What clients are told meanwhile.
std::string_view BusyError(Busy busy);

// Facts that admission and INFO read on every command. Each line names its writer.
struct Status {
  bool loading = false;            // persistence, replica side: the data set is being loaded
  int64_t loading_total_bytes = 0;
  int64_t loading_done_bytes = 0;
  int64_t loading_start_ms = 0;
  bool is_replica = false;         // replica side
  bool master_link_up = true;      // replica side; true on a master
  int good_replicas = 0;           // primary side: lag <= min-replicas-max-lag
  int replicas = 0;                // primary side: attached
  bool last_save_failed = false;   // save service, when a save point had to act
  bool aof_write_failed = false;   // AOF: the last write or fsync failed
  std::string aof_error;
  Busy busy = Busy::kNo;           // script host
  bool serving_refused = false;    // cluster driver: data is empty or old, not proven current
  bool expire_active = true;       // DEBUG SET-ACTIVE-EXPIRE
  bool cron_paused = false;        // DEBUG PAUSE-CRON
  bool skip_checksum = false;      // DEBUG SET-SKIP-CHECKSUM-VALIDATION
  bool scripts_call_all = false;   // DEBUG SET-DISABLE-DENY-SCRIPTS
};

// The classes of keyspace events; the letters of notify-keyspace-events.
enum class NotifyClass : uint32_t {
  kGeneric = 1 << 2,    // g
  kString = 1 << 3,     // $
  kList = 1 << 4,       // l
  kSet = 1 << 5,        // s
  kHash = 1 << 6,       // h
  kSortedSet = 1 << 7,  // z
  kExpired = 1 << 8,    // x
  kEvicted = 1 << 9,    // e
  kStream = 1 << 10,    // t
  kKeyMiss = 1 << 11,   // m
  kModule = 1 << 13,    // d
  kNew = 1 << 14,       // n
};

// Tells those who subscribed to it what happened to a key.
class KeyEvents {
 public:
  virtual ~KeyEvents() = default;
  virtual void Publish(int db, NotifyClass kind, std::string_view event, std::string_view key) = 0;
};

enum class WakeReason { kReady, kTimeout, kUnblock, kUnblockError, kClosed };

// Clients that wait for something that is not a key: WAIT, MIGRATE, FAILOVER.
class Blocker {
 public:
  virtual ~Blocker() = default;
  // Writes the one reply of the command, except for kClosed (the client is gone:
  // only clean up) and kUnblockError (the -UNBLOCKED reply is written for you).
  using OnWake = std::function<void(client::Client&, WakeReason)>;
  // The handler returns without a reply. deadline 0: none. Unix milliseconds.
  virtual void Block(client::Client& client, int64_t deadline_ms, OnWake on_wake) = 0;
  // The condition holds: calls on_wake(kReady) at once, then the client goes on.
  virtual void Wake(uint64_t client_id) = 0;
  // The server follows another now: every waiting client is told so (kUnblockError)
  // and disconnected, for what it waits for may never come here.
  virtual void DisconnectAll() = 0;
};

struct ShutdownFlags {
  bool save = false;
  bool nosave = false;
  bool now = false;
  bool force = false;
  bool abort = false;
  bool failover = false;
};

class Lifecycle {
 public:
  virtual ~Lifecycle() = default;
  // Ends the process when done; an error text if it must not (a failed save).
  // `client_id`, when not 0, gets that error if the shutdown fails later.
  virtual base::Result<void> Shutdown(const ShutdownFlags& flags, uint64_t client_id) = 0;
  virtual bool AbortShutdown() = 0;  // false: none under way
  virtual void Restart(int64_t delay_ms) = 0;  // DEBUG RESTART
};

// DEBUG RELOAD and LOADAOF: the data set again, from disk.
class Reloader {
 public:
  virtual ~Reloader() = default;
  virtual base::Result<void> Reload(bool save, bool flush) = 0;
  virtual base::Result<void> ReloadAof() = 0;
};

// maxmemory, as those see it who show or obey it.
class MemoryGuard {
 public:
  virtual ~MemoryGuard() = default;
  virtual int64_t UsedBytes() const = 0;        // cheap; used_memory within a tenth of a second
  virtual int64_t NotCountedBytes() const = 0;  // of those, what the limit does not count
  // Over the limit with nothing to evict, when last asked: writes that grow the data
  // inside scripts are refused.
  virtual bool RefusesGrowth() const = 0;
  // How long the limit was exceeded, in all and since it last began.
  virtual int64_t ExceededUs() const = 0;
  virtual int64_t CurrentExceededUs() const = 0;
  virtual void ResetExceeded() = 0;
};

enum class PauseMode { kNone, kWrite, kAll };

class Sessions {
 public:
  virtual ~Sessions() = default;
  virtual client::Registry& Clients() = 0;
  virtual void Pause(PauseMode mode, int64_t until_unix_ms) = 0;  // client pause; the longer one wins
  virtual void Unpause() = 0;
  // Pauses by the server itself (failover, handover), apart from CLIENT PAUSE.
  virtual void PauseForFailover(int64_t until_unix_ms) = 0;
  virtual void UnpauseForFailover() = 0;
  virtual PauseMode CurrentPause() const = 0;
  // Closes a client; if it is the one executing, after its reply.
  virtual void Kill(client::Client& client, client::Client* by) = 0;
  // Closes every normal client: after this node lost its data or its role.
  virtual void DisconnectPubSubOrAll() = 0;
  // Brings the counters of bytes read and sent up to now.
  virtual void CountTraffic() = 0;
  // Bytes the server holds for clients, or for replicas.
  virtual size_t ClientBytes(bool replicas) const = 0;
  // Unblock as CLIENT UNBLOCK does. False: it was not blocked.
  virtual bool Unblock(uint64_t client_id, bool with_error) = 0;
};

// Clients that watch every command: MONITOR.
class Monitors {
 public:
  virtual ~Monitors() = default;
  virtual void Add(client::Client& client) = 0;
  virtual void Remove(client::Client& client) = 0;
};

// Clients that want to hear of changes of keys they have read: CLIENT TRACKING.
struct TrackingCounts {
  size_t clients = 0;
  size_t keys = 0;
  size_t items = 0;
  size_t prefixes = 0;
};
class Tracking {
 public:
  virtual ~Tracking() = default;
  // The prefixes of `wanted` join those the client has.
  virtual void Begin(client::Client& client, const client::TrackingState& wanted) = 0;
  virtual void End(client::Client& client) = 0;
  virtual TrackingCounts Counts() const = 0;
};

// Runs a command as if a client had sent it: AOF replay, the link to a master,
// EXEC, imports. No admission for kMasterLink and kAofLoader clients but arity.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Execute(client::Client& client, std::span<const std::string_view> args) = 0;
};

// The server's parts, for handlers. Pointers are set once by main.cc, before the
// loop runs; those marked (null?) may be absent.
struct Node {
  keyspace::Keyspace* keyspace = nullptr;
  config::Config* config = nullptr;
  net::EventLoop* loop = nullptr;
  base::Logger* log = nullptr;
  base::Clock* clock = nullptr;
  base::Random* random = nullptr;

  observe::Stats* stats = nullptr;
  observe::SlowLog* slowlog = nullptr;
  observe::CommandStats* command_stats = nullptr;
  observe::LatencyMonitor* latency = nullptr;
  observe::InfoReport* info = nullptr;
  observe::SlotStats* slot_stats = nullptr;  // null outside cluster mode

  persistence::SaveService* saves = nullptr;
  persistence::Aof* aof = nullptr;
  replication::ReplicationLog* repl_log = nullptr;
  replication::PrimarySide* primary_side = nullptr;
  replication::ReplicaSide* replica_side = nullptr;
  replication::Failover* failover = nullptr;
  ClusterPort* cluster = nullptr;  // null outside cluster mode
  SlotMigrationPort* slot_migrations = nullptr;  // null outside cluster mode
  migration::Migrator* migrator = nullptr;
  migration::MovingKeys* moving_keys = nullptr;  // writes to these wait: admission holds them

  pubsub::Broker* pubsub = nullptr;

  Sessions* sessions = nullptr;
  Blocker* blocker = nullptr;
  KeyWaits* key_waits = nullptr;
  Lifecycle* lifecycle = nullptr;
  Monitors* monitors = nullptr;
  Tracking* tracking = nullptr;
  ScriptRunner* scripts = nullptr;
  MemoryGuard* memory = nullptr;
  Executor* executor = nullptr;
  Reloader* reloader = nullptr;
  KeyEvents* key_events = nullptr;  // null: nobody can have subscribed
  acl::Users* users = nullptr;
  acl::DenialLog* denials = nullptr;
  const CommandTable* commands = nullptr;
  WatchTable* watches = nullptr;

  Status status;
  std::string run_id;  // 40 hex digits
  int64_t start_unix_ms = 0;
  int64_t start_monotonic_us = 0;
  int64_t startup_bytes = 0;  // allocated before the data was loaded
  std::function<int64_t()> cluster_connections;  // bus links, for INFO; unset: none
};

}  // namespace windlass::commands
