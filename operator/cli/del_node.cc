// windlassctl del-node: every node forgets a node that owns nothing, then it is
// shut down.
//
// A deleted node must haunt nobody when it comes back: one that still lists its
// old peers pings them, and after the minute for which FORGET bans it a single
// peer that was not reached could let it in again. So everybody reachable
// forgets it, and it forgets everybody (CLUSTER RESET) before it goes.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"

namespace windlass::cli {
namespace {

struct DelNodeOptions {
  std::string address;
  std::string id;
};

void RepointReplicas(Session& session, const Cluster& cluster, redis::NodePool& pool, const topology::Node& gone) {
  for (const topology::Node* replica : cluster.view.ReplicasOf(gone.id)) {
    if (!replica->reported) continue;
    const topology::Node* master = MasterWithFewestReplicas(cluster, gone.id);
    if (master == nullptr) throw base::Failure("no master is left to take replica " + replica->name());
    session.Step(replica->name() + " as replica of " + master->name());
    Replicate(pool, replica->address, master->id);
  }
}

void ForgetEverywhere(Session& session, const Cluster& cluster, redis::NodePool& pool, const topology::Node& gone) {
  session.Step("Sending CLUSTER FORGET messages to the cluster...");
  int failed = 0;
  for (const topology::Node* node : cluster.nodes) {
    if (node->id == gone.id) continue;
    if (!node->reported) {
      session.Warning("Node " + node->name() + " does not answer and may remember " + gone.id +
                      ": once it is back, send it CLUSTER FORGET " + gone.id);
      continue;
    }
    const redis::Reply reply = pool.At(node->address).Call({"CLUSTER", "FORGET", gone.id});
    if (reply.error() && reply.text.find("Unknown node") == std::string::npos) {
      session.Error("Node " + node->name() + " replied with error: " + reply.text);
      ++failed;
    }
  }
  if (failed > 0) throw base::Failure("the node is still running, because not every node has forgotten it; try again");
}

void ShutDown(Session& session, redis::NodePool& pool, const topology::Node& gone) {
  if (!gone.reported) {
    session.Warning("Node " + gone.name() + " does not answer: it was forgotten, but could not be shut down.");
    return;
  }
  redis::RedisAdmin& node = pool.At(gone.address);
  const redis::Reply reset = node.Call({"CLUSTER", "RESET", "SOFT"});
  if (reset.error()) session.Warning("Node " + gone.name() + " refused CLUSTER RESET: " + reset.text);
  session.Step("SHUTDOWN the node.");
  try {
    const redis::Reply reply = node.Call({"SHUTDOWN"});
    throw base::Failure("node " + gone.name() + " was forgotten but refused to shut down: " + reply.text);
  } catch (const redis::ConnectionFailure&) {
    // It closed the connection: that is the answer.
  }
}

void DelNode(Session& session, const DelNodeOptions& options) {
  session.Step("Removing node " + options.id + " from cluster " + options.address);
  const Cluster cluster = ReadCluster(session, RequireAddress(options.address));
  const topology::Node* gone = FindNode(cluster, options.id);
  if (gone == nullptr) throw base::Failure("No such node ID " + options.id);
  if (!gone->slots.empty()) {
    throw base::Failure("Node " + gone->name() + " is not empty! Reshard data away and try again: it owns " +
                        std::to_string(gone->slots.size()) + " slots (windlassctl reshard, or rebalance --weight " +
                        gone->id + "=0)");
  }
  redis::NodePool pool(session.admin);
  RepointReplicas(session, cluster, pool, *gone);
  ForgetEverywhere(session, cluster, pool, *gone);
  ShutDown(session, pool, *gone);
}

}  // namespace

void RegisterDelNode(CLI::App& app, Session& session) {
  auto options = std::make_shared<DelNodeOptions>();
  CLI::App* del = app.add_subcommand("del-node", "Makes the cluster forget a node without slots, and shuts it down");
  del->add_option("HOST:PORT", options->address, "Any node of the cluster")->required();
  del->add_option("ID", options->id, "The id of the node to remove")->required();
  AddCredentialOptions(*del, session);
  del->callback([&session, options] { DelNode(session, *options); });
}

}  // namespace windlass::cli
