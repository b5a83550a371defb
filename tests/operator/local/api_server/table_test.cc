// Tables: JSON paths, durations, and the cells people read.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/registry.h"
#include "operator/local/api_server/table_printer.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

TEST(JsonPath, FieldsIndexesAndConditions) {
  const json object = json::parse(R"({"spec":{"n":3,"list":[{"name":"a"},{"name":"b"}]},
    "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Other","status":"False"}]},
    "metadata":{"annotations":{"a.b/c":"x"}}})");
  EXPECT_EQ(EvaluateJsonPath(".spec.n", object), 3);
  EXPECT_EQ(EvaluateJsonPath(".spec.list[1].name", object), "b");
  EXPECT_EQ(EvaluateJsonPath(".spec.list[-1].name", object), "b");
  EXPECT_EQ(EvaluateJsonPath(".spec.list[*].name", object), "a");
  EXPECT_EQ(EvaluateJsonPath(R"(.status.conditions[?(@.type=="Other")].status)", object), "False");
  EXPECT_EQ(EvaluateJsonPath(R"(.metadata.annotations.a\.b/c)", object), "x");
  EXPECT_EQ(EvaluateJsonPath(".metadata.annotations['a.b/c']", object), "x");
  EXPECT_TRUE(EvaluateJsonPath(".spec.absent.deeper", object).is_null());
  EXPECT_TRUE(EvaluateJsonPath(".spec.list[9]", object).is_null());
  EXPECT_TRUE(EvaluateJsonPath(".spec.list[", object).is_null());
}

TEST(HumanDuration, IsShortAsKubectlPrintsIt) {
  EXPECT_EQ(HumanDuration(0), "0s");
  EXPECT_EQ(HumanDuration(119), "119s");
  EXPECT_EQ(HumanDuration(190), "3m10s");
  EXPECT_EQ(HumanDuration(3600), "60m");
  EXPECT_EQ(HumanDuration(3 * 3600 + 120), "3h2m");
  EXPECT_EQ(HumanDuration(2 * 86400 + 4 * 3600), "2d4h");
  EXPECT_EQ(HumanDuration(30 * 86400), "30d");
}

ResourcePtr Builtin(const std::string& plural) { return Registry({}).Find("", "v1", plural); }

std::vector<std::string> Cells(const json& object, const std::string& plural) {
  std::vector<std::string> cells;
  json row = TableRow(*Builtin(plural), object, "None");
  for (const json& cell : row["cells"]) cells.push_back(cell.is_string() ? cell.get<std::string>() : cell.dump());
  return cells;
}

json Pod(const char* status) {
  return {{"metadata", {{"name", "p"}, {"creationTimestamp", NowText(-5)}}},
          {"spec", {{"containers", json::array({json::object()})}}},
          {"status", json::parse(status)}};
}

TEST(PodRow, ShowsTheMostTellingReason) {
  EXPECT_EQ(Cells(Pod(R"({"phase":"Running","containerStatuses":[{"ready":true,"restartCount":0}]})"), "pods")[2], "Running");
  auto crash = Cells(Pod(R"({"phase":"Running","containerStatuses":[{"ready":false,"restartCount":4,
                            "state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})"), "pods");
  EXPECT_EQ(crash[1], "0/1");
  EXPECT_EQ(crash[2], "CrashLoopBackOff");
  EXPECT_EQ(crash[3], "4");
  EXPECT_EQ(Cells(Pod(R"({"phase":"Pending","initContainerStatuses":[{"state":{"running":{}}}]})"), "pods")[2], "Init:0/1");
  json dying = Pod(R"({"phase":"Running"})");
  dying["metadata"]["deletionTimestamp"] = NowText();
  EXPECT_EQ(Cells(dying, "pods")[2], "Terminating");
}

TEST(TableRow, HasAsManyCellsAsColumnsForEveryBuiltinKind) {
  const Registry registry({});
  for (const ResourcePtr& info : registry.resources()) {
    json object = {{"metadata", {{"name", "x"}, {"creationTimestamp", NowText()}}}};
    EXPECT_EQ(TableRow(*info, object, "None")["cells"].size(), TableColumns(*info).size()) << info->plural;
  }
}

}  // namespace
}  // namespace windlass::api_server
