// See diff.h.
#include "operator/resources/diff.h"

#include <nlohmann/json.hpp>

namespace windlass::resources {
namespace {

using Json = nlohmann::json;

std::optional<std::string> DifferenceAt(const std::string& path, const Json& wanted, const Json& live) {
  if (wanted.is_object() && live.is_object()) {
    for (const auto& [name, value] : wanted.items()) {
      const std::string at = path.empty() ? name : path + "." + name;
      const auto found = live.find(name);
      if (found == live.end()) return at;
      if (auto difference = DifferenceAt(at, value, *found)) return difference;
    }
    return std::nullopt;
  }
  if (wanted.is_array() && live.is_array()) {
    if (wanted.size() != live.size()) return path;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (auto difference = DifferenceAt(path + "[" + std::to_string(i) + "]", wanted[i], live[i])) return difference;
    }
    return std::nullopt;
  }
  return wanted == live ? std::nullopt : std::optional<std::string>(path);
}

}  // namespace

std::optional<std::string> FirstDifference(const Json& wanted, const Json& live) { return DifferenceAt("", wanted, live); }

}  // namespace windlass::resources
