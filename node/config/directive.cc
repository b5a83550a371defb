// Every directive of redis.conf 7.2. See directive.h.
#include "node/config/directive.h"

#include <climits>

namespace windlass::config {
namespace {

constexpr int64_t kInt = INT_MAX;
constexpr int64_t kLong = LLONG_MAX;
constexpr int64_t kMb = 1024 * 1024;

constexpr EnumWord kPolicies[] = {
    {"volatile-lru", 0}, {"volatile-lfu", 1}, {"volatile-random", 2}, {"volatile-ttl", 3},
    {"allkeys-lru", 4},  {"allkeys-lfu", 5},  {"allkeys-random", 6},  {"noeviction", 7}};
constexpr EnumWord kFsync[] = {{"everysec", 1}, {"always", 2}, {"no", 0}};
constexpr EnumWord kWriteAhead[] = {{"no", 0}, {"yes", 1}, {"auto", 2}};
constexpr EnumWord kLoglevels[] = {{"debug", 0}, {"verbose", 1}, {"notice", 2}, {"warning", 3}, {"nothing", 4}};
constexpr EnumWord kSupervised[] = {{"upstart", 3}, {"systemd", 2}, {"auto", 1}, {"no", 0}};
constexpr EnumWord kDisklessLoad[] = {{"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {"flushdb", 3}};
constexpr EnumWord kShutdownOn[] = {{"default", 0}, {"save", 1}, {"nosave", 2}, {"now", 4}, {"force", 8}};
constexpr EnumWord kEndpoints[] = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}};
constexpr EnumWord kShortage[] = {{"block", 0}, {"degrade", 1}};
constexpr EnumWord kGuard[] = {{"no", 0}, {"yes", 1}, {"local", 2}};
constexpr EnumWord kPropagation[] = {{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}};
constexpr EnumWord kAclPubsub[] = {{"allchannels", 1}, {"resetchannels", 0}};
constexpr EnumWord kSanitize[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};
constexpr EnumWord kOomAdj[] = {{"no", 0}, {"yes", 1}, {"relative", 1}, {"absolute", 2}};
constexpr EnumWord kTlsAuth[] = {{"no", 0}, {"yes", 1}, {"optional", 2}};
constexpr EnumWord kFacility[] = {{"user", 8},    {"local0", 128}, {"local1", 136},
                                  {"local2", 144}, {"local3", 152}, {"local4", 160},
                                  {"local5", 168}, {"local6", 176}, {"local7", 184}};

constexpr Directive kTable[] = {
    // --- network
    {"bind", "", Type::kList, "* -::*"},
    {"port", "", Type::kInteger, "6379", 0, 0, 65535},
    {"tcp-backlog", "", Type::kInteger, "511", kImmutable, 0, kInt},
    {"timeout", "", Type::kInteger, "0", 0, 0, kInt},
    {"tcp-keepalive", "", Type::kInteger, "300", 0, 0, kInt},
    {"bind-source-addr", "", Type::kText, "", kEmptyIsUnset},
    {"protected-mode", "", Type::kBool, "yes"},
    {"unixsocket", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"unixsocketperm", "", Type::kOctal, "0", kImmutable, 0, 0777},
    {"socket-mark-id", "", Type::kInteger, "0", kImmutable, 0, UINT_MAX},
    {"maxclients", "", Type::kInteger, "10000", 0, 1, UINT_MAX},
    {"client-query-buffer-limit", "", Type::kMemory, "1073741824", 0, kMb, kLong},
    {"proto-max-bulk-len", "", Type::kMemory, "536870912", 0, kMb, kLong},
    {"client-output-buffer-limit", "", Type::kOutputLimits,
     "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},
    {"maxmemory-clients", "", Type::kPercentMemory, "0"},
    {"io-threads", "", Type::kInteger, "1", kImmutable, 1, 128},
    {"io-threads-do-reads", "", Type::kBool, "no", kImmutable},
    // --- TLS
    {"tls-port", "", Type::kInteger, "0", 0, 0, 65535},
    {"tls-session-cache-size", "", Type::kInteger, "20480", 0, 0, kInt},
    {"tls-session-cache-timeout", "", Type::kInteger, "300", 0, 0, kInt},
    {"tls-cluster", "", Type::kBool, "no"},
    {"tls-replication", "", Type::kBool, "no"},
    {"tls-auth-clients", "", Type::kEnum, "yes", 0, 0, 0, kTlsAuth},
    {"tls-prefer-server-ciphers", "", Type::kBool, "no"},
    {"tls-session-caching", "", Type::kBool, "yes"},
    {"tls-cert-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-key-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-key-file-pass", "", Type::kText, "", kSensitive | kEmptyIsUnset},
    {"tls-client-cert-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-client-key-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-client-key-file-pass", "", Type::kText, "", kSensitive | kEmptyIsUnset},
    {"tls-dh-params-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-ca-cert-file", "", Type::kText, "", kEmptyIsUnset},
    {"tls-ca-cert-dir", "", Type::kText, "", kEmptyIsUnset},
    {"tls-protocols", "", Type::kText, "", kEmptyIsUnset},
    {"tls-ciphers", "", Type::kText, "", kEmptyIsUnset},
    {"tls-ciphersuites", "", Type::kText, "", kEmptyIsUnset},
    // --- process
    {"daemonize", "", Type::kBool, "no", kImmutable},
    {"supervised", "", Type::kEnum, "no", kImmutable, 0, 0, kSupervised},
    {"pidfile", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"loglevel", "", Type::kEnum, "notice", 0, 0, 0, kLoglevels},
    {"logfile", "", Type::kText, "", kImmutable},
    {"syslog-enabled", "", Type::kBool, "no", kImmutable},
    {"syslog-ident", "", Type::kText, "redis", kImmutable},
    {"syslog-facility", "", Type::kEnum, "local0", kImmutable, 0, 0, kFacility},
    {"crash-log-enabled", "", Type::kBool, "yes"},
    {"use-exit-on-panic", "", Type::kBool, "no", kHidden},
    {"watchdog-period", "", Type::kInteger, "0", kHidden, 0, kInt},
    {"crash-memcheck-enabled", "", Type::kBool, "yes"},
    {"databases", "", Type::kInteger, "16", kImmutable, 1, kInt},
    {"always-show-logo", "", Type::kBool, "no", kImmutable},
    {"set-proc-title", "", Type::kBool, "yes", kImmutable},
    {"proc-title-template", "", Type::kText, "{title} {listen-addr} {server-mode}"},
    {"locale-collate", "", Type::kText, ""},
    {"hz", "", Type::kInteger, "10", 0, 0, kInt},
    {"dynamic-hz", "", Type::kBool, "yes"},
    {"shutdown-timeout", "", Type::kInteger, "10", 0, 0, kInt},
    {"shutdown-on-sigint", "", Type::kEnumSet, "default", 0, 0, 0, kShutdownOn},
    {"shutdown-on-sigterm", "", Type::kEnumSet, "default", 0, 0, 0, kShutdownOn},
    {"disable-thp", "", Type::kBool, "yes", kImmutable},
    {"oom-score-adj", "", Type::kEnum, "no", 0, 0, 0, kOomAdj},
    {"oom-score-adj-values", "", Type::kList, "0 200 800"},
    {"server_cpulist", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"bio_cpulist", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"aof_rewrite_cpulist", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"bgsave_cpulist", "", Type::kText, "", kImmutable | kEmptyIsUnset},
    {"ignore-warnings", "", Type::kText, ""},
    {"jemalloc-bg-thread", "", Type::kBool, "yes"},
    {"dir", "", Type::kText, ".", kProtected},
    {"include", "", Type::kLines, ""},
    {"rename-command", "", Type::kLines, ""},
    {"loadmodule", "", Type::kLines, ""},
    {"user", "", Type::kLines, ""},
    {"enable-protected-configs", "", Type::kEnum, "no", kImmutable, 0, 0, kGuard},
    {"enable-debug-command", "", Type::kEnum, "no", kImmutable, 0, 0, kGuard},
    {"enable-module-command", "", Type::kEnum, "no", kImmutable, 0, 0, kGuard},
    {"propagation-error-behavior", "", Type::kEnum, "ignore", 0, 0, 0, kPropagation},
    // --- snapshots
    {"save", "", Type::kSave, "3600 1 300 100 60 10000"},
    {"stop-writes-on-bgsave-error", "", Type::kBool, "yes"},
    {"rdbcompression", "", Type::kBool, "yes"},
    {"rdbchecksum", "", Type::kBool, "yes", kImmutable},
    {"sanitize-dump-payload", "", Type::kEnum, "no", 0, 0, 0, kSanitize},
    {"dbfilename", "", Type::kText, "dump.rdb", kProtected},
    {"rdb-del-sync-files", "", Type::kBool, "no"},
    {"rdb-save-incremental-fsync", "", Type::kBool, "yes"},
    {"rdb-key-save-delay", "", Type::kInteger, "0", kHidden, INT_MIN, kInt},
    {"loading-process-events-interval-bytes", "", Type::kMemory, "2097152", kImmutable | kHidden, 1024, kInt},
    {"key-load-delay", "", Type::kInteger, "0", kHidden, INT_MIN, kInt},
    // --- replication
    {"replicaof", "slaveof", Type::kList, "", kImmutable | kEmptyIsUnset},
    {"masterauth", "", Type::kText, "", kSensitive | kEmptyIsUnset},
    {"masteruser", "", Type::kText, "", kEmptyIsUnset},
    {"replica-serve-stale-data", "slave-serve-stale-data", Type::kBool, "yes"},
    {"replica-read-only", "slave-read-only", Type::kBool, "yes"},
    {"repl-diskless-sync", "", Type::kBool, "yes"},
    {"repl-diskless-sync-delay", "", Type::kInteger, "5", 0, 0, kInt},
    {"repl-diskless-sync-max-replicas", "", Type::kInteger, "0", 0, 0, kInt},
    {"repl-diskless-load", "", Type::kEnum, "disabled", 0, 0, 0, kDisklessLoad},
    {"repl-ping-replica-period", "repl-ping-slave-period", Type::kInteger, "10", 0, 1, kInt},
    {"repl-timeout", "", Type::kInteger, "60", 0, 1, kInt},
    {"repl-disable-tcp-nodelay", "", Type::kBool, "no"},
    {"repl-backlog-size", "", Type::kMemory, "1048576", 0, 1, kLong},
    {"repl-backlog-ttl", "", Type::kInteger, "3600", 0, 0, kLong},
    {"replica-priority", "slave-priority", Type::kInteger, "100", 0, 0, kInt},
    {"replica-announced", "", Type::kBool, "yes"},
    {"min-replicas-to-write", "min-slaves-to-write", Type::kInteger, "0", 0, 0, kInt},
    {"min-replicas-max-lag", "min-slaves-max-lag", Type::kInteger, "10", 0, 0, kInt},
    {"windlass-min-acks", "", Type::kInteger, "0", 0, 0, kInt},
    {"windlass-min-acks-on-shortage", "", Type::kEnum, "block", 0, 0, 0, kShortage},
    {"windlass-min-acks-timeout", "", Type::kInteger, "1000", 0, 1, kInt},
    {"windlass-cluster-id", "", Type::kText, "", kEmptyIsUnset},
    {"windlass-aof-write-ahead", "", Type::kEnum, "auto", 0, 0, 0, kWriteAhead},
    {"windlass-copy-memory", "", Type::kMemory, "16777216", 0, 1, kLong},
    {"windlass-copy-disk", "", Type::kMemory, "4294967296", 0, 0, kLong},
    {"replica-announce-ip", "slave-announce-ip", Type::kText, "", kEmptyIsUnset},
    {"replica-announce-port", "slave-announce-port", Type::kInteger, "0", 0, 0, 65535},
    {"replica-ignore-maxmemory", "slave-ignore-maxmemory", Type::kBool, "yes"},
    {"replica-lazy-flush", "slave-lazy-flush", Type::kBool, "no"},
    {"replica-ignore-disk-write-errors", "", Type::kBool, "no"},
    // --- security
    {"requirepass", "", Type::kText, "", kSensitive | kEmptyIsUnset},
    {"aclfile", "", Type::kText, "", kImmutable},
    {"acllog-max-len", "", Type::kInteger, "128", 0, 0, kLong},
    {"acl-pubsub-default", "", Type::kEnum, "resetchannels", 0, 0, 0, kAclPubsub},
    // --- memory
    {"maxmemory", "", Type::kMemory, "0", 0, 0, kLong},
    {"maxmemory-policy", "", Type::kEnum, "noeviction", 0, 0, 0, kPolicies},
    {"maxmemory-samples", "", Type::kInteger, "5", 0, 1, 64},
    {"maxmemory-eviction-tenacity", "", Type::kInteger, "10", 0, 0, 100},
    {"active-expire-effort", "", Type::kInteger, "1", 0, 1, 10},
    {"lazyfree-lazy-eviction", "", Type::kBool, "no"},
    {"lazyfree-lazy-expire", "", Type::kBool, "no"},
    {"lazyfree-lazy-server-del", "", Type::kBool, "no"},
    {"lazyfree-lazy-user-del", "", Type::kBool, "no"},
    {"lazyfree-lazy-user-flush", "", Type::kBool, "no"},
    {"lfu-log-factor", "", Type::kInteger, "10", 0, 0, kInt},
    {"lfu-decay-time", "", Type::kInteger, "1", 0, 0, kInt},
    {"activerehashing", "", Type::kBool, "yes"},
    {"activedefrag", "", Type::kBool, "no"},
    {"active-defrag-cycle-min", "", Type::kInteger, "1", 0, 1, 99},
    {"active-defrag-cycle-max", "", Type::kInteger, "25", 0, 1, 99},
    {"active-defrag-threshold-lower", "", Type::kInteger, "10", 0, 0, 1000},
    {"active-defrag-threshold-upper", "", Type::kInteger, "100", 0, 0, 1000},
    {"active-defrag-max-scan-fields", "", Type::kInteger, "1000", 0, 1, kLong},
    {"active-defrag-ignore-bytes", "", Type::kMemory, "104857600", 0, 1, kLong},
    // --- append-only file
    {"appendonly", "", Type::kBool, "no"},
    {"appendfilename", "", Type::kText, "appendonly.aof", kImmutable},
    {"appenddirname", "", Type::kText, "appendonlydir", kImmutable},
    {"appendfsync", "", Type::kEnum, "everysec", 0, 0, 0, kFsync},
    {"no-appendfsync-on-rewrite", "", Type::kBool, "no"},
    {"auto-aof-rewrite-percentage", "", Type::kInteger, "100", 0, 0, kInt},
    {"auto-aof-rewrite-min-size", "", Type::kMemory, "67108864", 0, 0, kLong},
    {"aof-load-truncated", "", Type::kBool, "yes"},
    {"aof-use-rdb-preamble", "", Type::kBool, "yes"},
    {"aof-rewrite-incremental-fsync", "", Type::kBool, "yes"},
    {"aof-timestamp-enabled", "", Type::kBool, "no"},
    {"aof-disable-auto-gc", "", Type::kBool, "no"},
    // --- cluster
    {"cluster-enabled", "", Type::kBool, "no", kImmutable},
    {"cluster-config-file", "", Type::kText, "nodes.conf", kImmutable},
    {"cluster-node-timeout", "", Type::kInteger, "15000", 0, 0, kLong},
    {"cluster-port", "", Type::kInteger, "0", kImmutable, 0, 65535},
    {"cluster-replica-validity-factor", "cluster-slave-validity-factor", Type::kInteger, "10", 0, 0, kInt},
    {"cluster-migration-barrier", "", Type::kInteger, "1", 0, 0, kInt},
    {"cluster-allow-replica-migration", "", Type::kBool, "yes"},
    {"cluster-require-full-coverage", "", Type::kBool, "yes"},
    {"cluster-replica-no-failover", "cluster-slave-no-failover", Type::kBool, "no"},
    {"cluster-allow-reads-when-down", "", Type::kBool, "no"},
    {"cluster-allow-pubsubshard-when-down", "", Type::kBool, "yes"},
    {"cluster-link-sendbuf-limit", "", Type::kMemory, "0", 0, 0, kLong},
    {"cluster-announce-ip", "", Type::kText, "", kEmptyIsUnset},
    {"cluster-announce-port", "", Type::kInteger, "0", 0, 0, 65535},
    {"cluster-announce-tls-port", "", Type::kInteger, "0", 0, 0, 65535},
    {"cluster-announce-bus-port", "", Type::kInteger, "0", 0, 0, 65535},
    {"cluster-announce-hostname", "", Type::kText, "", kEmptyIsUnset},
    {"cluster-announce-human-nodename", "", Type::kText, "", kEmptyIsUnset},
    {"cluster-preferred-endpoint-type", "", Type::kEnum, "ip", 0, 0, 0, kEndpoints},
    {"cluster-slot-stats-enabled", "", Type::kBool, "no"},
    // --- observability
    {"metrics-port", "", Type::kInteger, "0", 0, 0, 65535},
    {"slowlog-log-slower-than", "", Type::kInteger, "10000", 0, -1, kLong},
    {"slowlog-max-len", "", Type::kInteger, "128", 0, 0, kLong},
    {"latency-monitor-threshold", "", Type::kInteger, "0", 0, 0, kLong},
    {"latency-tracking", "", Type::kBool, "yes"},
    {"latency-tracking-info-percentiles", "", Type::kList, "50 99 99.9"},
    {"notify-keyspace-events", "", Type::kEvents, ""},
    {"tracking-table-max-keys", "", Type::kInteger, "1000000", 0, 0, kLong},
    // --- encodings
    {"hash-max-listpack-entries", "hash-max-ziplist-entries", Type::kInteger, "512", 0, 0, kLong},
    {"hash-max-listpack-value", "hash-max-ziplist-value", Type::kMemory, "64", 0, 0, kLong},
    {"list-max-listpack-size", "list-max-ziplist-size", Type::kInteger, "-2", 0, INT_MIN, kInt},
    {"list-compress-depth", "", Type::kInteger, "0", 0, 0, kInt},
    {"set-max-intset-entries", "", Type::kInteger, "512", 0, 0, kLong},
    {"set-max-listpack-entries", "", Type::kInteger, "128", 0, 0, kLong},
    {"set-max-listpack-value", "", Type::kInteger, "64", 0, 0, kLong},
    {"zset-max-listpack-entries", "zset-max-ziplist-entries", Type::kInteger, "128", 0, 0, kLong},
    {"zset-max-listpack-value", "zset-max-ziplist-value", Type::kMemory, "64", 0, 0, kLong},
    {"hll-sparse-max-bytes", "", Type::kMemory, "3000", 0, 0, kLong},
    {"stream-node-max-bytes", "", Type::kMemory, "4096", 0, 0, kLong},
    {"stream-node-max-entries", "", Type::kInteger, "100", 0, 0, kLong},
    // --- scripts
    {"busy-reply-threshold", "lua-time-limit", Type::kInteger, "5000", 0, 0, kLong},
};

constexpr struct {
  char letter;
  int64_t bit;
} kEventLetters[] = {{'K', 1},    {'E', 2},    {'g', 4},     {'$', 8},     {'l', 16},    {'s', 32},
                     {'h', 64},   {'z', 128},  {'x', 256},   {'e', 512},   {'t', 1024},  {'m', 2048},
                     {'d', 8192}, {'n', 16384}};
constexpr int64_t kAllEvents = 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024 | 8192;

}  // namespace

std::span<const Directive> Directives() { return kTable; }

bool ParseEventLetters(std::string_view letters, int64_t* bits) {
  *bits = 0;
  for (const char c : letters) {
    if (c == 'A') {
      *bits |= kAllEvents;
      continue;
    }
    bool found = false;
    for (const auto& entry : kEventLetters) {
      if (entry.letter == c) {
        *bits |= entry.bit;
        found = true;
      }
    }
    if (!found) return false;
  }
  return true;
}

std::string EventLetters(int64_t bits) {
  std::string text;
  const bool all = (bits & kAllEvents) == kAllEvents;
  if (all) text.push_back('A');
  // In the order in which Redis prints them; beside A it leaves n out.
  for (const char c : std::string_view("g$lshzxetdnKEm")) {
    for (const auto& entry : kEventLetters) {
      if (entry.letter != c || (bits & entry.bit) == 0) continue;
      if (all && (c == 'n' || (entry.bit & kAllEvents) != 0)) continue;
      text.push_back(c);
    }
  }
  return text;
}

}  // namespace windlass::config
