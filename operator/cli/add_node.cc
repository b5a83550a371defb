// windlassctl add-node: an empty node joins, as a master or as a replica.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"

namespace windlass::cli {
namespace {

struct AddNodeOptions {
  std::string fresh;
  std::string existing;
  bool replica = false;
  std::string master_id;
};

const topology::Node& ChooseMaster(Session& session, const Cluster& cluster, const AddNodeOptions& options) {
  if (options.master_id.empty()) {
    const topology::Node* master = MasterWithFewestReplicas(cluster, "");
    if (master == nullptr) throw base::Failure("there is no master with slots to replicate");
    session.out << "Automatically selected master " << master->name() << std::endl;
    return *master;
  }
  const topology::Node* master = FindNode(cluster, options.master_id);
  if (master == nullptr) throw base::Failure("No such master ID " + options.master_id);
  if (!master->master) throw base::Failure("node " + options.master_id + " is a replica, not a master");
  return *master;
}

// A master that joins must run the same functions as the rest.
void CopyFunctions(Session& session, redis::NodePool& pool, const topology::Address& from, const topology::Address& to) {
  const redis::Reply dump = pool.At(from).Call({"FUNCTION", "DUMP"});
  if (dump.error()) return;  // before 7.0 there are no functions
  session.Step("Getting functions from cluster");
  const redis::Reply list = pool.At(to).Call({"FUNCTION", "LIST"});
  if (list.type == redis::Reply::kArray && !list.elements.empty()) {
    throw base::Failure("node " + topology::ToString(to) + " has functions already: FUNCTION FLUSH it first");
  }
  session.Step("Send FUNCTION RESTORE to " + topology::ToString(to));
  pool.At(to).Require({"FUNCTION", "RESTORE", dump.text});
}

void Join(Session& session, redis::NodePool& pool, const topology::Address& fresh, const topology::Address& existing) {
  const std::string host = ResolveHost(existing.host);
  const std::string id = pool.At(fresh).Require({"CLUSTER", "MYID"}).text;
  session.Step("Send CLUSTER MEET to node " + topology::ToString(fresh) + " to make it join the cluster.");
  for (int attempt = 0; attempt < 6; ++attempt) {
    pool.At(fresh).Require({"CLUSTER", "MEET", host, std::to_string(existing.port)});
    for (int i = 0; i < 25; ++i) {
      SleepMs(200);
      const Cluster now = ReadCluster(session, existing);
      const topology::Node* node = now.view.Find(id);
      if (node != nullptr && node->reported && now.view.FullyMeshed() && now.view.SlotsAgree()) return;
    }
    session.out << "." << std::flush;
  }
  throw base::Failure("node " + topology::ToString(fresh) +
                      " did not join within 30 s: is its bus port reachable, and was it deleted less than a minute ago?");
}

void AddNode(Session& session, const AddNodeOptions& options) {
  const topology::Address fresh = RequireAddress(options.fresh);
  const topology::Address existing = RequireAddress(options.existing);
  const bool replica = options.replica || !options.master_id.empty();
  session.Step("Adding node " + options.fresh + " to cluster " + options.existing);
  const Cluster cluster = RequireHealthy(session, existing, "adding a node");
  if (cluster.view.FindByAddress(fresh) != nullptr) {
    throw base::Failure("Node " + options.fresh + " is a member of this cluster already");
  }
  redis::NodePool pool(session.admin);
  RequireEmptyNode(pool, fresh);
  std::string master_id;
  std::string master_name;
  if (replica) {
    const topology::Node& master = ChooseMaster(session, cluster, options);
    master_id = master.id;
    master_name = master.name();
  } else {
    CopyFunctions(session, pool, existing, fresh);
  }
  Join(session, pool, fresh, existing);
  if (replica) {
    session.Step("Configure node as replica of " + master_name + ".");
    Replicate(pool, fresh, master_id);
    const std::string id = pool.At(fresh).Require({"CLUSTER", "MYID"}).text;
    for (int i = 0; i < 50; ++i) {
      const Cluster now = ReadCluster(session, existing);
      const topology::NodeReport* report = now.view.ReportOf(id);
      if (report != nullptr && report->replication.link_up) break;
      if (i % 5 == 4) session.out << "." << std::flush;
      SleepMs(200);
    }
  }
  if (!WaitAgreement(session, existing, 10000)) {
    session.Warning("The nodes have not all settled on the new node yet.");
  }
  session.Ok("New node added correctly.");
}

}  // namespace

void RegisterAddNode(CLI::App& app, Session& session) {
  auto options = std::make_shared<AddNodeOptions>();
  CLI::App* add = app.add_subcommand("add-node", "Adds an empty node, as an empty master or as a replica");
  add->add_option("NEW", options->fresh, "HOST:PORT of the node to add")->required();
  add->add_option("EXISTING", options->existing, "HOST:PORT of any node of the cluster")->required();
  add->add_flag("--slave,--replica,--cluster-slave,--cluster-replica", options->replica,
                "Add it as a replica; without --master-id of the master with fewest replicas");
  add->add_option("--master-id,--cluster-master-id", options->master_id, "Add it as a replica of this master");
  AddCredentialOptions(*add, session);
  add->callback([&session, options] { AddNode(session, *options); });
}

}  // namespace windlass::cli
