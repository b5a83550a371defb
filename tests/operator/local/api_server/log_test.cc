// Pod logs: what the runner is asked, and what the client gets.
#include "tests/operator/local/api_server/api_fixture.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

class FakeLogs : public PodLogs {
 public:
  std::optional<std::string> Stream(const Query& query, const Sink& sink) override {
    last = query;
    if (query.previous) return "previous terminated container not found";
    sink("one\n");
    sink("two\n");
    return std::nullopt;
  }
  Query last;
};

class Gathered : public Stream {
 public:
  bool Write(std::string_view bytes) override {
    text += bytes;
    return true;
  }
  bool Open() override { return true; }
  std::string text;
};

class LogTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    Ask("POST", "/api/v1/namespaces/default/pods",
        {{"metadata", {{"name", "p"}}},
         {"spec",
          {{"initContainers", json::array({{{"name", "prepare"}, {"image", "i"}}})},
           {"containers", json::array({{{"name", "redis"}, {"image", "i"}}})}}}});
  }
  Response Log(const std::string& query) {
    return Send("GET", "/api/v1/namespaces/default/pods/p/log" + query);
  }
  std::shared_ptr<FakeLogs> logs_ = std::make_shared<FakeLogs>();
};

TEST_F(LogTest, WithoutARunnerThereAreNone) { EXPECT_EQ(Log("").status, 404); }

TEST_F(LogTest, TheOnlyContainerNeedNotBeNamed) {
  service_->subresources().SetPodLogs(logs_);
  Response response = Log("?tailLines=5&timestamps=true");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain");
  EXPECT_EQ(response.body, "one\ntwo\n");
  EXPECT_EQ(logs_->last.container, "redis");
  EXPECT_EQ(logs_->last.tail_lines, 5);
  EXPECT_TRUE(logs_->last.timestamps);
  Log("?container=prepare");
  EXPECT_EQ(logs_->last.container, "prepare");
}

TEST_F(LogTest, FollowingStreams) {
  service_->subresources().SetPodLogs(logs_);
  Response response = Log("?follow=true");
  ASSERT_TRUE(response.stream);
  Gathered gathered;
  response.stream(gathered);
  EXPECT_EQ(gathered.text, "one\ntwo\n");
  EXPECT_TRUE(logs_->last.follow);
}

TEST_F(LogTest, WhatTheRunnerRefusesAndWhatMakesNoSense) {
  service_->subresources().SetPodLogs(logs_);
  Response response = Log("?previous=true");
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("previous terminated container not found"), std::string::npos);
  EXPECT_EQ(Log("?container=none").status, 400);
  EXPECT_EQ(Log("?tailLines=x").status, 422);
  EXPECT_EQ(Send("POST", "/api/v1/namespaces/default/pods/p/log").status, 405);
  EXPECT_EQ(Send("GET", "/api/v1/namespaces/default/pods/none/log").status, 404);
}

}  // namespace
}  // namespace windlass::api_server
