// windlassctl fix: brings every slot out of its half-done state.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"
#include "operator/cli/slot_moves.h"
#include "operator/redis/slot_repair.h"

namespace windlass::cli {
namespace {

// Repairs can show more to repair (a slot gathered, its keys then counted).
constexpr int kMaxPasses = 3;

struct FixOptions {
  std::string address;
  bool yes = false;
  redis::SlotRepairOptions repair;
};

void ConfirmUncovered(Session& session, const FixOptions& options, const std::map<slot::SlotId, std::string>& broken,
                      const Cluster& cluster) {
  int uncovered = 0;
  for (const auto& [slot, what] : broken) {
    if (cluster.view.SelfClaimants(slot).empty()) ++uncovered;
  }
  if (uncovered == 0 || options.yes) return;
  session.Step("Fixing slots coverage...");
  session.out << uncovered << " slots have no owner." << std::endl;
  if (!session.Confirm("Fix these slots by covering with the nodes that hold their keys, or the emptiest? "
                       "(type 'yes' to accept): ")) {
    throw base::Failure("nothing was changed: covering the slots was not accepted");
  }
}

// A node that has just been given its last missing slot says "fail" for a while
// yet, and takes no key before that.
constexpr int kStateTries = 10;

// Throws RefusedFailure.
void RepairOne(redis::SlotRepair& repair, slot::SlotId slot) {
  for (int i = 0;; ++i) {
    try {
      repair.Repair(slot);
      return;
    } catch (const redis::RefusedFailure& failure) {
      if (i == kStateTries || failure.reply_text().find("CLUSTERDOWN") == std::string::npos) throw;
      SleepMs(500);
    }
  }
}

// How many slots could not be repaired.
int RepairAll(Session& session, redis::SlotRepair& repair, const std::map<slot::SlotId, std::string>& broken) {
  int failed = 0;
  for (const auto& [slot, what] : broken) {
    session.Step("Fixing slot " + std::to_string(slot) + " (" + what + ")");
    try {
      RepairOne(repair, slot);
    } catch (const redis::RefusedFailure& failure) {
      session.Error(failure.what());
      ++failed;
    }
  }
  return failed;
}

void Fix(Session& session, const FixOptions& options) {
  const topology::Address seed = RequireAddress(options.address);
  Cluster cluster = ReadCluster(session, seed);
  Check(session, cluster);
  bool asked = false;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    redis::NodePool pool(session.admin);
    redis::SlotRepair repair(pool, cluster.view, options.repair);
    repair.on_progress = [&session](const std::string& text) { session.out << text << std::endl; };
    const auto broken = repair.Find();
    if (broken.empty()) break;
    if (!asked) ConfirmUncovered(session, options, broken, cluster);
    asked = true;
    const int failed = RepairAll(session, repair, broken);
    WaitAgreement(session, seed, 5000);
    cluster = ReadCluster(session, seed);
    if (failed > 0) break;
  }
  if (!cluster.view.Silent().empty() && !options.repair.give_up_unreachable) {
    session.Warning("Slots of masters that do not answer were left alone (--fix-with-unreachable-masters gives "
                    "them to others; their keys are lost then).");
  }
  if (!Check(session, cluster)) session.exit_code = kExitFailed;
}

}  // namespace

void RegisterFix(CLI::App& app, Session& session) {
  auto options = std::make_shared<FixOptions>();
  options->repair.replicas_wait_ms = kReplicasWaitMs;
  CLI::App* fix = app.add_subcommand("fix", "Repairs open slots, slots without an owner or with several, and keys in "
                                            "nodes that do not own them");
  fix->add_option("HOST:PORT", options->address, "Any node of the cluster")->required();
  fix->add_flag("--yes,--cluster-yes", options->yes, "Do not ask");
  fix->add_flag("--replace,--cluster-replace", options->repair.replace,
                "Where a key has two values, the one being moved wins");
  fix->add_flag("--fix-with-unreachable-masters,--cluster-fix-with-unreachable-masters",
                options->repair.give_up_unreachable, "Give away slots whose owner does not answer");
  fix->add_option("--timeout,--cluster-timeout", options->repair.migrate_timeout_ms, "MIGRATE's timeout in milliseconds")
      ->check(CLI::Range(1, 3600000));
  AddCredentialOptions(*fix, session);
  fix->callback([&session, options] { Fix(session, *options); });
}

}  // namespace windlass::cli
