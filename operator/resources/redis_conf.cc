// redis.conf for a spec. Only directives that redis-server 7.0 knows.
#include <sstream>

#include "operator/api/names.h"
#include "operator/api/validation.h"
#include "operator/resources/builders.h"

namespace windlass::resources {
namespace {

// What the user wrote is a rest of a line of redis.conf; CONFIG SET takes one
// argument, in which quotes around a single word are none.
std::string AsArgument(const std::string& value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted && value.find('"', 1) == value.size() - 1 ? value.substr(1, value.size() - 2) : value;
}

using Persistence = api::Persistence;

Persistence::Mode ModeOf(const api::Spec& spec) {
  if (spec.persistence.mode != Persistence::Mode::kDefault) return spec.persistence.mode;
  return spec.storage ? Persistence::Mode::kAof : Persistence::Mode::kNone;
}

std::string FsyncWord(Persistence::Fsync fsync) {
  return fsync == Persistence::Fsync::kAlways ? "always" : fsync == Persistence::Fsync::kNo ? "no" : "everysec";
}

// Those that Redis has if nobody says otherwise.
constexpr char kSavePoints[] = "3600 1 300 100 60 10000";

}  // namespace

std::map<std::string, std::string> Settings(const api::Spec& spec) {
  std::map<std::string, std::string> settings{{"cluster-node-timeout", std::to_string(spec.failover.node_timeout_ms)},
                                              {"maxmemory", std::to_string(api::MaxmemoryBytes(spec))},
                                              {"maxmemory-policy", spec.memory.eviction_policy},
                                              {"appendonly", ModeOf(spec) == Persistence::Mode::kAof ? "yes" : "no"},
                                              {"appendfsync", FsyncWord(spec.persistence.fsync)},
                                              {"save", ModeOf(spec) == Persistence::Mode::kRdb ? kSavePoints : ""}};
  // Without a barrier replicas are placed by the operator alone, and a drained master
  // stays one, with its replicas, until it is removed.
  settings["cluster-allow-replica-migration"] = spec.failover.migration_barrier > 0 ? "yes" : "no";
  if (spec.failover.migration_barrier > 0) settings["cluster-migration-barrier"] = std::to_string(spec.failover.migration_barrier);
  // A server that is not ours knows neither, and need not as long as nobody asks for it.
  if (spec.durability.min_acks > 0) {
    settings["windlass-min-acks"] = std::to_string(spec.durability.min_acks);
    settings["windlass-min-acks-on-shortage"] = spec.durability.on_shortage == api::Durability::OnShortage::kBlock ? "block" : "degrade";
  }
  // Likewise: counting what a slot costs is asked for, and figures of a port of their own.
  if (spec.rebalance.by == api::Rebalance::By::kLoad) settings["cluster-slot-stats-enabled"] = "yes";
  if (spec.metrics) settings["metrics-port"] = std::to_string(spec.metrics->port);
  for (const auto& [name, value] : spec.config) settings[name] = AsArgument(value);
  return settings;
}

std::string RedisConf(const api::Spec& spec) {
  std::ostringstream conf;
  conf << "# Written by windlass-operator.\n"
       << "port " << api::kRedisPort << "\n"
       << "protected-mode no\n"
       << "dir /data\n"
       << "cluster-enabled yes\n"
       << "cluster-config-file nodes.conf\n"
       // Losing one shard must not stop the others.
       << "cluster-require-full-coverage no\n"
       << "repl-diskless-sync yes\n"
       << "repl-diskless-sync-delay 0\n";
  for (const auto& [name, value] : Settings(spec)) {
    if (spec.config.count(name) == 0) conf << name << " " << (value.empty() ? "\"\"" : value) << "\n";
  }
  for (const auto& [name, value] : spec.config) conf << name << " " << (value.empty() ? "\"\"" : value) << "\n";
  return conf.str();
}

}  // namespace windlass::resources
