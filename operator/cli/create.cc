// windlassctl create: empty nodes become a cluster.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"
#include "operator/cli/create_layout.h"

namespace windlass::cli {
namespace {

struct CreateOptions {
  std::vector<std::string> nodes;
  int replicas = 0;
  bool yes = false;
};

std::vector<topology::Address> ReplicaOrder(const CreateLayout& layout) {
  std::vector<topology::Address> replicas;
  for (const auto& master : layout.masters) {
    replicas.insert(replicas.end(), master.replicas.begin(), master.replicas.end());
  }
  return replicas;
}

void PrintLayout(Session& session, redis::NodePool& pool, const CreateLayout& layout) {
  for (size_t i = 0; i < layout.masters.size(); ++i) {
    const slot::SlotRange& slots = layout.masters[i].slots;
    session.out << "Master[" << i << "] -> Slots " << slots.first << " - " << slots.last << std::endl;
  }
  for (const auto& master : layout.masters) {
    for (const auto& replica : master.replicas) {
      session.out << "Adding replica " << topology::ToString(replica) << " to " << topology::ToString(master.address)
                  << std::endl;
    }
  }
  if (layout.shares_hosts) session.Warning("Some slaves are in the same host as their master");
  for (const auto& master : layout.masters) {
    const std::string id = pool.At(master.address).Require({"CLUSTER", "MYID"}).text;
    session.out << "M: " << id << " " << topology::ToString(master.address) << "\n   slots:["
                << slot::ToString(master.slots) << "] (" << master.slots.size() << " slots) master" << std::endl;
    for (const auto& replica : master.replicas) {
      session.out << "S: " << pool.At(replica).Require({"CLUSTER", "MYID"}).text << " "
                  << topology::ToString(replica) << "\n   replicates " << id << std::endl;
    }
  }
}

void AddSlots(redis::RedisAdmin& node, const slot::SlotRange& slots) {
  const redis::Reply reply = node.Call({"CLUSTER", "ADDSLOTSRANGE", std::to_string(slots.first), std::to_string(slots.last)});
  if (!reply.error()) return;
  // Before 7.0 there is only the long form.
  redis::Command command{"CLUSTER", "ADDSLOTS"};
  for (int s = slots.first; s <= slots.last; ++s) command.push_back(std::to_string(s));
  node.Require(command);
}

void Join(Session& session, redis::NodePool& pool, const CreateLayout& layout) {
  std::vector<topology::Address> everyone;
  for (const auto& master : layout.masters) everyone.push_back(master.address);
  const auto replicas = ReplicaOrder(layout);
  everyone.insert(everyone.end(), replicas.begin(), replicas.end());

  session.Step("Assign a different config epoch to each node");
  for (size_t i = 0; i < everyone.size(); ++i) {
    pool.At(everyone[i]).Require({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (const auto& master : layout.masters) AddSlots(pool.At(master.address), master.slots);
  session.Step("Nodes configuration updated");

  session.Step("Sending CLUSTER MEET messages to join the cluster");
  const std::string host = ResolveHost(everyone.front().host);
  const std::string port = std::to_string(everyone.front().port);
  session.out << "Waiting for the cluster to join" << std::endl;
  // A MEET can be lost: every 5 s it is sent again to whoever is not known.
  for (int i = 0; i < 300; ++i) {
    const Cluster now = ReadCluster(session, everyone.front());
    if (now.nodes.size() == everyone.size() && now.view.FullyMeshed() && now.view.SlotsAgree()) {
      session.out << std::endl;
      return;
    }
    for (size_t n = 1; i % 25 == 0 && n < everyone.size(); ++n) {
      const std::string id = pool.At(everyone[n]).Require({"CLUSTER", "MYID"}).text;
      if (now.view.Find(id) == nullptr) pool.At(everyone[n]).Require({"CLUSTER", "MEET", host, port});
    }
    if (i % 5 == 4) session.out << "." << std::flush;
    SleepMs(200);
  }
  throw base::Failure("the nodes did not join within a minute: are the bus ports (port + 10000) reachable?");
}

void Create(Session& session, const CreateOptions& options) {
  std::vector<topology::Address> nodes;
  for (const std::string& text : options.nodes) nodes.push_back(RequireAddress(text));
  const auto layout = PlanCreate(nodes, options.replicas);
  if (!layout) throw UsageFailure(layout.error());
  redis::NodePool pool(session.admin);
  for (const topology::Address& node : nodes) RequireEmptyNode(pool, node);

  session.Step("Performing hash slots allocation on " + std::to_string(nodes.size()) + " nodes...");
  PrintLayout(session, pool, *layout);
  if (!options.yes && !session.Confirm("Can I set the above configuration? (type 'yes' to accept): ")) {
    throw base::Failure("nothing was changed: the configuration was not accepted");
  }
  Join(session, pool, *layout);
  for (const auto& master : layout->masters) {
    const std::string id = pool.At(master.address).Require({"CLUSTER", "MYID"}).text;
    for (const auto& replica : master.replicas) Replicate(pool, replica, id);
  }
  // Roles and slots reach the last node a gossip round after the first.
  const topology::Address& seed = layout->masters.front().address;
  const size_t replicas = ReplicaOrder(*layout).size();
  for (int i = 0; i < 50; ++i) {
    const Cluster now = ReadCluster(session, seed);
    bool settled = now.view.SlotsAgree() && now.view.Replicas().size() == replicas;
    for (const topology::NodeReport& report : now.view.reports()) settled = settled && report.ClusterStateOk();
    if (settled) break;
    SleepMs(200);
  }
  if (!Check(session, ReadCluster(session, seed))) session.exit_code = kExitFailed;
}

}  // namespace

void RegisterCreate(CLI::App& app, Session& session) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* create = app.add_subcommand("create", "Makes a cluster of empty nodes");
  create->add_option("HOST:PORT", options->nodes, "The nodes, masters and replicas to be")->required();
  create->add_option("--replicas,--cluster-replicas", options->replicas, "Replicas per master")
      ->check(CLI::Range(0, 100));
  create->add_flag("--yes,--cluster-yes", options->yes, "Do not ask");
  AddCredentialOptions(*create, session);
  create->callback([&session, options] { Create(session, *options); });
}

}  // namespace windlass::cli
