// windlassctl reshard: moves a number of slots from some masters to one, asked
// for in redis-trib's dialogue or given by options.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/base/text.h"
#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"
#include "operator/cli/slot_moves.h"

namespace windlass::cli {
namespace {

struct ReshardOptions {
  std::string address;
  std::string from;
  std::string to;
  int slots = 0;
  bool yes = false;
  int pipeline = 0;
  int64_t timeout_ms = 60000;
  bool replace = false;
};

int AskSlots(Session& session) {
  while (true) {
    const std::string answer = session.Ask("How many slots do you want to move (from 1 to 16384)? ");
    const auto slots = base::ParseInt(answer);
    if (slots && *slots >= 1 && *slots <= slot::kSlotCount) return static_cast<int>(*slots);
  }
}

const topology::Node* FindMaster(Session& session, const Cluster& cluster, const std::string& id) {
  const topology::Node* node = FindNode(cluster, id);
  if (node != nullptr && node->master && node->reported) return node;
  session.out << "*** The specified node (" << id << ") is not known or not a master, please retry." << std::endl;
  return nullptr;
}

const topology::Node& AskTarget(Session& session, const Cluster& cluster) {
  while (true) {
    const topology::Node* node = FindMaster(session, cluster, session.Ask("What is the receiving node ID? "));
    if (node != nullptr) return *node;
  }
}

std::vector<std::string> AllSources(const Cluster& cluster, const topology::Node& target) {
  std::vector<std::string> ids;
  for (const topology::Node* master : cluster.masters()) {
    if (master != &target && !master->slots.empty()) ids.push_back(master->id);
  }
  return ids;
}

std::vector<std::string> AskSources(Session& session, const Cluster& cluster, const topology::Node& target) {
  session.out << "Please enter all the source node IDs.\n"
                 "  Type 'all' to use all the nodes as source nodes for the hash slots.\n"
                 "  Type 'done' once you entered all the source nodes IDs."
              << std::endl;
  std::vector<std::string> ids;
  while (true) {
    const std::string answer = session.Ask("Source node #" + std::to_string(ids.size() + 1) + ": ");
    if (answer == "all") return AllSources(cluster, target);
    if (answer == "done") {
      if (!ids.empty()) return ids;
      session.out << "*** No source nodes given, operation aborted." << std::endl;
      throw base::Failure("no source node was given");
    }
    const topology::Node* node = FindMaster(session, cluster, answer);
    if (node == nullptr) continue;
    if (node == &target) {
      session.out << "*** It is not possible to use the target node as source node." << std::endl;
    } else if (std::find(ids.begin(), ids.end(), node->id) == ids.end()) {
      ids.push_back(node->id);
    }
  }
}

std::vector<std::string> GivenSources(Session& session, const Cluster& cluster, const topology::Node& target,
                                      const std::string& from) {
  if (from == "all") return AllSources(cluster, target);
  std::vector<std::string> ids;
  for (const std::string& id : base::SplitNonEmpty(from, ',')) {
    const topology::Node* node = FindMaster(session, cluster, id);
    if (node == nullptr) throw base::Failure("the source " + id + " is not a master of this cluster");
    ids.push_back(node->id);
  }
  return ids;
}

void PrintPlan(Session& session, const Cluster& cluster, const topology::Plan& plan,
               const std::vector<std::string>& sources, const topology::Node& target) {
  session.out << "\nReady to move " << plan.moves.size() << " slots.\n  Source nodes:" << std::endl;
  for (const std::string& id : sources) session.out << "    " << Describe(cluster, *cluster.view.Find(id)) << std::endl;
  session.out << "  Destination node:\n    " << Describe(cluster, target) << "\n  Resharding plan:" << std::endl;
  for (const topology::SlotMove& move : plan.moves) {
    session.out << "    Moving slot " << move.slot << " from " << move.from << std::endl;
  }
}

void Reshard(Session& session, const ReshardOptions& options) {
  const topology::Address seed = RequireAddress(options.address);
  if (options.slots < 0 || options.slots > slot::kSlotCount) throw UsageFailure("--slots must be from 1 to 16384");
  const Cluster cluster = RequireHealthy(session, seed, "resharding");
  const int slots = options.slots > 0 ? options.slots : AskSlots(session);
  const topology::Node* target =
      options.to.empty() ? &AskTarget(session, cluster) : FindMaster(session, cluster, options.to);
  if (target == nullptr) throw base::Failure("the receiver " + options.to + " is not a master of this cluster");
  const std::vector<std::string> sources = options.from.empty()
                                               ? AskSources(session, cluster, *target)
                                               : GivenSources(session, cluster, *target, options.from);
  const auto shards = ShardsOf(cluster);
  const auto plan = topology::Reshard(shards, sources, target->id, slots);
  if (!plan) throw base::Failure("nothing was moved: " + plan.error());
  if (const auto good = topology::Verify(*plan, shards); !good) throw base::Failure("a wrong plan: " + good.error());
  PrintPlan(session, cluster, *plan, sources, *target);
  if (!options.yes &&
      !session.Confirm("Do you want to proceed with the proposed reshard plan (yes/no)? ")) {
    throw base::Failure("nothing was moved: the plan was not accepted");
  }
  for (const auto& round : topology::Rounds(*plan, 1)) {
    MoveSlots(session, cluster, round.front(), {options.pipeline, options.timeout_ms, options.replace});
  }
  if (!WaitAgreement(session, seed, 10000)) session.Warning("The nodes have not all heard of the new owners yet.");
}

}  // namespace

void RegisterReshard(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReshardOptions>();
  CLI::App* reshard = app.add_subcommand("reshard", "Moves slots, with their keys, to one master. Asks for what is not "
                                                    "given by options");
  reshard->add_option("HOST:PORT", options->address, "Any node of the cluster")->required();
  reshard->add_option("--from,--cluster-from", options->from, "Source ids, separated by commas, or 'all'");
  reshard->add_option("--to,--cluster-to", options->to, "The receiving id");
  reshard->add_option("--slots,--cluster-slots", options->slots, "How many slots, 1 to 16384");
  reshard->add_flag("--yes,--cluster-yes", options->yes, "Do not ask whether to proceed");
  reshard->add_option("--timeout,--cluster-timeout", options->timeout_ms, "MIGRATE's timeout in milliseconds")
      ->check(CLI::Range(1, 3600000));
  reshard->add_option("--pipeline,--cluster-pipeline", options->pipeline,
                      "Move key by key, with so many keys per MIGRATE (by default at once where all servers can, "
                      "else as many keys as take about 10 ms)")
      ->check(CLI::Range(1, 100000));
  reshard->add_flag("--replace,--cluster-replace", options->replace, "Let the source's key overwrite the receiver's");
  AddCredentialOptions(*reshard, session);
  reshard->callback([&session, options] { Reshard(session, *options); });
}

}  // namespace windlass::cli
