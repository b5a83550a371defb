// The pod runner's pure parts, and containers with real processes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "operator/local/pod_runner/environment.h"
#include "operator/local/pod_runner/image_map.h"
#include "operator/local/pod_runner/memory_limit.h"
#include "operator/local/pod_runner/pod.h"
#include "operator/local/pod_runner/volumes.h"

namespace windlass::pod_runner {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

TEST(PathMapping, ReplacesWholePathsOnly) {
  PathMapping mapping;
  mapping.Add("/data", "/real/a");
  mapping.Add("/data/config", "/real/b");
  EXPECT_EQ(mapping.Rewrite("--dir /data --conf=/data/config/x.conf"), "--dir /real/a --conf=/real/b/x.conf");
  EXPECT_EQ(mapping.Rewrite("/database /my/data /data2"), "/database /my/data /data2");
  EXPECT_EQ(mapping.Rewrite("\"/data\"\n/data"), "\"/real/a\"\n/real/a");
}

TEST(ExpandVariables, FollowsKubernetes) {
  const std::map<std::string, std::string> variables{{"A", "1"}};
  EXPECT_EQ(ExpandVariables("x$(A)y $(B) $$(A) $A", variables), "x1y $(B) $(A) $A");
}

TEST(ImageMap, FindsByNameTagAndLastPart) {
  const ImageMap images({{"node", {{"any"}, {}}}, {"node:2", {{"second"}, {}}}});
  EXPECT_EQ(images.Find("node:1")->entrypoint[0], "any");
  EXPECT_EQ(images.Find("node:2")->entrypoint[0], "second");
  EXPECT_EQ(images.Find("registry.example:5000/team/node@sha256:00")->entrypoint[0], "any");
  EXPECT_FALSE(images.Find("other").has_value());
}

TEST(ParseQuantity, KnowsSuffixesAndRefusesOthers) {
  EXPECT_EQ(ParseQuantity("64Mi"), 64 * 1024 * 1024);
  EXPECT_EQ(ParseQuantity("1.5k"), 1500);
  EXPECT_FALSE(ParseQuantity("").has_value());
  EXPECT_FALSE(ParseQuantity("1Qi").has_value());
}

// A pod of one shell script, with ConfigMaps and claims from a map.
class PodTest : public ::testing::Test {
 protected:
  PodTest() {
    char folder[] = "/tmp/windlass-pod-XXXXXX";
    dir_ = mkdtemp(folder);
    std::filesystem::create_directories(dir_ + "/pod");
  }
  ~PodTest() override { std::filesystem::remove_all(dir_); }

  void Make(const std::string& script, const json& extra = json::object()) {
    json container = {{"name", "main"}, {"image", "shell"}, {"command", {"sh", "-c", script}}};
    container.update(extra);
    object_ = {{"metadata", {{"name", "p"}, {"namespace", "ns"}, {"uid", "u-" + std::to_string(getpid())}}},
               {"spec", {{"containers", {container}}, {"volumes", volumes_}}}};
    PodOptions options;
    options.call = [this](const std::string&, const std::string& target, const std::string&, const std::string&) {
      const auto found = objects_.find(target);
      return found == objects_.end() ? ApiReply{404, ""} : ApiReply{200, found->second.dump()};
    };
    options.images = &images_;
    options.ip = "127.9.9.9";
    options.host_ip = "127.0.0.1";
    options.pod_dir = dir_ + "/pod";
    options.claims_dir = dir_ + "/claims";
    pod_ = std::make_unique<Pod>(object_, options);
  }

  template <typename Condition>
  bool TickUntil(Condition condition) {
    for (int i = 0; i < 500; ++i) {
      pod_->Tick(object_, Pod::Clock::now());
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  json Main() const { return pod_->Status().at("containerStatuses").at(0); }
  std::string Log(int restart) const {
    std::ifstream file(Container::LogPath(dir_ + "/pod", "main", restart));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string dir_;
  ImageMap images_{{{"shell", {{"sh"}, {}}}}};
  std::map<std::string, json> objects_;
  json volumes_ = json::array();
  json object_;
  std::unique_ptr<Pod> pod_;
};

TEST_F(PodTest, GivesEnvironmentAndVolumes) {
  objects_["/api/v1/namespaces/ns/configmaps/c"] = {{"kind", "ConfigMap"}, {"data", {{"file", "dir /etc/app\n"}}}};
  objects_["/api/v1/namespaces/ns/secrets/s"] = {{"kind", "Secret"}, {"data", {{"key", "aHVzaA=="}}}};
  volumes_ = {{{"name", "conf"}, {"configMap", {{"name", "c"}}}}, {{"name", "tmp"}, {"emptyDir", json::object()}}};
  Make("echo ip=$IP key=$KEY; cat /etc/app/file; echo x > /scratch/y && cat /scratch/y; sleep 60",
       {{"env",
         {{{"name", "IP"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "status.podIP"}}}}}},
          {{"name", "KEY"}, {"valueFrom", {{"secretKeyRef", {{"name", "s"}, {"key", "key"}}}}}}}},
        {"volumeMounts", {{{"name", "conf"}, {"mountPath", "/etc/app"}}, {{"name", "tmp"}, {"mountPath", "/scratch"}}}}});
  ASSERT_TRUE(TickUntil([&] { return Log(0).find("x\n") != std::string::npos; })) << Log(0) << pod_->Status();
  EXPECT_EQ(Log(0), "ip=127.9.9.9 key=hush\ndir " + dir_ + "/pod/volumes/conf\nx\n");
  EXPECT_EQ(pod_->Status().at("phase"), "Running");
}

TEST_F(PodTest, SaysWhatIsMissingAndStartsOnceItIsThere) {
  volumes_ = {{{"name", "conf"}, {"configMap", {{"name", "c"}}}}};
  Make("sleep 60");
  pod_->Tick(object_, Pod::Clock::now());
  const json waiting = Main().at("state").at("waiting");
  EXPECT_EQ(waiting.at("reason"), "CreateContainerConfigError");
  EXPECT_NE(waiting.at("message").get<std::string>().find("\"c\" not found"), std::string::npos);
  objects_["/api/v1/namespaces/ns/configmaps/c"] = {{"kind", "ConfigMap"}, {"data", json::object()}};
  EXPECT_TRUE(TickUntil([&] { return Main().at("ready").get<bool>(); }));
}

TEST_F(PodTest, RefusesAnImageThatIsNotMapped) {
  Make("true", {{"image", "unknown:1"}});
  pod_->Tick(object_, Pod::Clock::now());
  EXPECT_EQ(Main().at("state").at("waiting").at("reason"), "ImagePullBackOff");
}

TEST_F(PodTest, RestartsOnceAtOnceThenBacksOff) {
  Make("exit 3");
  ASSERT_TRUE(TickUntil([&] { return Main().at("restartCount") == 1 && Main().at("state").contains("waiting"); }));
  EXPECT_EQ(Main().at("state").at("waiting").at("reason"), "CrashLoopBackOff");
  EXPECT_EQ(Main().at("lastState").at("terminated").at("exitCode"), 3);
  pod_->Tick(object_, Pod::Clock::now());
  EXPECT_EQ(Main().at("restartCount"), 1);
  pod_->Tick(object_, Pod::Clock::now() + std::chrono::seconds(11));
  EXPECT_EQ(Main().at("restartCount"), 2);
}

TEST_F(PodTest, EndsWithGraceAndThenByForce) {
  Make("trap '' TERM; echo up; while true; do sleep 0.05; done");
  ASSERT_TRUE(TickUntil([&] { return Log(0) == "up\n"; }));
  object_["metadata"]["deletionTimestamp"] = TimestampNow();
  object_["metadata"]["deletionGracePeriodSeconds"] = 1;
  pod_->Tick(object_, Pod::Clock::now());
  EXPECT_FALSE(pod_->gone());
  EXPECT_TRUE(TickUntil([&] { return pod_->gone(); }));
  EXPECT_EQ(Main().at("state").at("terminated").at("signal"), SIGKILL);
}

TEST_F(PodTest, ReadinessFollowsTheProbe) {
  Make("sleep 60", {{"readinessProbe", {{"exec", {{"command", {"test", "-e", dir_ + "/ok"}}}}, {"periodSeconds", 1}}}});
  pod_->Tick(object_, Pod::Clock::now());
  EXPECT_FALSE(Main().at("ready").get<bool>());
  std::ofstream(dir_ + "/ok") << "1";
  EXPECT_TRUE(TickUntil([&] { return Main().at("ready").get<bool>(); }));
}

TEST_F(PodTest, MemoryLimitIsReportedAsOomKilled) {
  Make("exec /usr/bin/python3 -c 'x = bytearray(200 * 1024 * 1024); import time; time.sleep(60)'",
       {{"resources", {{"limits", {{"memory", "48Mi"}}}}}});
  ASSERT_TRUE(TickUntil([&] { return Main().at("lastState").contains("terminated"); })) << pod_->Status();
  EXPECT_EQ(Main().at("lastState").at("terminated").at("reason"), "OOMKilled");
}

TEST_F(PodTest, RunsInitContainersInOrderFirst) {
  Make("echo main >> " + dir_ + "/order; sleep 60");
  object_["spec"]["initContainers"] = {
      {{"name", "one"}, {"image", "shell"}, {"command", {"sh", "-c", "sleep 0.1; echo one >> " + dir_ + "/order"}}},
      {{"name", "two"}, {"image", "shell"}, {"command", {"sh", "-c", "echo two >> " + dir_ + "/order"}}}};
  PodOptions options;
  options.call = [](auto&&...) { return ApiReply{404, ""}; };
  options.images = &images_;
  options.ip = "127.9.9.9";
  options.pod_dir = dir_ + "/pod";
  pod_ = std::make_unique<Pod>(object_, options);
  ASSERT_TRUE(TickUntil([&] { return pod_->Status().at("phase") == "Running" && std::filesystem::file_size(dir_ + "/order") == 13; }));
  std::ifstream order(dir_ + "/order");
  std::string a, b, c;
  order >> a >> b >> c;
  EXPECT_EQ(a + b + c, "onetwomain");
}

}  // namespace
}  // namespace windlass::pod_runner
