// windlassctl: parses the command line, runs one subcommand, turns what went
// wrong into a message and an exit code.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "operator/cli/commands.h"
#include "operator/cli/session.h"

namespace {

const char* const kFooter =
    "Examples:\n"
    "  windlassctl create 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379 --yes\n"
    "  windlassctl check 10.0.0.1:6379\n"
    "  windlassctl reshard 10.0.0.1:6379            asks; or --from ID --to ID --slots N --yes\n"
    "  windlassctl cli -c -h 10.0.0.1 SET user:42 hello\n"
    "\n"
    "Where nodes need a password: -a PASSWORD [--user NAME] behind the subcommand, or\n"
    "REDISCLI_AUTH in the environment, which keeps it out of the process list.\n"
    "\n"
    "Exit codes: 0 done; 1 failed, refused, or check found a problem; 2 used wrongly.\n"
    "`windlassctl SUBCOMMAND --help` tells more.";

// Of $REDISCLI_AUTH, else of the configuration file that a node's pod has: `requirepass "…"`.
std::string DefaultPassword() {
  if (const char* password = std::getenv("REDISCLI_AUTH")) return password;
  const char* path = std::getenv("WINDLASSCTL_AUTH_FILE");
  if (path == nullptr) return "";
  std::ifstream file(path);
  for (std::string directive; file >> directive; std::getline(file, directive)) {
    std::string password;
    if (directive == "requirepass" && file >> std::quoted(password)) return password;
  }
  return "";
}

int Run(CLI::App& app, windlass::cli::Session& session, int argc, char** argv) {
  using namespace windlass;
  try {
    app.parse(argc, argv);
    return session.exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, session.out, session.err) == 0 ? cli::kExitOk : cli::kExitUsage;
  } catch (const cli::UsageFailure& failure) {
    session.err << "[ERR] " << failure.what() << std::endl;
    return cli::kExitUsage;
  } catch (const base::Failure& failure) {
    session.err << "[ERR] " << failure.what() << std::endl;
    return cli::kExitFailed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace windlass;
  cli::Session session{std::cin, std::cout, std::cerr};
  session.color = isatty(STDOUT_FILENO) != 0;
  session.admin.credentials.password = DefaultPassword();

  CLI::App app{"Windlass's hands: administers Redis clusters as redis-trib and redis-cli --cluster do.",
               "windlassctl"};
  app.require_subcommand(1);
  app.footer(kFooter);
  cli::RegisterCheck(app, session);
  cli::RegisterCreate(app, session);
  cli::RegisterAddNode(app, session);
  cli::RegisterReshard(app, session);
  cli::RegisterRebalance(app, session);
  cli::RegisterDelNode(app, session);
  cli::RegisterFix(app, session);
  cli::RegisterCall(app, session);
  cli::RegisterClient(app, session);
  cli::RegisterLocal(app, session);
  return Run(app, session, argc, argv);
}
