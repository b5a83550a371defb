// Finalizers, grace, owners, namespaces, definitions, eviction.
#include "operator/local/api_server/object_meta.h"
#include "tests/operator/local/api_server/api_fixture.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

const std::string kPods = "/api/v1/namespaces/default/pods";

class DeletionTest : public ApiTest {
 protected:
  json MakePod(const std::string& name, const json& extra_meta = json::object(), const std::string& node = "") {
    json meta = extra_meta;
    meta["name"] = name;
    json spec = {{"containers", json::array({{{"name", "c"}, {"image", "i"}}})}};
    if (!node.empty()) spec["nodeName"] = node;
    Answer answer = Ask("POST", kPods, {{"metadata", meta}, {"spec", spec}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.body;
  }
  json OwnedBy(const json& owner, bool block) {
    return {{"ownerReferences", json::array({{{"apiVersion", owner["apiVersion"]},
                                              {"kind", owner["kind"]},
                                              {"name", owner["metadata"]["name"]},
                                              {"uid", owner["metadata"]["uid"]},
                                              {"blockOwnerDeletion", block}}})}};
  }
  int StatusOf(const std::string& target) { return Ask("GET", target).status; }
};

TEST_F(DeletionTest, AFinalizerHoldsTheObjectUntilItIsTakenOff) {
  DefineWidgets();
  CreateWidget("a");
  Ask("PATCH", Widget("a"), {{"metadata", {{"finalizers", {"example.dev/hold"}}}}}, kMerge);
  Answer deleted = Ask("DELETE", Widget("a"));
  EXPECT_EQ(deleted.status, 200);
  EXPECT_TRUE(IsDeleting(deleted.body));
  EXPECT_EQ(deleted.body["metadata"]["generation"], 2);
  EXPECT_EQ(StatusOf(Widget("a")), 200);
  EXPECT_EQ(Ask("PATCH", Widget("a"), {{"metadata", {{"finalizers", {"example.dev/hold", "x/y"}}}}}, kMerge).status, 422);
  EXPECT_EQ(Ask("PATCH", Widget("a"), {{"metadata", {{"finalizers", nullptr}}}}, kMerge).status, 200);
  EXPECT_EQ(StatusOf(Widget("a")), 404);
}

TEST_F(DeletionTest, ARunningPodWaitsForItsRunner) {
  MakePod("p", json::object(), "node-1");
  Answer marked = Ask("DELETE", kPods + "/p");
  EXPECT_EQ(marked.body["metadata"]["deletionGracePeriodSeconds"], 30);
  EXPECT_EQ(StatusOf(kPods + "/p"), 200);
  EXPECT_EQ(Ask("DELETE", kPods + "/p", {{"gracePeriodSeconds", 60}}).body["metadata"]["deletionGracePeriodSeconds"], 30)
      << "a later delete cannot lengthen the grace";
  EXPECT_EQ(Ask("PATCH", kPods + "/p/status", {{"status", {{"phase", "Running"}}}}, kMerge).status, 200);
  EXPECT_EQ(StatusOf(kPods + "/p"), 200) << "a status write is not the runner's last word";
  EXPECT_EQ(Ask("DELETE", kPods + "/p", {{"gracePeriodSeconds", 0}}).status, 200);
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
}

TEST_F(DeletionTest, APodThatNeverRanGoesAtOnce) {
  MakePod("p");
  EXPECT_EQ(Ask("DELETE", kPods + "/p").body["kind"], "Status");
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
}

TEST_F(DeletionTest, DependentsFollowTheirOwner) {
  DefineWidgets();
  json owner = CreateWidget("a").body;
  MakePod("p", OwnedBy(owner, true));
  Settle();
  EXPECT_EQ(StatusOf(kPods + "/p"), 200);
  Ask("DELETE", Widget("a"));
  Settle();
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
}

TEST_F(DeletionTest, AnOwnerOfAnUnknownKindIsNotTakenForGone) {
  MakePod("p", {{"ownerReferences", json::array({{{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"name", "r"}, {"uid", "u"}}})}});
  Settle();
  EXPECT_EQ(StatusOf(kPods + "/p"), 200);
}

TEST_F(DeletionTest, AnOwnerWithTheSameNameButAnotherUidIsAnother) {
  DefineWidgets();
  json owner = CreateWidget("a").body;
  owner["metadata"]["uid"] = "long-gone";
  MakePod("p", OwnedBy(owner, false));
  Settle();
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
}

TEST_F(DeletionTest, ForegroundWaitsForDependents) {
  DefineWidgets();
  json owner = CreateWidget("a").body;
  MakePod("p", OwnedBy(owner, true), "node-1");
  Ask("DELETE", Widget("a"), {{"propagationPolicy", "Foreground"}});
  Settle();
  EXPECT_EQ(StatusOf(Widget("a")), 200);
  EXPECT_TRUE(IsDeleting(Ask("GET", kPods + "/p").body));
  Ask("DELETE", kPods + "/p", {{"gracePeriodSeconds", 0}});
  Settle();
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
  EXPECT_EQ(StatusOf(Widget("a")), 404);
}

TEST_F(DeletionTest, OrphansLoseTheirReferenceAndStay) {
  DefineWidgets();
  json owner = CreateWidget("a").body;
  MakePod("p", OwnedBy(owner, true));
  Ask("DELETE", Widget("a"), {{"propagationPolicy", "Orphan"}});
  Settle();
  EXPECT_EQ(StatusOf(Widget("a")), 404);
  EXPECT_FALSE(Ask("GET", kPods + "/p").body["metadata"].contains("ownerReferences"));
}

TEST_F(DeletionTest, ANamespaceTakesItsContentAlong) {
  EXPECT_EQ(Ask("POST", "/api/v1/namespaces", {{"metadata", {{"name", "n"}}}}).status, 201);
  Settle();
  EXPECT_EQ(StatusOf("/api/v1/namespaces/n/serviceaccounts/default"), 200);
  Ask("POST", "/api/v1/namespaces/n/configmaps", {{"metadata", {{"name", "c"}}}});
  EXPECT_EQ(Ask("DELETE", "/api/v1/namespaces/n").body["status"]["phase"], "Terminating");
  EXPECT_EQ(Ask("POST", "/api/v1/namespaces/n/configmaps", {{"metadata", {{"name", "d"}}}}).status, 403);
  Settle();
  EXPECT_EQ(StatusOf("/api/v1/namespaces/n"), 404);
  EXPECT_EQ(Ask("DELETE", "/api/v1/namespaces/default").status, 403);
}

TEST_F(DeletionTest, ADefinitionTakesItsInstancesAlong) {
  DefineWidgets();
  CreateWidget("a");
  Ask("PATCH", Widget("a"), {{"metadata", {{"finalizers", {"example.dev/hold"}}}}}, kMerge);
  Ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev");
  Settle();
  EXPECT_TRUE(IsDeleting(Ask("GET", Widget("a")).body));
  Ask("PATCH", Widget("a"), {{"metadata", {{"finalizers", nullptr}}}}, kMerge);
  Settle();
  EXPECT_EQ(StatusOf(Widget("a")), 404);
  EXPECT_EQ(StatusOf("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev"), 404);
}

TEST_F(DeletionTest, EvictionRespectsTheBudget) {
  json labels = {{"labels", {{"app", "x"}}}};
  for (const char* name : {"p", "q"}) {
    MakePod(name, labels, "node-1");
    Ask("PATCH", kPods + "/" + name + "/status",
        {{"status", {{"phase", "Running"}, {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}}}}, kMerge);
  }
  json budget = {{"metadata", {{"name", "b"}}},
                 {"spec", {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", "x"}}}}}}}};
  ASSERT_EQ(Ask("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget).status, 201);
  Settle();
  EXPECT_EQ(Ask("GET", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/b").body["status"]["disruptionsAllowed"], 1);
  EXPECT_EQ(Ask("POST", kPods + "/p/eviction", json::object()).status, 201);
  EXPECT_EQ(Ask("POST", kPods + "/q/eviction", json::object()).status, 429);
  budget["metadata"]["name"] = "second";
  Ask("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget);
  EXPECT_EQ(Ask("POST", kPods + "/q/eviction", json::object()).status, 500) << "two budgets match, as on Kubernetes";
}

TEST_F(DeletionTest, APodIsBoundOnceAndItsSpecIsFixed) {
  MakePod("p");
  EXPECT_EQ(Ask("POST", kPods + "/p/binding", {{"target", {{"name", "node-1"}}}}).status, 201);
  EXPECT_EQ(Ask("GET", kPods + "/p").body["spec"]["nodeName"], "node-1");
  EXPECT_EQ(Ask("POST", kPods + "/p/binding", {{"target", {{"name", "node-2"}}}}).status, 409);
  EXPECT_EQ(Ask("PATCH", kPods + "/p", {{"spec", {{"hostname", "h"}}}}, kMerge).status, 422);
}

TEST_F(DeletionTest, DeleteCollectionTakesTheSelectedOnly) {
  MakePod("p", {{"labels", {{"a", "1"}}}});
  MakePod("q");
  EXPECT_EQ(Ask("DELETE", kPods + "?labelSelector=a%3D1").status, 200);
  EXPECT_EQ(StatusOf(kPods + "/p"), 404);
  EXPECT_EQ(StatusOf(kPods + "/q"), 200);
}

}  // namespace
}  // namespace windlass::api_server
