// YAML 1.1 scalars by the core rules that sigs.k8s.io/yaml follows.
#include "operator/local/api_server/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

constexpr int kDeepest = 200;

json Plain(const std::string& text) {
  static const std::regex kInteger("[-+]?(0|[1-9][0-9]*)");
  static const std::regex kHex("0x[0-9a-fA-F]+");
  static const std::regex kFloat("[-+]?([0-9]+\\.[0-9]*|\\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?");
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return json();
  for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    if (text == no) return false;
  }
  try {
    if (text.size() < 20 && std::regex_match(text, kInteger)) return std::stoll(text);
    if (text.size() < 18 && std::regex_match(text, kHex)) return std::stoll(text, nullptr, 16);
    if (text.size() < 64 && std::regex_match(text, kFloat)) return std::stod(text);
  } catch (const std::out_of_range&) {
    return text;
  }
  return text;
}

json Convert(const YAML::Node& node, int depth) {
  if (depth > kDeepest) throw BadRequest("error decoding YAML: nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return node.Tag() == "?" || node.Tag().empty() ? Plain(node.Scalar()) : json(node.Scalar());
    case YAML::NodeType::Sequence: {
      json list = json::array();
      for (const YAML::Node& item : node) list.push_back(Convert(item, depth + 1));
      return list;
    }
    case YAML::NodeType::Map: {
      json map = json::object();
      for (const auto& entry : node) map[entry.first.Scalar()] = Convert(entry.second, depth + 1);
      return map;
    }
    default: return json();
  }
}

}  // namespace

json YamlToJson(const std::string& text) {
  try {
    return Convert(YAML::Load(text), 0);
  } catch (const YAML::Exception& error) {
    throw BadRequest(std::string("error decoding YAML: ") + error.what());
  }
}

}  // namespace windlass::api_server
