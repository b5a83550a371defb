#include <CLI/CLI.hpp>
#include "operator/cli/commands.h"
namespace windlass::cli { void RegisterFix(CLI::App&, Session&) {} }
