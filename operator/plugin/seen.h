// What a person's question is answered from: objects as the API server gives them, and
// what the operator measures. What could not be read is absent, which is not "none".
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/redis_cluster.h"

namespace windlass::plugin {

using Json = nlohmann::json;

// Of a shard's master.
struct ShardLoad {
  std::optional<double> used_bytes, most_bytes, ops_per_second;
};

// What the operator says at /metrics.
struct Figures {
  std::string version;
  std::map<std::string, ShardLoad> shards;  // by shard
};

struct Seen {
  Json cluster;
  std::vector<Json> pods;
  std::map<std::string, std::string> zones = {};  // of machines; an empty one: it has none
  std::optional<Figures> figures = {};
  std::string no_figures = {};               // why there are none
  std::vector<Json> claims = {};
  std::optional<bool> auth_secret_there = {};  // the one that spec.auth.secretName names
};

// The value at this path; null if it is not there.
const Json* At(const Json& object, std::initializer_list<const char*> path);
std::string TextAt(const Json& object, std::initializer_list<const char*> path);
bool TrueAt(const Json& object, std::initializer_list<const char*> path);
std::string NameOf(const Json& object);
std::string Label(const Json& object, const char* name);
bool Ready(const Json& pod);
// Why a pod does not run, in Kubernetes' own words; empty if it does.
std::string TroubleOf(const Json& pod);
api::Status StatusOf(const Json& cluster);

// What /metrics says of one cluster.
Figures FiguresFrom(const std::string& metrics, const std::string& name_space, const std::string& name);

}  // namespace windlass::plugin
