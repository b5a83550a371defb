// Protobuf bodies, written here byte by byte.
#include "operator/local/api_server/protobuf_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

std::string Bytes(int number, const std::string& payload) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + std::string(1, static_cast<char>(payload.size())) + payload;
}

std::string Number(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}

std::string Enveloped(const std::string& version, const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + Bytes(1, Bytes(1, version) + Bytes(2, kind)) + Bytes(2, raw) + Bytes(3, "") + Bytes(4, "");
}

TEST(ProtobufJson, AConfigMapComesThrough) {
  std::string meta = Bytes(1, "x") + Bytes(2, "") + Bytes(11, Bytes(1, "app") + Bytes(2, "y"));
  std::string raw = Bytes(1, meta) + Bytes(2, Bytes(1, "key") + Bytes(2, "value")) + Number(4, 1);
  EXPECT_EQ(ProtobufToJson(Enveloped("v1", "ConfigMap", raw)), json::parse(R"({"apiVersion":"v1","kind":"ConfigMap",
    "metadata":{"name":"x","labels":{"app":"y"}},"data":{"key":"value"},"immutable":true})"));
}

TEST(ProtobufJson, SecretsAreEncodedAndIntOrStringIsEither) {
  EXPECT_EQ(ProtobufToJson(Enveloped("v1", "Secret", Bytes(2, Bytes(1, "p") + Bytes(2, "secret"))))["data"]["p"], "c2VjcmV0");
  std::string percent = Number(1, 1) + Number(2, 0) + Bytes(3, "50%");
  json budget = ProtobufToJson(Enveloped("policy/v1", "PodDisruptionBudget", Bytes(2, Bytes(1, Number(1, 0) + Number(2, 2)) + Bytes(3, percent))));
  EXPECT_EQ(budget["spec"]["minAvailable"], 2);
  EXPECT_EQ(budget["spec"]["maxUnavailable"], "50%");
}

TEST(ProtobufJson, AnUnknownKindIsUnsupportedAndGarbageIsBad) {
  try {
    ProtobufToJson(Enveloped("apps/v1", "Deployment", ""));
    FAIL();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.code, 415);
  }
  std::string good = Enveloped("v1", "ConfigMap", Bytes(1, Bytes(1, "x")));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    try {
      ProtobufToJson(std::string_view(good).substr(0, cut));
    } catch (const ApiError& error) {
      EXPECT_GE(error.code, 400);
    }
  }
}

}  // namespace
}  // namespace windlass::api_server
