// When a name is looked at again, by how its last pass ended.
#include "operator/controller/controller.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>

#include "operator/kube/error.h"

namespace windlass::controller {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class ScriptedReconciler final : public Reconciler {
 public:
  Outcome Reconcile(const std::string& key) override {
    ++passes;
    return script(key);
  }
  std::function<Outcome(const std::string&)> script = [](const std::string&) { return Outcome(); };
  std::atomic<int> passes{0};
};

class ControllerTest : public ::testing::Test {
 protected:
  // Processes one key, then measures until it comes back; -1 if it does not.
  milliseconds ComesBackAfter() {
    queue_.Add("ns/a");
    EXPECT_EQ(queue_.Get(), "ns/a");
    const auto begin = Clock::now();
    controller_.Process("ns/a");
    queue_.AddAfter("end", milliseconds(400));
    const auto next = queue_.Get();
    queue_.Done(*next);
    return *next == "ns/a" ? std::chrono::duration_cast<milliseconds>(Clock::now() - begin) : milliseconds(-1);
  }
  workqueue::WorkQueue queue_{{milliseconds(150), milliseconds(1000)}};
  ScriptedReconciler reconciler_;
  Controller controller_{queue_, reconciler_};
};

TEST_F(ControllerTest, NotAtAllWhenThereIsNothingToWaitFor) { EXPECT_EQ(ComesBackAfter(), milliseconds(-1)); }

TEST_F(ControllerTest, WhenItAskedFor) {
  reconciler_.script = [](const std::string&) { return Outcome{milliseconds(30)}; };
  const auto after = ComesBackAfter();
  EXPECT_GE(after, milliseconds(25));
  EXPECT_LT(after, milliseconds(140));
}

TEST_F(ControllerTest, SoonAfterAConflict) {
  reconciler_.script = [](const std::string&) -> Outcome { throw kube::KubeError(409, "Conflict", "newer"); };
  const auto after = ComesBackAfter();
  EXPECT_GE(after, milliseconds(0));
  EXPECT_LT(after, milliseconds(140));
}

TEST_F(ControllerTest, LaterAfterAFailure) {
  reconciler_.script = [](const std::string&) -> Outcome { throw std::runtime_error("no"); };
  EXPECT_GE(ComesBackAfter(), milliseconds(140));
}

TEST_F(ControllerTest, WorkersRunUntilStopped) {
  controller_.Start(2);
  for (const char* key : {"a", "b", "c"}) queue_.Add(key);
  for (int i = 0; i < 400 && reconciler_.passes < 3; ++i) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(reconciler_.passes, 3);
  controller_.Stop();
}

}  // namespace
}  // namespace windlass::controller
