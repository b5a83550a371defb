// Who scales a cluster beside its own autoscaler, and what is said of it.
#include "operator/reconcile/rivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/informer/fake_transport.h"

namespace windlass::reconcile {
namespace {

using ::testing::HasSubstr;

constexpr char kList[] = R"({"kind": "HorizontalPodAutoscalerList", "metadata": {}, "items": [
  {"metadata": {"name": "shop"}, "spec": {"scaleTargetRef": {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "name": "demo"}}},
  {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo"}}},
  {"metadata": {"name": "other"}, "spec": {"scaleTargetRef": {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "name": "demo-2"}}}]})";

api::RedisCluster Demo(api::Autoscaling::Mode mode) {
  api::RedisCluster cluster;
  cluster.metadata.name = "demo";
  cluster.metadata.name_space = "shop";
  cluster.spec.autoscaling.emplace().mode = mode;
  return cluster;
}

class RivalsTest : public testing::Test {
 protected:
  api::Condition Said(int status, const std::string& body, api::Autoscaling::Mode mode = api::Autoscaling::Mode::kAuto) {
    transport_.ExpectSend({status, body});
    const api::RedisCluster cluster = Demo(mode);
    return RivalCondition(cluster, FindRivals(client_, cluster));
  }
  kube::FakeTransport transport_;
  kube::Client client_{transport_};
};

TEST_F(RivalsTest, AnAutoscalerOfThisClusterIsNamedAndNoOther) {
  const api::Condition said = Said(200, kList);
  EXPECT_EQ(transport_.asked().front().path, "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers");
  EXPECT_EQ(said.status, "True");
  EXPECT_EQ(said.reason, "ScaledByAnother");
  EXPECT_THAT(said.message, HasSubstr("HorizontalPodAutoscaler shop writes spec.shards"));
}

TEST_F(RivalsTest, WhatIsOnlyARecommendationQuarrelsWithNobody) {
  EXPECT_EQ(Said(200, kList, api::Autoscaling::Mode::kRecommend).status, "False");
}

TEST_F(RivalsTest, WhatMayNotBeSeenIsNotCalledAbsent) {
  const api::Condition said = Said(403, R"({"kind": "Status", "reason": "Forbidden", "message": "horizontalpodautoscalers is forbidden"})");
  EXPECT_EQ(said.status, "Unknown");
  EXPECT_THAT(said.message, HasSubstr("is forbidden"));
}

TEST_F(RivalsTest, AnApiServerWithoutThatKindHasNone) { EXPECT_EQ(Said(404, R"({"kind": "Status", "reason": "NotFound"})").status, "False"); }

TEST_F(RivalsTest, AnApiServerInTroubleSaysNothing) { EXPECT_THROW(Said(500, "{}"), kube::KubeError); }

}  // namespace
}  // namespace windlass::reconcile
