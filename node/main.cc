// windlass-node: builds every component, wires them together, runs the loop.
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "node/base/clock.h"
#include "node/base/log.h"
#include "node/base/random.h"
#include "node/config/config.h"
#include "node/server/access_setup.h"
#include "node/server/node_assembly.h"
#include "node/server/process.h"
#include "node/server/startup.h"
#include "node/server/system_checks.h"

namespace {

using windlass::server::Arguments;

int Serve(const Arguments& arguments, char** argv) {
  windlass::config::Config config;
  windlass::server::CheckUserLines(&config);
  if (!windlass::server::LoadConfiguration(arguments, &config)) return 1;
  windlass::server::Daemonize(config);
  windlass::base::Logger log;
  log.Open(config.Text("logfile"));
  log.SetLevel(static_cast<windlass::base::LogLevel>(config.Int("loglevel")));
  windlass::server::LogStart(config, log);
  windlass::server::RaiseFileLimit(config, log);
  bool restart = false;
  int code = 1;
  {
    windlass::server::NodeAssembly node(&config, &log);
    if (node.Start()) {
      node.Run();
      code = node.exit_code();
      restart = node.restart_wanted();
    }
  }
  if (restart) execv("/proc/self/exe", argv);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = windlass::server::ParseArguments(std::vector<std::string>(argv + 1, argv + argc));
  switch (arguments.action) {
    case Arguments::Action::kVersion: windlass::server::PrintVersion(); return 0;
    case Arguments::Action::kHelp: windlass::server::PrintHelp(argv[0]); return 1;
    case Arguments::Action::kCheckSystem: return windlass::server::CheckSystem() ? 0 : 1;
    case Arguments::Action::kTestMemory: return windlass::server::TestMemoryUnsupported();
    case Arguments::Action::kSentinel: return windlass::server::SentinelUnsupported();
    case Arguments::Action::kServe: break;
  }
  return Serve(arguments, argv);
}
