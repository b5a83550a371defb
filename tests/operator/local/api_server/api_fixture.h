// An API on a store in a temporary directory, driven by requests without a network.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/local/api_server/collector.h"
#include "operator/local/api_server/service.h"

namespace windlass::api_server {

struct Answer {
  int status;
  nlohmann::json body;
  std::vector<std::string> warnings;
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "api-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    store_ = std::make_unique<ObjectStore>(directory_, ObjectStore::Limits{});
    ObjectStore::Transaction(*store_).Put({"namespaces", "", "default"},
                                          {{"kind", "Namespace"},
                                           {"apiVersion", "v1"},
                                           {"metadata", {{"name", "default"}, {"uid", "u-default"}}},
                                           {"spec", {{"finalizers", nlohmann::json::array({"kubernetes"})}}}});
    api_ = std::make_unique<ResourceApi>(*store_);
    service_ = std::make_unique<Service>(*api_, "");
    collector_ = std::make_unique<Collector>(*api_);
  }
  void TearDown() override {
    collector_.reset();
    service_.reset();
    api_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  Response Send(const std::string& method, const std::string& target, const std::string& body = "",
                const std::string& content_type = "application/json", const std::string& accept = "") {
    Request request;
    request.method = method;
    ParseTarget(target, request);
    request.body = body;
    request.content_type = content_type;
    request.accept = accept;
    request.user_agent = "tester/1.0";
    return service_->Handle(request);
  }

  Answer Ask(const std::string& method, const std::string& target, const nlohmann::json& body = nullptr,
             const std::string& content_type = "application/json", const std::string& accept = "") {
    Response response = Send(method, target, body.is_null() ? "" : body.dump(), content_type, accept);
    return {response.status, nlohmann::json::parse(response.body, nullptr, false), response.warnings};
  }

  // Passes of the collector until nothing changes.
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      if (!collector_->Pass()) return;
    }
    FAIL() << "the collector does not come to rest";
  }

  // A definition of "widgets.example.dev" with status and scale.
  void DefineWidgets() {
    Answer answer = Ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", nlohmann::json::parse(R"({
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": {"name": "widgets.example.dev"},
      "spec": {"group": "example.dev", "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": true, "storage": true,
          "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.shards",
            "statusReplicasPath": ".status.shards", "labelSelectorPath": ".status.selector"}},
          "additionalPrinterColumns": [{"name": "Shards", "type": "integer", "jsonPath": ".spec.shards"}],
          "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "spec": {"type": "object", "properties": {
              "shards": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 3},
              "note": {"type": "string"}}},
            "status": {"type": "object", "properties": {
              "shards": {"type": "integer"}, "selector": {"type": "string"}, "phase": {"type": "string"}}}}}}}]}})"));
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  Answer CreateWidget(const std::string& name, nlohmann::json spec = nlohmann::json::object()) {
    return Ask("POST", "/apis/example.dev/v1/namespaces/default/widgets?fieldValidation=Strict",
               {{"apiVersion", "example.dev/v1"}, {"kind", "Widget"}, {"metadata", {{"name", name}}}, {"spec", spec}});
  }
  static std::string Widget(const std::string& name) {
    return "/apis/example.dev/v1/namespaces/default/widgets/" + name;
  }

  std::string directory_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<ResourceApi> api_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Collector> collector_;
};

inline constexpr char kMerge[] = "application/merge-patch+json";

}  // namespace windlass::api_server
