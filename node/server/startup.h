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

// File, then standard input, then the command line. False: the reason has been
// printed on standard error in the form tools look for.
bool LoadConfiguration(const Arguments& arguments, config::Config* config);

void PrintVersion();
int TestMemoryUnsupported();
int SentinelUnsupported();
void PrintHelp(const std::string& program);

}  // namespace windlass::server
