// From the program's arguments to a loaded configuration.
#pragma once

#include <string>
#include <vector>

#include "node/config/config.h"

namespace windlass::server {

struct Arguments {
  enum class Action { kServe, kVersion, kHelp, kTestMemory, kCheckSystem, kSentinel };
  Action action = Action::kServe;
  std::string config_file;     // as typed; empty: none
  bool from_stdin = false;
  std::string directives;      // configuration lines from the command line
};

// `arguments`: those after the program's name.
Arguments ParseArguments(const std::vector<std::string>& arguments);

// The file that CONFIG REWRITE writes instead of a configuration file that cannot be
// written, as that of a pod. A variable, because redis-server, which may be started
// in the same way, refuses a directive that it does not know.
inline constexpr const char* kKeptSettingsVariable = "WINDLASS_KEPT_SETTINGS";

// File, then standard input, then the command line, then what was kept. False: the
// reason has been printed on standard error in the form tools look for.
bool LoadConfiguration(const Arguments& arguments, config::Config* config);

void PrintVersion();
int TestMemoryUnsupported();
int SentinelUnsupported();
void PrintHelp(const std::string& program);

}  // namespace windlass::server
