// Create, read, update, patch, delete and scale through the API.
#include "tests/operator/local/api_server/api_fixture.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

TEST_F(ApiTest, ADefinitionMakesItsResourceServed) {
  EXPECT_EQ(Ask("GET", "/apis/example.dev/v1/widgets").status, 404);
  DefineWidgets();
  EXPECT_EQ(Ask("GET", "/apis/example.dev/v1/widgets").body["kind"], "WidgetList");
  json crd = Ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev").body;
  EXPECT_EQ(crd["status"]["conditions"][1]["type"], "Established");
  EXPECT_EQ(crd["status"]["storedVersions"], json::array({"v1"}));
}

TEST_F(ApiTest, CreateFillsInWhatTheServerOwns) {
  DefineWidgets();
  Answer made = CreateWidget("a");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body["metadata"]["generation"], 1);
  EXPECT_EQ(made.body["metadata"]["namespace"], "default");
  EXPECT_EQ(made.body["metadata"]["uid"].get<std::string>().size(), 36U);
  EXPECT_EQ(made.body["spec"]["shards"], 3);
  EXPECT_EQ(made.body["metadata"]["managedFields"][0]["manager"], "tester");
  Answer again = CreateWidget("a");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body["message"], "widgets.example.dev \"a\" already exists");
}

TEST_F(ApiTest, ABadSpecIsRefusedAndChangesNothing) {
  DefineWidgets();
  CreateWidget("a");
  json before = Ask("GET", Widget("a")).body;
  Answer bad = Ask("PATCH", Widget("a"), {{"spec", {{"shards", 0}}}}, kMerge);
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.body["details"]["causes"][0]["field"], "spec.shards");
  bad = Ask("PATCH", Widget("a") + "?fieldValidation=Strict", {{"spec", {{"foo", 0}}}}, kMerge);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body["message"],
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.foo\"");
  EXPECT_EQ(Ask("GET", Widget("a")).body, before);
  Answer warned = Ask("PATCH", Widget("a"), {{"spec", {{"foo", 0}}}}, kMerge);
  EXPECT_EQ(warned.status, 200);
  EXPECT_EQ(warned.warnings, std::vector<std::string>{"unknown field \"spec.foo\""});
  EXPECT_EQ(Ask("GET", Widget("a")).body, before);
}

TEST_F(ApiTest, GenerationMovesWithTheSpecOnly) {
  DefineWidgets();
  CreateWidget("a");
  EXPECT_EQ(Ask("PATCH", Widget("a"), {{"metadata", {{"labels", {{"x", "y"}}}}}}, kMerge).body["metadata"]["generation"], 1);
  Answer status = Ask("PATCH", Widget("a") + "/status", {{"status", {{"phase", "Ready"}}}, {"spec", {{"shards", 9}}}}, kMerge);
  EXPECT_EQ(status.body["metadata"]["generation"], 1);
  EXPECT_EQ(status.body["spec"]["shards"], 3) << "the status subresource must not touch the spec";
  EXPECT_EQ(status.body["status"]["phase"], "Ready");
  Answer spec = Ask("PATCH", Widget("a"), {{"spec", {{"shards", 4}}}, {"status", {{"phase", "Lost"}}}}, kMerge);
  EXPECT_EQ(spec.body["metadata"]["generation"], 2);
  EXPECT_EQ(spec.body["status"]["phase"], "Ready") << "only /status may change the status";
}

TEST_F(ApiTest, AWriteThatChangesNothingIsNotStored) {
  DefineWidgets();
  CreateWidget("a");
  uint64_t revision = store_->revision();
  EXPECT_EQ(Ask("PATCH", Widget("a"), {{"spec", {{"shards", 3}}}}, kMerge).status, 200);
  EXPECT_EQ(store_->revision(), revision);
}

TEST_F(ApiTest, StaleWritesAndForeignUidsConflict) {
  DefineWidgets();
  json old = CreateWidget("a").body;
  Ask("PATCH", Widget("a"), {{"spec", {{"shards", 4}}}}, kMerge);
  Answer stale = Ask("PUT", Widget("a"), old);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.body["reason"], "Conflict");
  EXPECT_EQ(Ask("PATCH", Widget("a"), {{"metadata", {{"uid", "other"}}}}, kMerge).status, 409);
  EXPECT_EQ(Ask("DELETE", Widget("a"), {{"preconditions", {{"uid", "other"}}}}).status, 409);
  EXPECT_EQ(Ask("DELETE", Widget("a"), {{"preconditions", {{"resourceVersion", "1"}}}}).status, 409);
  EXPECT_EQ(Ask("GET", Widget("a")).status, 200);
  json unversioned = old;
  unversioned["metadata"].erase("resourceVersion");
  EXPECT_EQ(Ask("PUT", Widget("a"), unversioned).status, 422);
}

TEST_F(ApiTest, DryRunAnswersAndStoresNothing) {
  DefineWidgets();
  Answer dry = Ask("POST", "/apis/example.dev/v1/namespaces/default/widgets?dryRun=All",
                   {{"metadata", {{"name", "d"}}}, {"spec", json::object()}});
  EXPECT_EQ(dry.status, 201) << dry.body;
  EXPECT_EQ(dry.body["spec"]["shards"], 3);
  EXPECT_EQ(Ask("GET", Widget("d")).status, 404);
  CreateWidget("a");
  EXPECT_EQ(Ask("PATCH", Widget("a") + "?dryRun=All", {{"spec", {{"shards", 9}}}}, kMerge).body["spec"]["shards"], 9);
  Ask("DELETE", Widget("a") + "?dryRun=All");
  EXPECT_EQ(Ask("GET", Widget("a")).body["spec"]["shards"], 3);
  EXPECT_EQ(Ask("DELETE", Widget("a") + "?dryRun=Some").status, 422);
}

TEST_F(ApiTest, ScaleReadsAndWritesThePathsOfTheDefinition) {
  DefineWidgets();
  CreateWidget("a");
  Ask("PATCH", Widget("a") + "/status", {{"status", {{"shards", 2}, {"selector", "role=master"}}}}, kMerge);
  json scale = Ask("GET", Widget("a") + "/scale").body;
  EXPECT_EQ(scale["spec"]["replicas"], 3);
  EXPECT_EQ(scale["status"]["replicas"], 2);
  EXPECT_EQ(scale["status"]["selector"], "role=master");
  EXPECT_EQ(Ask("PATCH", Widget("a") + "/scale", {{"spec", {{"replicas", 5}}}}, kMerge).body["spec"]["replicas"], 5);
  EXPECT_EQ(Ask("GET", Widget("a")).body["metadata"]["generation"], 2);
  EXPECT_EQ(Ask("PATCH", Widget("a") + "/scale", {{"spec", {{"replicas", 5000}}}}, kMerge).status, 422);
  EXPECT_EQ(Ask("PATCH", Widget("a") + "/scale", {{"spec", {{"replicas", "x"}}}}, kMerge).status, 400);
  scale["spec"]["replicas"] = 7;
  EXPECT_EQ(Ask("PUT", Widget("a") + "/scale", scale).status, 409) << "its resourceVersion is old";
}

TEST_F(ApiTest, ListsComeInPagesAndByLabel) {
  DefineWidgets();
  for (const char* name : {"a", "b", "c", "d", "e"}) CreateWidget(name);
  Ask("PATCH", Widget("d"), {{"metadata", {{"labels", {{"x", "y"}}}}}}, kMerge);
  const std::string all = "/apis/example.dev/v1/widgets";
  json first = Ask("GET", all + "?limit=2").body;
  EXPECT_EQ(first["items"].size(), 2U);
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 3);
  json second = Ask("GET", all + "?limit=2&continue=" + first["metadata"]["continue"].get<std::string>()).body;
  EXPECT_EQ(second["items"][0]["metadata"]["name"], "c");
  json third = Ask("GET", all + "?limit=2&continue=" + second["metadata"]["continue"].get<std::string>()).body;
  EXPECT_EQ(third["items"].size(), 1U);
  EXPECT_FALSE(third["metadata"].contains("continue"));
  EXPECT_EQ(Ask("GET", all + "?labelSelector=x%3Dy").body["items"].size(), 1U);
  EXPECT_EQ(Ask("GET", all + "?fieldSelector=metadata.name%3Da").body["items"].size(), 1U);
  EXPECT_EQ(Ask("GET", all + "?fieldSelector=spec.shards%3D3").status, 400);
  EXPECT_EQ(Ask("GET", all + "?continue=nonsense").status, 400);
}

TEST_F(ApiTest, ATableHasTheColumnsOfTheDefinition) {
  DefineWidgets();
  CreateWidget("a");
  json table = Ask("GET", "/apis/example.dev/v1/widgets", nullptr, "", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json").body;
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][1]["name"], "Shards");
  EXPECT_EQ(table["rows"][0]["cells"], json::parse(R"(["a",3])"));
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(Ask("GET", "/apis/example.dev/v1/widgets", nullptr, "", "application/xml").status, 406);
}

TEST_F(ApiTest, ServerSideApplyCreatesAndConflicts) {
  DefineWidgets();
  const std::string type = "application/apply-patch+yaml";
  Response made = Send("PATCH", Widget("a") + "?fieldManager=one",
                       "apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: a}\nspec: {shards: 4}\n", type);
  EXPECT_EQ(made.status, 201) << made.body;
  json object = {{"apiVersion", "example.dev/v1"}, {"kind", "Widget"}, {"metadata", {{"name", "a"}}}, {"spec", {{"shards", 5}}}};
  Answer conflict = Ask("PATCH", Widget("a") + "?fieldManager=two", object, type);
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.body["details"]["causes"][0]["field"], ".spec.shards");
  EXPECT_EQ(Ask("PATCH", Widget("a") + "?fieldManager=two&force=true", object, type).body["spec"]["shards"], 5);
  EXPECT_EQ(Ask("PATCH", Widget("a"), object, type).status, 422) << "a field manager is required";
  uint64_t revision = store_->revision();
  Ask("PATCH", Widget("a") + "?fieldManager=two", object, type);
  EXPECT_EQ(store_->revision(), revision) << "applying again stores nothing";
}

TEST_F(ApiTest, WhatIsNotServedIsRefused) {
  DefineWidgets();
  CreateWidget("a");
  EXPECT_EQ(Ask("GET", "/apis/apps/v1/deployments").status, 404);
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/pods/p/exec").status, 404);
  EXPECT_EQ(Ask("POST", Widget("a"), json::object()).status, 405);
  EXPECT_EQ(Ask("POST", Widget("a") + "/status", json::object()).status, 405);
  EXPECT_EQ(Ask("DELETE", "/api/v1/namespaces").status, 405);
  EXPECT_EQ(Ask("DELETE", "/apis/example.dev/v1/widgets").status, 405);
  EXPECT_EQ(Ask("GET", "/api/v1/watch/pods").status, 404);
  EXPECT_EQ(Ask("PATCH", Widget("a"), json::object(), "application/strategic-merge-patch+json").status, 415);
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/configmaps/c/status").status, 404);
  EXPECT_EQ(Ask("GET", "/nonsense").status, 404);
}

// The codes are those of Kubernetes 1.34, asked for the same (tests/kubernetes/test_same_answers.py).
TEST_F(ApiTest, MalformedBodiesAreRefusedAsKubernetesDoes) {
  DefineWidgets();
  const std::string widgets = "/apis/example.dev/v1/namespaces/default/widgets";
  for (const char* body : {"{", "[]", "7", "{\"metadata\":7}", "{\"apiVersion\":\"v9\"}",
                           "{\"metadata\":{\"namespace\":\"other\",\"name\":\"a\"}}",
                           "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"5\"}}"}) {
    EXPECT_EQ(Send("POST", widgets, body).status, 400) << body;
  }
  EXPECT_EQ(Send("POST", widgets, "{\"metadata\":{\"name\":\"A_b\"}}").status, 422);
  EXPECT_EQ(Send("POST", widgets, "{\"kind\":\"Pod\"}").status, 422);
  EXPECT_EQ(Send("POST", widgets, "{\"metadata\":{}}").status, 422);
  EXPECT_EQ(Send("POST", widgets, "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"has space\"}}}").status, 422);
  EXPECT_EQ(Send("POST", "/api/v1/namespaces/default/configmaps", "{\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":1}}").status, 400);
  EXPECT_EQ(Send("POST", "/apis/example.dev/v1/namespaces/none/widgets", "{\"metadata\":{\"name\":\"a\"}}").status, 404);
}

TEST_F(ApiTest, GenerateNameMakesADifferentNameEachTime) {
  DefineWidgets();
  std::string one = Ask("POST", "/apis/example.dev/v1/namespaces/default/widgets", {{"metadata", {{"generateName", "w-"}}}}).body["metadata"]["name"];
  std::string two = Ask("POST", "/apis/example.dev/v1/namespaces/default/widgets", {{"metadata", {{"generateName", "w-"}}}}).body["metadata"]["name"];
  EXPECT_EQ(one.substr(0, 2), "w-");
  EXPECT_NE(one, two);
}

TEST_F(ApiTest, SecretsTakeStringDataAndShowData) {
  Answer made = Ask("POST", "/api/v1/namespaces/default/secrets",
                    {{"metadata", {{"name", "s"}}}, {"stringData", {{"password", "secret"}}}});
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body["data"]["password"], "c2VjcmV0");
  EXPECT_FALSE(made.body.contains("stringData"));
  EXPECT_EQ(made.body["type"], "Opaque");
}

TEST_F(ApiTest, EventsAreOneSetInTwoShapes) {
  Answer made = Ask("POST", "/api/v1/namespaces/default/events",
                    {{"metadata", {{"name", "e"}}},
                     {"involvedObject", {{"kind", "Widget"}, {"name", "a"}}},
                     {"message", "hello"},
                     {"reason", "Tested"}});
  ASSERT_EQ(made.status, 201) << made.body;
  json other = Ask("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e").body;
  EXPECT_EQ(other["note"], "hello");
  EXPECT_EQ(other["regarding"]["name"], "a");
  EXPECT_EQ(Ask("GET", "/api/v1/events?fieldSelector=involvedObject.name%3Da").body["items"].size(), 1U);
  EXPECT_EQ(Ask("GET", "/api/v1/events?fieldSelector=involvedObject.name%3Db").body["items"].size(), 0U);
  EXPECT_EQ(Ask("GET", "/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Da").body["items"].size(), 1U);
}

TEST_F(ApiTest, DiscoveryTellsBothWays) {
  DefineWidgets();
  Response aggregated = Send("GET", "/apis", "", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
  EXPECT_EQ(aggregated.content_type, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_NE(aggregated.body.find("\"widgets\""), std::string::npos);
  EXPECT_EQ(Ask("GET", "/apis").body["kind"], "APIGroupList");
  EXPECT_EQ(Ask("GET", "/apis/example.dev").body["preferredVersion"]["version"], "v1");
  json resources = Ask("GET", "/apis/example.dev/v1").body["resources"];
  EXPECT_EQ(resources.size(), 3U);  // widgets, widgets/scale, widgets/status
  json openapi = Ask("GET", "/openapi/v3/apis/example.dev/v1").body;
  EXPECT_EQ(openapi["components"]["schemas"]["dev.example.v1.Widget"]["properties"]["spec"]["properties"]["shards"]["default"], 3);
  EXPECT_EQ(Ask("GET", "/openapi/v3").body["paths"].count("apis/example.dev/v1"), 1U);
}

}  // namespace
}  // namespace windlass::api_server
