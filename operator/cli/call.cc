// windlassctl call: one command to every node.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/base/text.h"
#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"
#include "operator/cli/reply_text.h"

namespace windlass::cli {
namespace {

struct CallOptions {
  std::string address;
  bool only_masters = false;
  bool only_replicas = false;
};

void CallEverywhere(Session& session, const CallOptions& options, const redis::Command& command) {
  if (command.empty()) throw UsageFailure("the command to send is missing");
  const Cluster cluster = ReadCluster(session, RequireAddress(options.address));
  session.Step("Calling " + base::Join(command, " "));
  redis::NodePool pool(session.admin);
  for (const topology::Node* node : cluster.nodes) {
    if ((options.only_masters && !node->master) || (options.only_replicas && node->master)) continue;
    session.out << node->name() << ": ";
    try {
      const redis::Reply reply = pool.At(node->address).Call(command);
      session.out << RawReply(reply) << std::flush;
      if (reply.error()) session.exit_code = kExitFailed;
    } catch (const base::Failure& failure) {
      session.out << "(no answer) " << failure.what() << std::endl;
      session.exit_code = kExitFailed;
    }
  }
}

}  // namespace

void RegisterCall(CLI::App& app, Session& session) {
  auto options = std::make_shared<CallOptions>();
  CLI::App* call = app.add_subcommand("call", "Sends one command to every node and prints each reply; options go "
                                              "before HOST:PORT. Exit code 1 if a node failed");
  call->add_option("HOST:PORT", options->address, "Any node of the cluster, then the command")->required();
  call->add_flag("--only-masters,--cluster-only-masters", options->only_masters, "Masters only");
  call->add_flag("--only-replicas,--cluster-only-replicas", options->only_replicas, "Replicas only");
  AddCredentialOptions(*call, session);
  call->prefix_command();
  call->callback([&session, options, call] { CallEverywhere(session, *options, call->remaining()); });
}

}  // namespace windlass::cli
