// Label and field selectors.
#include "operator/local/api_server/selector.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

bool LabelMatch(const std::string& text, const json& labels) {
  return LabelSelector::Parse(text).Matches({{"metadata", {{"labels", labels}}}});
}

TEST(LabelSelector, EveryOperatorDecidesByTheLabel) {
  const json labels = {{"app", "redis"}, {"tier", "db"}, {"n", "5"}};
  EXPECT_TRUE(LabelMatch("", labels));
  EXPECT_TRUE(LabelMatch("app=redis", labels));
  EXPECT_TRUE(LabelMatch("app==redis,tier!=web", labels));
  EXPECT_FALSE(LabelMatch("app!=redis", labels));
  EXPECT_TRUE(LabelMatch("missing!=x", labels));
  EXPECT_TRUE(LabelMatch("tier in (db, web)", labels));
  EXPECT_FALSE(LabelMatch("tier notin (db,web)", labels));
  EXPECT_TRUE(LabelMatch("absent notin (a)", labels));
  EXPECT_TRUE(LabelMatch("app,!absent", labels));
  EXPECT_FALSE(LabelMatch("!app", labels));
  EXPECT_TRUE(LabelMatch("n>4,n<6", labels));
  EXPECT_FALSE(LabelMatch("n>5", labels));
  EXPECT_TRUE(LabelMatch("app.kubernetes.io/name notin (x)", labels));
}

TEST(LabelSelector, NonsenseIsABadRequest) {
  for (const char* text : {"a in x", "a in (x", "=b", "a=b c", "a>x", "a,", "a=b,,c"}) {
    EXPECT_THROW(LabelSelector::Parse(text), ApiError) << text;
  }
}

TEST(LabelSelector, ASpecMeansTheSameAsItsText) {
  LabelSelector selector = LabelSelector::FromSpec(
      {{"matchLabels", {{"a", "1"}}},
       {"matchExpressions", json::array({{{"key", "b"}, {"operator", "In"}, {"values", {"x", "y"}}}})}});
  EXPECT_TRUE(selector.Matches({{"metadata", {{"labels", {{"a", "1"}, {"b", "y"}}}}}}));
  EXPECT_FALSE(selector.Matches({{"metadata", {{"labels", {{"a", "1"}, {"b", "z"}}}}}}));
  EXPECT_FALSE(selector.Matches({{"metadata", json::object()}}));
}

TEST(FieldSelector, ComparesTheFieldAtThePath) {
  const json event = {{"metadata", {{"name", "e"}}}, {"involvedObject", {{"name", "demo"}}}};
  std::vector<std::string> paths = {"metadata.name", "involvedObject.name"};
  EXPECT_TRUE(FieldSelector::Parse("involvedObject.name=demo,metadata.name!=x", paths).Matches(event));
  EXPECT_FALSE(FieldSelector::Parse("involvedObject.name!=demo", paths).Matches(event));
  EXPECT_TRUE(FieldSelector::Parse("metadata.name==e", paths).Matches(event));
}

TEST(FieldSelector, AnUnsupportedPathIsRefusedByName) {
  try {
    FieldSelector::Parse("spec.shards=3", {"metadata.name"});
    FAIL() << "was not refused";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.code, 400);
    EXPECT_STREQ(error.what(), "field label not supported: spec.shards");
  }
}

}  // namespace
}  // namespace windlass::api_server
