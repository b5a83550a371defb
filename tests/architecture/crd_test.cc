// crds/ and operator/api are one API: every field of the schema is read (spec)
// or read and written (status) at its path, with the same default, and the code
// knows no field that the schema has not.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "operator/api/json.h"
#include "operator/local/api_server/yaml_json.h"

namespace windlass::api {
namespace {

using nlohmann::json;

std::string ReadSource(const std::string& path) {
  std::ifstream file(std::string(WINDLASS_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const json& Schema(const char* part) {
  static const json crd = api_server::YamlToJson(ReadSource("crds/windlass.dev_redisclusters.yaml"));
  return crd.at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema").at("properties").at(part);
}

bool IsLeaf(const json& schema) { return !schema.contains("properties") && schema.value("type", "") != "array"; }

// A value that the schema allows and that is no default, so that it is seen
// whether it was read.
json Value(const json& schema) {
  if (schema.contains("enum")) {
    const json& words = schema.at("enum");
    return words.back() == schema.value("default", json()) ? words.front() : words.back();
  }
  if (schema.contains("x-kubernetes-int-or-string")) return "7Mi";
  const std::string type = schema.value("type", "");
  if (type == "boolean") return !schema.value("default", false);
  if (type == "integer") return schema.value("minimum", 1) + 6;
  if (schema.contains("x-kubernetes-preserve-unknown-fields")) return {{"some", "text"}};
  if (schema.contains("additionalProperties")) return {{"some", Value(schema.at("additionalProperties"))}};
  return "text";
}

// Everything of the schema, filled in.
json Full(const json& schema) {
  if (schema.value("type", "") == "array") return json::array({Full(schema.at("items"))});
  if (IsLeaf(schema)) return Value(schema);
  json object = json::object();
  for (const auto& [name, property] : schema.at("properties").items()) object[name] = Full(property);
  return object;
}

// The schema's defaults as an API server fills them in.
void AddDefaults(const json& schema, json* value) {
  if (!value->is_object()) return;
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    if (!value->contains(name) && property.contains("default")) (*value)[name] = property.at("default");
    if (value->contains(name)) AddDefaults(property, &(*value)[name]);
  }
}

// Calls fn with each leaf's path as errors write it, and its JSON pointer into Full().
using Visit = std::function<void(const std::string& path, const json::json_pointer& pointer)>;
void ForEachLeaf(const json& schema, const std::string& path, const json::json_pointer& pointer, const Visit& fn) {
  if (schema.value("type", "") == "array") return ForEachLeaf(schema.at("items"), path + "[0]", pointer / 0, fn);
  if (IsLeaf(schema)) return fn(path, pointer);
  for (const auto& [name, property] : schema.at("properties").items()) {
    ForEachLeaf(property, path + "." + name, pointer / name, fn);
  }
}

std::set<std::string> PropertyNames(const json& schema) {
  std::set<std::string> names;
  if (schema.value("type", "") == "array") return PropertyNames(schema.at("items"));
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    names.insert(name);
    names.merge(PropertyNames(property));
  }
  return names;
}

// The words in quotes that a pattern's first group finds in a source.
std::set<std::string> Words(const std::string& source, const std::string& pattern) {
  std::set<std::string> words;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(source.begin(), source.end(), regex), end; it != end; ++it) words.insert((*it)[1]);
  return words;
}

TEST(Crd, EveryFieldOfTheSpecIsReadAtItsPath) {
  const json& schema = Schema("spec");
  int leaves = 0;
  ForEachLeaf(schema, "spec", json::json_pointer(), [&](const std::string& path, const json::json_pointer& pointer) {
    ++leaves;
    json spec = Full(schema);
    EXPECT_NO_THROW(SpecFromJson(spec));
    // What is read and is of no type that could be meant is refused by its path.
    spec[pointer] = json::array({json::array()});
    try {
      SpecFromJson(spec);
      ADD_FAILURE() << path << " is in the schema, but is not read";
    } catch (const FieldFailure& failure) {
      EXPECT_EQ(std::string(failure.what()).rfind(path + ": ", 0), 0u) << path << " is read elsewhere: " << failure.what();
    }
  });
  EXPECT_GE(leaves, 30);
}

TEST(Crd, EveryFieldOfTheSpecChangesTheValue) {
  const json& schema = Schema("spec");
  ForEachLeaf(schema, "spec", json::json_pointer(), [&](const std::string& path, const json::json_pointer& pointer) {
    json without = Full(schema);
    json& around = without[pointer.parent_pointer()];
    if (around.is_array()) {
      around.erase(std::stoul(pointer.back()));
    } else {
      around.erase(pointer.back());
    }
    EXPECT_FALSE(SpecFromJson(without) == SpecFromJson(Full(schema))) << path << " makes no difference";
  });
}

TEST(Crd, DefaultsAreThoseOfTheApi) {
  json spec = json::object();
  AddDefaults(Schema("spec"), &spec);
  EXPECT_TRUE(SpecFromJson(spec) == SpecFromJson(json::object())) << spec.dump(1);
  // Objects without a default of their own have some inside.
  const json least = {{"storage", {{"size", "1Gi"}}},
                      {"autoscaling", {{"maxShards", 5}, {"metrics", {{{"type", "OpsPerSecond"}, {"target", 1}}}}}}};
  json filled = least;
  AddDefaults(Schema("spec"), &filled);
  const json& metric = Schema("spec").at("properties").at("autoscaling").at("properties").at("metrics").at("items");
  AddDefaults(metric, &filled["autoscaling"]["metrics"][0]);
  EXPECT_NE(filled, least);
  EXPECT_TRUE(SpecFromJson(filled) == SpecFromJson(least)) << filled.dump(1);
}

TEST(Crd, EveryFieldOfTheStatusIsReadAndWritten) {
  const json status = Full(Schema("status"));
  EXPECT_EQ(StatusToJson(StatusFromJson(status)), status);
}

TEST(Crd, TheApiKnowsNoOtherFields) {
  const auto spec = PropertyNames(Schema("spec"));
  const auto read = Words(ReadSource("operator/api/spec_json.cc"), R"re(\w+\.(?:Get|GetEnum|Object|List)\("(\w+)")re");
  EXPECT_GE(read.size(), 30u);
  for (const std::string& name : read) EXPECT_EQ(spec.count(name), 1u) << name << " is read, but is not in the schema";
  const auto status = PropertyNames(Schema("status"));
  const std::string source = ReadSource("operator/api/status_json.cc");
  auto known = Words(source, R"re((?:Text|Number|Int|ObjectIn|ForEachObject|Put)\([&*]?\w+, "(\w+)")re");
  known.merge(Words(source, R"re(\{"(\w+)", )re"));
  EXPECT_GE(known.size(), 40u);
  for (const std::string& name : known) EXPECT_EQ(status.count(name), 1u) << name << " is known, but is not in the schema";
}

}  // namespace
}  // namespace windlass::api
