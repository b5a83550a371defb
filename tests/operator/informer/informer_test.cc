// List, watch, bookmarks, 410 and broken streams, against a scripted server.
#include "operator/informer/informer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/operator/informer/fake_transport.h"

namespace windlass::informer {
namespace {

using kube::FakeTransport;

Json Pod(const std::string& name, const std::string& version) {
  return {{"metadata", {{"name", name}, {"namespace", "ns"}, {"resourceVersion", version}, {"labels", {{"app", "x"}}}}}};
}

kube::HttpResponse ListOf(const std::string& version, std::vector<Json> pods) {
  return {200, Json({{"metadata", {{"resourceVersion", version}}}, {"items", pods}}).dump()};
}

std::string Event(const std::string& type, const Json& object) {
  return Json({{"type", type}, {"object", object}}).dump();
}

// Waits for a condition; the informer works on a thread of its own.
template <typename F>
bool Eventually(F&& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::string Parameter(const kube::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return "";
}

class InformerTest : public ::testing::Test {
 protected:
  void Start() {
    Informer::Options options{kube::kPods, "ns", "app=x", std::chrono::seconds(290), std::chrono::milliseconds(5), std::chrono::milliseconds(20)};
    options.trim = trim_;
    informer_ = std::make_unique<Informer>(client_, options, [this](const Json& object) {
      const std::lock_guard lock(mutex_);
      told_.push_back(KeyOf(object));
    });
    informer_->Start();
  }
  bool Holds(const std::string& name, const std::string& version) {
    const Object object = informer_->store().Find("ns/" + name);
    return object != nullptr && (*object)["metadata"]["resourceVersion"] == version;
  }
  size_t told() {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }

  FakeTransport transport_;
  kube::Client client_{transport_};
  std::mutex mutex_;
  std::vector<std::string> told_;
  Store::Trim trim_ = nullptr;
  std::unique_ptr<Informer> informer_;
};

TEST_F(InformerTest, ListsThenFollowsTheWatch) {
  transport_.ExpectSend(ListOf("10", {Pod("a", "3"), Pod("b", "4")}));
  transport_.ExpectStream({{200, ""}, {Event("MODIFIED", Pod("a", "11")), Event("DELETED", Pod("b", "12")), Event("ADDED", Pod("c", "13"))}, true, false});
  Start();
  ASSERT_TRUE(Eventually([&] { return told() == 5; }));
  EXPECT_TRUE(Holds("a", "11"));
  EXPECT_TRUE(Holds("c", "13"));
  EXPECT_EQ(informer_->store().Find("ns/b"), nullptr);
  EXPECT_EQ(Parameter(transport_.asked()[1], "resourceVersion"), "10");
  EXPECT_EQ(Parameter(transport_.asked()[1], "labelSelector"), "app=x");
}

TEST_F(InformerTest, KeepsOfAnObjectWhatItIsToldTo) {
  trim_ = [](const Json& object) { return Json{{"metadata", object.at("metadata")}, {"trimmed", true}}; };
  Json large = Pod("a", "3");
  large["status"] = "a lot";
  transport_.ExpectSend(ListOf("10", {large}));
  large["metadata"]["name"] = "b";
  transport_.ExpectStream({{200, ""}, {Event("ADDED", large)}, true, false});
  Start();
  ASSERT_TRUE(Eventually([&] { return told() == 2; }));
  for (const Object& held : informer_->store().All()) {
    EXPECT_TRUE(held->contains("trimmed"));
    EXPECT_FALSE(held->contains("status"));
  }
}

TEST_F(InformerTest, AWatchThatEndsGoesOnFromTheBookmark) {
  transport_.ExpectSend(ListOf("10", {}));
  transport_.ExpectStream({{200, ""}, {Event("BOOKMARK", {{"metadata", {{"resourceVersion", "40"}}}})}, false, false});
  Start();
  ASSERT_TRUE(Eventually([&] { return transport_.asked().size() == 3; }));
  EXPECT_EQ(Parameter(transport_.asked()[2], "resourceVersion"), "40");
}

TEST_F(InformerTest, AVersionThatIsGoneIsListedAgainAndWhatVanishedIsTold) {
  transport_.ExpectSend(ListOf("10", {Pod("a", "3"), Pod("b", "4")}));
  transport_.ExpectStream({{200, ""}, {Event("ERROR", {{"code", 410}, {"reason", "Expired"}, {"message", "too old"}})}, false, false});
  transport_.ExpectSend(ListOf("90", {Pod("b", "4")}));
  Start();
  ASSERT_TRUE(Eventually([&] { return informer_->store().synced() && informer_->store().Find("ns/a") == nullptr; }));
  EXPECT_TRUE(Holds("b", "4"));
  EXPECT_EQ(told(), 3u) << "a and b when first seen, then a when gone";
}

TEST_F(InformerTest, APlain410IsListedAgainToo) {
  transport_.ExpectSend(ListOf("10", {}));
  transport_.ExpectStream({{410, "{\"reason\":\"Expired\"}"}, {}, false, false});
  transport_.ExpectSend(ListOf("20", {Pod("z", "15")}));
  Start();
  EXPECT_TRUE(Eventually([&] { return Holds("z", "15"); }));
}

TEST_F(InformerTest, ABrokenStreamGoesOnFromTheLastVersionSeen) {
  transport_.ExpectSend(ListOf("10", {}));
  transport_.ExpectStream({{}, {Event("ADDED", Pod("z", "15"))}, false, true});
  transport_.ExpectStream({{}, {}, false, true});  // not back yet
  transport_.ExpectStream({{503, ""}, {}, false, false});
  transport_.ExpectStream({{200, ""}, {Event("MODIFIED", Pod("z", "17"))}, true, false});
  Start();
  ASSERT_TRUE(Eventually([&] { return Holds("z", "17"); }));
  const auto asked = transport_.asked();
  ASSERT_EQ(asked.size(), 5u) << "one list, four watches";
  for (size_t i = 2; i < asked.size(); ++i) EXPECT_EQ(Parameter(asked[i], "resourceVersion"), "15");
}

TEST_F(InformerTest, ABrokenStreamWhoseVersionIsGoneMeanwhileIsListedAgain) {
  transport_.ExpectSend(ListOf("10", {Pod("a", "3")}));
  transport_.ExpectStream({{}, {}, false, true});
  transport_.ExpectStream({{410, "{\"reason\":\"Expired\"}"}, {}, false, false});
  transport_.ExpectSend(ListOf("20", {Pod("z", "15")}));
  Start();
  EXPECT_TRUE(Eventually([&] { return Holds("z", "15") && !Holds("a", "3"); }));
}

TEST_F(InformerTest, AnAnswerThatWasNotForeseenIsListedAgain) {
  transport_.ExpectSend(ListOf("10", {}));
  transport_.ExpectStream({{500, ""}, {}, false, false});
  transport_.ExpectSend(ListOf("20", {Pod("z", "15")}));
  Start();
  EXPECT_TRUE(Eventually([&] { return Holds("z", "15"); }));
}

TEST_F(InformerTest, EveryPageIsListed) {
  transport_.ExpectSend({200, Json({{"metadata", {{"resourceVersion", "9"}, {"continue", "more"}}}, {"items", {Pod("a", "1")}}}).dump()});
  transport_.ExpectSend(ListOf("9", {Pod("b", "2")}));
  Start();
  ASSERT_TRUE(Eventually([&] { return informer_->store().All().size() == 2; }));
  EXPECT_EQ(Parameter(transport_.asked()[1], "continue"), "more");
}

TEST(Store, IsNeverOlderThanOurOwnWrite) {
  Store store;
  EXPECT_TRUE(store.Observe(Pod("a", "50")));   // what our write answered
  EXPECT_FALSE(store.Observe(Pod("a", "49")));  // an event that was under way
  EXPECT_TRUE(store.ObserveDeleted(Pod("a", "51")));
  EXPECT_FALSE(store.Observe(Pod("a", "50")));
  EXPECT_EQ(store.Find("ns/a"), nullptr);
  EXPECT_TRUE(store.Observe(Pod("a", "52")));   // made anew
  EXPECT_FALSE(store.ObserveDeleted(Pod("a", "51")));
  EXPECT_NE(store.Find("ns/a"), nullptr);
}

TEST(Store, AnOldListDoesNotUndoOurWrite) {
  Store store;
  store.Observe(Pod("mine", "50"));
  EXPECT_TRUE(store.RetainOnly({}, "40").empty());
  EXPECT_NE(store.Find("ns/mine"), nullptr);
  EXPECT_EQ(store.RetainOnly({}, "60").size(), 1u);
  EXPECT_EQ(store.Find("ns/mine"), nullptr);
}

TEST(Store, SelectsByNamespaceAndLabel) {
  Store store(nullptr, "app");
  store.Observe(Pod("a", "1"));
  Json other = Pod("b", "2");
  other["metadata"]["namespace"] = "ns2";
  store.Observe(other);
  EXPECT_EQ(store.WithLabel("ns", "x").size(), 1u);
  EXPECT_EQ(store.WithLabel("ns", "y").size(), 0u);
  Json moved = Pod("a", "3");
  moved["metadata"]["labels"]["app"] = "y";
  store.Observe(moved);
  EXPECT_EQ(store.WithLabel("ns", "x").size(), 0u);
  ASSERT_EQ(store.WithLabel("ns", "y").size(), 1u);
  store.ObserveDeleted(Pod("a", "4"));
  EXPECT_EQ(store.WithLabel("ns", "y").size(), 0u);
}

TEST(Store, KeepsWhatItWasGivenButForWhoManagesIt) {
  Store store;
  Json pod = Pod("a", "1");
  pod["spec"] = {{"numbers", {1, -2, 3.5, true, nullptr}}, {"text", "ä\n"}};
  const Json plain = pod;
  pod["metadata"]["managedFields"] = {{{"manager", "somebody"}}};
  store.Observe(pod);
  EXPECT_EQ(*store.Find("ns/a"), plain);
}

}  // namespace
}  // namespace windlass::informer
