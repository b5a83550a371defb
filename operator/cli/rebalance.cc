// windlassctl rebalance: every master gets its share of the slots, by weight.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "operator/base/text.h"
#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"
#include "operator/cli/slot_moves.h"

namespace windlass::cli {
namespace {

struct RebalanceOptions {
  std::string address;
  std::vector<std::string> weights;
  bool use_empty_masters = false;
  double threshold = 2;
  bool simulate = false;
  int parallel = 4;
  int pipeline = 0;
  int64_t timeout_ms = 60000;
  bool replace = false;
};

std::map<std::string, double> ParseWeights(const Cluster& cluster, const std::vector<std::string>& texts) {
  std::map<std::string, double> weights;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const auto weight = equals == std::string::npos ? std::nullopt : base::ParseDouble(text.substr(equals + 1));
    if (!weight || *weight < 0) throw UsageFailure("--weight takes ID=NUMBER with a number from 0 up, not " + text);
    const topology::Node* node = FindNode(cluster, text.substr(0, equals));
    if (node == nullptr || !node->master) throw base::Failure("No such master node " + text.substr(0, equals));
    weights[node->id] = *weight;
  }
  return weights;
}

std::vector<topology::ShardState> WeighedShards(const Cluster& cluster, const RebalanceOptions& options) {
  const auto weights = ParseWeights(cluster, options.weights);
  std::vector<topology::ShardState> shards;
  for (topology::ShardState& shard : ShardsOf(cluster)) {
    const auto weight = weights.find(shard.id);
    if (weight != weights.end()) {
      shard.capacity = weight->second;
    } else if (shard.slots.empty() && !options.use_empty_masters) {
      continue;
    }
    shards.push_back(std::move(shard));
  }
  return shards;
}

std::string TwoDigits(double number) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", number);
  return text;
}

void Rebalance(Session& session, const RebalanceOptions& options) {
  const topology::Address seed = RequireAddress(options.address);
  const Cluster cluster = RequireHealthy(session, seed, "rebalancing");
  const auto shards = WeighedShards(cluster, options);
  topology::BalanceOptions balance;
  balance.threshold_percent = options.threshold;
  const auto plan = topology::Balance(shards, balance);
  if (!plan) throw base::Failure("nothing was moved: " + plan.error());
  if (const auto good = topology::Verify(*plan, shards); !good) throw base::Failure("a wrong plan: " + good.error());
  if (plan->empty()) {
    session.out << "*** No rebalancing needed! All nodes are within the " << TwoDigits(options.threshold)
                << "% threshold." << std::endl;
    return;
  }
  double total = 0;
  for (const topology::ShardState& shard : shards) total += shard.capacity;
  session.Step("Rebalancing across " + std::to_string(shards.size()) + " nodes. Total weight = " + TwoDigits(total));
  for (const auto& round : topology::Rounds(*plan, options.parallel)) {
    if (!options.simulate) {
      MoveRound(session, cluster, round, {options.pipeline, options.timeout_ms, options.replace});
      continue;
    }
    for (const topology::PairMoves& pair : round) {
      session.out << "Moving " << pair.slots.size() << " slots from " << cluster.view.Find(pair.from)->name() << " to "
                  << cluster.view.Find(pair.to)->name() << " (simulated)" << std::endl;
    }
  }
  if (!options.simulate && !WaitAgreement(session, seed, 10000)) {
    session.Warning("The nodes have not all heard of the new owners yet.");
  }
}

}  // namespace

void RegisterRebalance(CLI::App& app, Session& session) {
  auto options = std::make_shared<RebalanceOptions>();
  CLI::App* rebalance = app.add_subcommand("rebalance", "Evens out the slots of the masters, moving as few as possible");
  rebalance->add_option("HOST:PORT", options->address, "Any node of the cluster")->required();
  rebalance->add_option("--weight,--cluster-weight", options->weights,
                        "ID=W, repeated or separated by commas; default 1; 0 drains the master")
      ->allow_extra_args(false)
      ->delimiter(',');
  rebalance->add_flag("--use-empty-masters,--cluster-use-empty-masters", options->use_empty_masters,
                      "Give slots to masters that have none");
  rebalance->add_option("--threshold,--cluster-threshold", options->threshold,
                        "Do nothing while every master is within this percentage of its share")
      ->check(CLI::Range(0.0, 100.0));
  rebalance->add_flag("--simulate,--cluster-simulate", options->simulate, "Only print what would be moved");
  rebalance->add_option("--parallel", options->parallel, "Pairs of masters that move at once")->check(CLI::Range(1, 64));
  rebalance->add_option("--timeout,--cluster-timeout", options->timeout_ms, "MIGRATE's timeout in milliseconds")
      ->check(CLI::Range(1, 3600000));
  rebalance->add_option("--pipeline,--cluster-pipeline", options->pipeline,
                        "Move key by key, with so many keys per MIGRATE (by default at once where all servers can, "
                      "else as many keys as take about 10 ms)")
      ->check(CLI::Range(1, 100000));
  rebalance->add_flag("--replace,--cluster-replace", options->replace, "Let the source's key overwrite the receiver's");
  AddCredentialOptions(*rebalance, session);
  rebalance->callback([&session, options] { Rebalance(session, *options); });
}

}  // namespace windlass::cli
