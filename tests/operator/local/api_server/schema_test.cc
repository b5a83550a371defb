// Structural schemas: pruning, defaults, and validation's own words.
#include "operator/local/api_server/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace windlass::api_server {
namespace {

using nlohmann::json;

const json kSchema = json::parse(R"({
  "type": "object", "required": ["spec"],
  "properties": {
    "spec": {"type": "object", "default": {}, "required": ["name"],
      "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
        "shards": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 1000, "default": 3},
        "mode": {"type": "string", "enum": ["AOF", "RDB"]},
        "maybe": {"type": "string", "nullable": true},
        "memory": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "config": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "nested": {"type": "object", "default": {}, "properties": {"percent": {"type": "integer", "default": 75}}},
        "metrics": {"type": "array", "maxItems": 2, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
          "items": {"type": "object", "properties": {"type": {"type": "string"}, "target": {"type": "integer"}}}}
      }}}})");

std::string Complaints(const json& spec) {
  std::string text;
  for (const Cause& cause : Validate(kSchema, {{"spec", spec}})) text += CauseText(cause) + "\n";
  return text;
}

TEST(Schema, AGoodObjectHasNoComplaints) {
  EXPECT_EQ(Complaints({{"name", "demo"}, {"shards", 3}, {"memory", "1Gi"}, {"maybe", nullptr}}), "");
  EXPECT_EQ(Complaints({{"name", "demo"}, {"memory", 12}}), "");
}

TEST(Schema, NumbersOutOfRangeAreNamedAsKubernetesDoes) {
  EXPECT_EQ(Complaints({{"name", "demo"}, {"shards", 0}}),
            "spec.shards: Invalid value: 0: spec.shards in body should be greater than or equal to 1\n");
  EXPECT_EQ(Complaints({{"name", "demo"}, {"shards", 2000}}),
            "spec.shards: Invalid value: 2000: spec.shards in body should be less than or equal to 1000\n");
}

TEST(Schema, AWrongTypeIsNamedOnce) {
  EXPECT_EQ(Complaints({{"name", "demo"}, {"shards", "two"}}),
            "spec.shards: Invalid value: \"string\": spec.shards in body must be of type integer: \"string\"\n");
  EXPECT_EQ(Complaints({{"name", "demo"}, {"shards", 1.5}}),
            "spec.shards: Invalid value: \"number\": spec.shards in body must be of type integer: \"number\"\n");
  EXPECT_EQ(Complaints({{"name", nullptr}}),
            "spec.name: Invalid value: \"null\": spec.name in body must be of type string: \"null\"\n");
  EXPECT_NE(Complaints({{"name", "demo"}, {"memory", true}}).find("integer,string"), std::string::npos);
}

TEST(Schema, StringsEnumsAndRequiredFields) {
  EXPECT_EQ(Complaints(json::object()), "spec.name: Required value\n");
  EXPECT_EQ(Complaints({{"name", "toolong"}}), "spec.name: Too long: may not be more than 5 bytes\n");
  EXPECT_EQ(Complaints({{"name", "A1"}}), "spec.name: Invalid value: \"A1\": spec.name in body should match '^[a-z]+$'\n");
  EXPECT_EQ(Complaints({{"name", "ab"}, {"mode", "X"}}),
            "spec.mode: Unsupported value: \"X\": supported values: \"AOF\", \"RDB\"\n");
}

TEST(Schema, ListsAndMapsAreBoundedAndKeysAreUnique) {
  EXPECT_EQ(Complaints({{"name", "ab"}, {"config", {{"a", "1"}, {"b", "2"}, {"c", "3"}}}}),
            "spec.config: Too many: 3: must have at most 2 items\n");
  EXPECT_EQ(Complaints({{"name", "ab"}, {"metrics", json::array({{{"type", "M"}}, {{"type", "M"}}})}}),
            "spec.metrics[1]: Duplicate value: {\"type\":\"M\"}\n");
  EXPECT_EQ(Complaints({{"name", "ab"}, {"metrics", json::array({{{"type", "M"}, {"target", "x"}}})}}),
            "spec.metrics[0].target: Invalid value: \"string\": spec.metrics[0].target in body must be of type integer: "
            "\"string\"\n");
}

TEST(Schema, PruningNamesWhatItRemoves) {
  json object = {{"spec",
                  {{"name", "demo"},
                   {"foo", 1},
                   {"config", {{"any", "x"}}},
                   {"free", {{"any", {{"thing", 1}}}}},
                   {"metrics", json::array({{{"type", "M"}, {"bar", 1}}})}}},
                 {"extra", true}};
  EXPECT_EQ(Prune(kSchema, object), (std::vector<std::string>{"extra", "spec.foo", "spec.metrics[0].bar"}));
  EXPECT_FALSE(object["spec"].contains("foo"));
  EXPECT_EQ(object["spec"]["free"]["any"]["thing"], 1);
}

TEST(Schema, DefaultsFillWhatIsAbsentAndOnlyThat) {
  json object = json::object();
  ApplyDefaults(kSchema, object);
  EXPECT_EQ(object, json::parse(R"({"spec": {"shards": 3, "nested": {"percent": 75}}})"));
  object = json::parse(R"({"spec": {"shards": 5, "nested": {"percent": 10}, "maybe": null}})");
  json before = object;
  ApplyDefaults(kSchema, object);
  EXPECT_EQ(object, before);
  object = {{"spec", {{"shards", nullptr}}}};
  ApplyDefaults(kSchema, object);
  EXPECT_EQ(object["spec"]["shards"], 3);
}

TEST(Schema, ASchemaWithoutTypesIsRefused) {
  EXPECT_FALSE(ValidateSchema(json::parse(R"({"type": "object", "properties": {"a": {}}})"), "s").empty());
  EXPECT_FALSE(ValidateSchema(json::parse(R"({"type": "array"})"), "s").empty());
  EXPECT_TRUE(ValidateSchema(kSchema, "s").empty());
}

TEST(Schema, CombinationsAreChecked) {
  const json one_of = json::parse(R"({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})");
  EXPECT_TRUE(Validate(one_of, {{"a", 1}}).empty());
  EXPECT_EQ(Validate(one_of, {{"a", 1}, {"b", 1}}).size(), 1U);
  EXPECT_EQ(Validate(one_of, json::object()).size(), 1U);
  const json no = json::parse(R"({"type": "object", "not": {"required": ["a"]}})");
  EXPECT_EQ(Validate(no, {{"a", 1}}).size(), 1U);
}

}  // namespace
}  // namespace windlass::api_server
