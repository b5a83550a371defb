// windlassctl check, windlassctl info.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/cluster.h"
#include "operator/cli/commands.h"

namespace windlass::cli {

void AddCredentialOptions(CLI::App& subcommand, Session& session) {
  subcommand.add_option("-a,--pass", session.admin.credentials.password,
                        "Password of every node (default: $REDISCLI_AUTH, else requirepass in the file "
                        "$WINDLASSCTL_AUTH_FILE)");
  subcommand.add_option("--user", session.admin.credentials.user, "ACL user to log in as");
}

void RegisterCheck(CLI::App& app, Session& session) {
  auto address = std::make_shared<std::string>();

  CLI::App* check = app.add_subcommand("check", "Checks a cluster: agreement, open slots, coverage. Exit code 1 if "
                                                "something is wrong");
  check->add_option("HOST:PORT", *address, "Any node of the cluster")->required();
  AddCredentialOptions(*check, session);
  check->callback([&session, address] {
    const Cluster cluster = ReadCluster(session, RequireAddress(*address));
    PrintInfo(session, cluster);
    if (!Check(session, cluster)) session.exit_code = kExitFailed;
  });

  CLI::App* info = app.add_subcommand("info", "Keys, slots and replicas of every master");
  info->add_option("HOST:PORT", *address, "Any node of the cluster")->required();
  AddCredentialOptions(*info, session);
  info->callback([&session, address] { PrintInfo(session, ReadCluster(session, RequireAddress(*address))); });
}

}  // namespace windlass::cli
