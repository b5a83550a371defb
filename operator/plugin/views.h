// What a person is shown of a RedisCluster: text from its object and its pods. Pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace windlass::plugin {

using Json = nlohmann::json;

struct Seen {
  const Json& cluster;
  const std::vector<Json>& pods;
  // Machine → zone, as far as the person may read that.
  std::map<std::string, std::string> zones;
};

// Phase, shards as a tree with their nodes and where those are, and bars of slots.
std::string StatusText(const Seen& seen);
// What is being done, how far it is, and which slots are to move.
std::string PlanText(const Json& cluster);
// Who owns how many slots.
std::string SlotsText(const Json& cluster);

struct Diagnosis {
  std::string text;
  bool well = true;
};
// What is wrong, and what to do about it.
Diagnosis Diagnose(const Seen& seen);

}  // namespace windlass::plugin
