// Managed fields and server-side apply.
#include "operator/local/api_server/managed_fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

const json kSchema = json::parse(R"({
  "type": "object", "properties": {
    "apiVersion": {"type": "string"}, "kind": {"type": "string"},
    "metadata": {"type": "object", "properties": {
      "name": {"type": "string"},
      "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
    "spec": {"type": "object", "properties": {
      "shards": {"type": "integer"}, "image": {"type": "string"},
      "args": {"type": "array", "items": {"type": "string"}},
      "config": {"type": "object", "additionalProperties": {"type": "string"}},
      "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {"type": "object", "properties": {"port": {"type": "integer"}, "name": {"type": "string"},
          "protocol": {"type": "string", "default": "TCP"}}}}}},
    "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}})");

FieldWriter As(const std::string& manager, const std::string& subresource = "") {
  return {manager, "example.dev/v1", subresource, "2026-01-02T03:04:05Z"};
}

json Object(const char* spec) {
  return {{"metadata", {{"name", "demo"}}}, {"spec", json::parse(spec)}};
}

json FieldsBy(const json& object, const std::string& manager) {
  for (const json& one : object["metadata"].value("managedFields", json::array())) {
    if (one["manager"] == manager) return one["fieldsV1"];
  }
  return json();
}

std::string ConflictText(const json& live, const json& applied, const std::string& manager) {
  try {
    Apply(kSchema, live, applied, As(manager), false);
    return "";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.code, 409);
    EXPECT_EQ(error.reason, "Conflict");
    return error.what();
  }
}

TEST(FieldSet, SurvivesTheJsonForm) {
  const json fields = json::parse(R"({"f:spec":{".":{},"f:a":{},"k:{\"port\":1}":{".":{},"f:name":{}}}})");
  EXPECT_EQ(FieldsToJson(FieldsFromJson(fields)), fields);
}

TEST(FieldSet, AlgebraWorksOnMembersNotOnPrefixes) {
  FieldSet a = FieldsFromJson(json::parse(R"({"f:x":{".":{},"f:a":{},"f:b":{}}})"));
  FieldSet b = FieldsFromJson(json::parse(R"({"f:x":{"f:a":{}}})"));
  EXPECT_EQ(FieldsToJson(Difference(a, b)), json::parse(R"({"f:x":{".":{},"f:b":{}}})"));
  EXPECT_EQ(FieldsToJson(Intersection(a, b)), json::parse(R"({"f:x":{"f:a":{}}})"));
  EXPECT_EQ(FieldsToJson(Union(b, a)), FieldsToJson(a));
}

TEST(TrackUpdate, TheWriterOwnsWhatItChangedAndOthersLoseIt) {
  json first = Object(R"({"shards":3,"image":"a"})");
  TrackUpdate(kSchema, json(), first, As("creator"));
  EXPECT_EQ(FieldsBy(first, "creator"), json::parse(R"({"f:spec":{".":{},"f:image":{},"f:shards":{}}})"));
  json second = first;
  second["spec"]["shards"] = 5;
  TrackUpdate(kSchema, first, second, As("scaler", "scale"));
  EXPECT_EQ(FieldsBy(second, "scaler"), json::parse(R"({"f:spec":{"f:shards":{}}})"));
  EXPECT_EQ(FieldsBy(second, "creator"), json::parse(R"({"f:spec":{".":{},"f:image":{}}})"));
  EXPECT_EQ(second["metadata"]["managedFields"][1]["subresource"], "scale");
}

TEST(TrackUpdate, ARemovedFieldBelongsToNobody) {
  json first = Object(R"({"shards":3,"image":"a"})");
  TrackUpdate(kSchema, json(), first, As("creator"));
  json second = first;
  second["spec"].erase("image");
  TrackUpdate(kSchema, first, second, As("other"));
  EXPECT_EQ(FieldsBy(second, "creator"), json::parse(R"({"f:spec":{".":{},"f:shards":{}}})"));
  EXPECT_TRUE(FieldsBy(second, "other").is_null());
}

TEST(TrackUpdate, AClientMayEmptyManagedFields) {
  json first = Object(R"({"shards":3})");
  TrackUpdate(kSchema, json(), first, As("creator"));
  json second = first;
  second["metadata"]["managedFields"] = json::array({json::object()});
  TrackUpdate(kSchema, first, second, As("creator"));
  EXPECT_FALSE(second["metadata"].contains("managedFields"));
}

TEST(Apply, OwnsEachLeafAndKeyedItem) {
  json live = Apply(kSchema, json(),
                    Object(R"({"args":["a"],"config":{"k":"v"},"ports":[{"port":80,"name":"web"}]})"), As("one"), false);
  EXPECT_EQ(FieldsBy(live, "one"), json::parse(R"({"f:spec":{"f:args":{},"f:config":{"f:k":{}},
      "f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}}}}})"));
}

TEST(Apply, AnotherManagersFieldIsAConflictThatNamesBoth) {
  json live = Apply(kSchema, json(), Object(R"({"shards":3})"), As("one"), false);
  EXPECT_EQ(ConflictText(live, Object(R"({"shards":4})"), "two"),
            "Apply failed with 1 conflict: conflict with \"one\": .spec.shards");
  json updated = live;
  updated["spec"]["shards"] = 7;
  updated["spec"]["image"] = "x";
  TrackUpdate(kSchema, live, updated, As("patcher"));
  EXPECT_EQ(ConflictText(updated, Object(R"({"shards":3,"image":"y"})"), "one"),
            "Apply failed with 2 conflicts: conflicts with \"patcher\" using example.dev/v1 at 2026-01-02T03:04:05Z:\n"
            "- .spec.image\n- .spec.shards");
}

TEST(Apply, AKeyedItemIsNamedByItsKeys) {
  json live = Apply(kSchema, json(), Object(R"({"ports":[{"port":80,"name":"web"}]})"), As("one"), false);
  EXPECT_EQ(ConflictText(live, Object(R"({"ports":[{"port":80,"name":"api"}]})"), "two"),
            "Apply failed with 1 conflict: conflict with \"one\": .spec.ports[port=80,protocol=\"TCP\"].name");
}

TEST(Apply, TheSameValueIsSharedAndForceTakesOver) {
  json live = Apply(kSchema, json(), Object(R"({"shards":3})"), As("one"), false);
  json shared = Apply(kSchema, live, Object(R"({"shards":3})"), As("two"), false);
  EXPECT_EQ(FieldsBy(shared, "one"), FieldsBy(shared, "two"));
  json forced = Apply(kSchema, live, Object(R"({"shards":9})"), As("two"), true);
  EXPECT_EQ(forced["spec"]["shards"], 9);
  EXPECT_TRUE(FieldsBy(forced, "one").is_null());
}

TEST(Apply, WhatIsNoLongerAppliedGoesUnlessAnotherWantsIt) {
  json live = Apply(kSchema, json(), Object(R"({"shards":3,"image":"a","config":{"x":"1"}})"), As("one"), false);
  live = Apply(kSchema, live, Object(R"({"image":"a"})"), As("two"), false);
  json after = Apply(kSchema, live, Object(R"({"shards":3})"), As("one"), false);
  EXPECT_EQ(after["spec"], json::parse(R"({"shards":3,"image":"a"})"));
  EXPECT_EQ(FieldsBy(after, "one"), json::parse(R"({"f:spec":{"f:shards":{}}})"));
}

TEST(Apply, KeyedItemsAndSetMembersOfOthersStay) {
  json live = Apply(kSchema, json(), Object(R"({"ports":[{"port":80}]})"), As("one"), false);
  live = Apply(kSchema, live, Object(R"({"ports":[{"port":443}]})"), As("two"), false);
  EXPECT_EQ(live["spec"]["ports"].size(), 2U);
  json empty = Object("{}");
  live = Apply(kSchema, live, empty, As("one"), false);
  EXPECT_EQ(live["spec"]["ports"], json::parse(R"([{"port":443}])"));
}

TEST(Apply, ASecondTimeChangesNothing) {
  json live = Apply(kSchema, json(), Object(R"({"shards":3})"), As("one"), false);
  FieldWriter later = As("one");
  later.now = "2027-01-01T00:00:00Z";
  EXPECT_EQ(Apply(kSchema, live, Object(R"({"shards":3})"), later, false), live);
}

TEST(Apply, ToAnObjectNobodyManagesClaimsItForBeforeFirstApply) {
  std::string text = ConflictText(Object(R"({"shards":3})"), Object(R"({"shards":4})"), "one");
  EXPECT_NE(text.find("\"before-first-apply\""), std::string::npos) << text;
}

}  // namespace
}  // namespace windlass::api_server
