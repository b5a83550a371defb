// Watches: events, filters, bookmarks, refusals.
#include "tests/operator/local/api_server/api_fixture.h"

namespace windlass::api_server {
namespace {

using nlohmann::json;

// Collects a watch; closes after `most` events or when `act` has no more to do.
class Collected : public Stream {
 public:
  explicit Collected(size_t most) : most_(most) {}
  bool Write(std::string_view bytes) override {
    events.push_back(json::parse(bytes));
    return events.size() < most_;
  }
  bool Open() override { return events.size() < most_; }
  std::vector<json> events;

 private:
  size_t most_;
};

class WatchTest : public ApiTest {
 protected:
  std::vector<json> Watch(const std::string& query, size_t most, const std::string& accept = "") {
    Response response = Send("GET", "/apis/example.dev/v1/widgets?watch=true&timeoutSeconds=1&" + query, "", "", accept);
    EXPECT_TRUE(response.stream) << response.body;
    Collected collected(most);
    if (response.stream) response.stream(collected);
    return collected.events;
  }
  int WatchStatus(const std::string& query) {
    return Send("GET", "/apis/example.dev/v1/widgets?watch=true&timeoutSeconds=1&" + query).status;
  }
};

TEST_F(WatchTest, TellsWhatHappenedAfterARevision) {
  DefineWidgets();
  std::string from = std::to_string(store_->revision());
  CreateWidget("a");
  Ask("PATCH", Widget("a"), {{"spec", {{"shards", 4}}}}, kMerge);
  Ask("DELETE", Widget("a"));
  auto events = Watch("resourceVersion=" + from, 3);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[1]["type"], "MODIFIED");
  EXPECT_EQ(events[1]["object"]["spec"]["shards"], 4);
  EXPECT_EQ(events[2]["type"], "DELETED");
  EXPECT_EQ(events[2]["object"]["metadata"]["resourceVersion"], std::to_string(store_->revision()));
}

TEST_F(WatchTest, WithoutARevisionBeginsWithWhatThereIs) {
  DefineWidgets();
  CreateWidget("a");
  auto events = Watch("", 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "ADDED");
}

TEST_F(WatchTest, AnObjectThatLeavesTheSelectorIsDeletedToTheWatcher) {
  DefineWidgets();
  CreateWidget("a");
  std::string from = std::to_string(store_->revision());
  Ask("PATCH", Widget("a"), {{"metadata", {{"labels", {{"x", "y"}}}}}}, kMerge);
  Ask("PATCH", Widget("a"), {{"metadata", {{"labels", {{"x", "z"}}}}}}, kMerge);
  auto events = Watch("labelSelector=x%3Dy&resourceVersion=" + from, 2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[1]["type"], "DELETED");
}

TEST_F(WatchTest, EndsWithABookmarkAtItsTimeout) {
  DefineWidgets();
  auto events = Watch("allowWatchBookmarks=true&resourceVersion=" + std::to_string(store_->revision()), 10);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["type"], "BOOKMARK");
  EXPECT_EQ(events[0]["object"]["metadata"]["resourceVersion"], std::to_string(store_->revision()));
}

TEST_F(WatchTest, InitialEventsEndWithTheirBookmark) {
  DefineWidgets();
  CreateWidget("a");
  auto events = Watch("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

TEST_F(WatchTest, ATableWatchSendsItsColumnsOnce) {
  DefineWidgets();
  CreateWidget("a");
  CreateWidget("b");
  auto events = Watch("", 2, "application/json;as=Table;v=v1;g=meta.k8s.io");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["object"]["columnDefinitions"].size(), 2U);
  EXPECT_EQ(events[1]["object"]["columnDefinitions"].size(), 0U);
  EXPECT_EQ(events[1]["object"]["rows"][0]["cells"][0], "b");
}

TEST_F(WatchTest, ARevisionTooOldIsGone) {
  DefineWidgets();
  uint64_t old = store_->revision();
  CreateWidget("a");
  store_->CompactHistory();
  EXPECT_EQ(WatchStatus("resourceVersion=" + std::to_string(old)), 410);
  EXPECT_EQ(WatchStatus("resourceVersion=" + std::to_string(store_->revision())), 200);
}

TEST_F(WatchTest, WhatItCannotDoIsRefused) {
  DefineWidgets();
  EXPECT_EQ(WatchStatus("resourceVersion=abc"), 422);
  EXPECT_EQ(WatchStatus("sendInitialEvents=true"), 422);
  EXPECT_EQ(WatchStatus("resourceVersionMatch=Exact"), 422);
  EXPECT_EQ(WatchStatus("labelSelector=%3Dx"), 400);
}

TEST_F(WatchTest, EndsWhenTheDefinitionGoes) {
  DefineWidgets();
  Response response = Send("GET", "/apis/example.dev/v1/widgets?watch=true&timeoutSeconds=60&resourceVersion=" +
                                      std::to_string(store_->revision()));
  Ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev");
  Collected collected(100);
  response.stream(collected);  // returns, long before its timeout
  EXPECT_TRUE(collected.events.empty());
}

}  // namespace
}  // namespace windlass::api_server
