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

}  // namespace

std::map<std::string, std::string> Settings(const api::Spec& spec) {
  std::map<std::string, std::string> settings{{"cluster-node-timeout", std::to_string(spec.node_timeout_ms)},
                                              {"maxmemory", std::to_string(api::MaxmemoryBytes(spec))},
                                              {"maxmemory-policy", spec.memory.eviction_policy}};
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
       << "cluster-node-timeout " << spec.node_timeout_ms << "\n"
       // Replicas are placed by the operator alone; a drained master stays one,
       // with its replicas, until it is removed.
       << "cluster-allow-replica-migration no\n"
       // Losing one shard must not stop the others.
       << "cluster-require-full-coverage no\n"
       << "repl-diskless-sync yes\n"
       << "repl-diskless-sync-delay 0\n"
       << "maxmemory " << api::MaxmemoryBytes(spec) << "\n"
       << "maxmemory-policy " << spec.memory.eviction_policy << "\n"
       << "save \"\"\n"
       << "appendonly " << (spec.storage ? "yes" : "no") << "\n"
       << "appendfsync everysec\n";
  for (const auto& [name, value] : spec.config) conf << name << " " << (value.empty() ? "\"\"" : value) << "\n";
  return conf.str();
}

}  // namespace windlass::resources
