// Merge, JSON and strategic-merge patches.
#include "operator/local/api_server/patch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/builtin_types.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

json Strategic(const char* object, const char* patch) {
  static const json kPod = BuiltinSchema("Pod");
  return StrategicMergePatch(kPod, json::parse(object), json::parse(patch));
}

TEST(MergePatch, NullRemovesAndObjectsJoin) {
  EXPECT_EQ(MergePatch(json::parse(R"({"a":1,"b":{"c":1,"d":2}})"), json::parse(R"({"a":null,"b":{"c":3}})")),
            json::parse(R"({"b":{"c":3,"d":2}})"));
}

TEST(JsonPatch, OperationsApplyInOrder) {
  EXPECT_EQ(JsonPatch(json::parse(R"({"a":[1]})"),
                      json::parse(R"([{"op":"add","path":"/a/-","value":2},{"op":"remove","path":"/a/0"}])")),
            json::parse(R"({"a":[2]})"));
}

TEST(JsonPatch, AnOperationThatCannotBeDoneIsRefused) {
  for (const char* patch : {R"([{"op":"test","path":"/a","value":2}])", R"([{"op":"remove","path":"/x"}])",
                            R"([{"op":"nonsense","path":"/a"}])", R"([7])"}) {
    try {
      JsonPatch({{"a", 1}}, json::parse(patch));
      FAIL() << patch;
    } catch (const ApiError& error) {
      EXPECT_EQ(error.code, 422) << patch;
    }
  }
}

TEST(StrategicMergePatch, AKeyedListJoinsByItsKey) {
  json pod = Strategic(R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}})",
                       R"({"spec":{"containers":[{"name":"b","image":"z"},{"name":"c","image":"w"}]}})");
  EXPECT_EQ(pod["spec"]["containers"],
            json::parse(R"([{"name":"a","image":"x"},{"name":"b","image":"z"},{"name":"c","image":"w"}])"));
}

TEST(StrategicMergePatch, ItemsAreDeletedAndReordered) {
  json pod = Strategic(
      R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
      R"({"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"b","$patch":"delete"}]}})");
  EXPECT_EQ(pod["spec"]["containers"], json::parse(R"([{"name":"c"},{"name":"a"}])"));
}

TEST(StrategicMergePatch, ListsWithoutKeysAreReplaced) {
  json pod = Strategic(R"({"spec":{"tolerations":[{"key":"a"}]}})", R"({"spec":{"tolerations":[{"key":"b"}]}})");
  EXPECT_EQ(pod["spec"]["tolerations"], json::parse(R"([{"key":"b"}])"));
}

TEST(StrategicMergePatch, SetsOfScalarsJoinAndLose) {
  json pod = Strategic(R"({"metadata":{"finalizers":["a","b"]}})",
                       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}})");
  EXPECT_EQ(pod["metadata"]["finalizers"], json::parse(R"(["b","c"])"));
}

TEST(StrategicMergePatch, ReplaceAndRetainKeys) {
  EXPECT_EQ(Strategic(R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
                      R"({"metadata":{"labels":{"$patch":"replace","c":"3"}}})")["metadata"]["labels"],
            json::parse(R"({"c":"3"})"));
  json pod = Strategic(R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
                       R"({"spec":{"volumes":[{"$retainKeys":["name","secret"],"name":"v","secret":{"secretName":"s"}}]}})");
  EXPECT_EQ(pod["spec"]["volumes"], json::parse(R"([{"name":"v","secret":{"secretName":"s"}}])"));
}

TEST(StrategicMergePatch, AnItemWithoutItsKeyIsRefused) {
  EXPECT_THROW(Strategic(R"({"spec":{}})", R"({"spec":{"containers":[{"image":"x"}]}})"), ApiError);
}

}  // namespace
}  // namespace windlass::api_server
