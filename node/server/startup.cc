// See startup.h.
#include "node/server/startup.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "node/base/letter_case.h"
#include "node/base/log.h"
#include "node/commands/command_table.h"
#include "node/commands/version.h"
#include "node/config/value_parser.h"

namespace windlass::server {
namespace {

std::string AbsolutePath(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  char cwd[PATH_MAX];
  if (getcwd(cwd, sizeof cwd) == nullptr) return path;
  return std::string(cwd) + '/' + path;
}

void LogUnreadable(const std::string& path, const std::string& reason) {
  base::Logger log;
  log.SetRole('C');
  log.Warning("Fatal error, can't open config file '" + path + "': " + reason);
}

void PrintFatal(const config::LoadError& error) {
  if (error.line == 0) return LogUnreadable(error.text, error.reason);
  std::fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %.*s) ***\n",
               static_cast<int>(commands::kRedisVersion.size()), commands::kRedisVersion.data());
  std::fprintf(stderr, "Reading the configuration file, at line %d\n>>> '%s'\n%s\n", error.line,
               error.text.c_str(), error.reason.c_str());
}

// File, standard input and options are one text to the person who reads of an
// error: `lines_before` is what came before this part of it.
bool Check(config::Config::LoadResult result, int lines_before) {
  if (result.error.line != 0) result.error.line += lines_before;
  if (!result.ok) PrintFatal(result.error);
  return result.ok;
}

int LinesIn(std::istream&& text) {
  return static_cast<int>(std::count(std::istreambuf_iterator<char>(text), std::istreambuf_iterator<char>(), '\n'));
}

// What no single line can be blamed for.
bool IsConsistent(const config::Config& config) {
  std::string wrong;
  if (const std::string& path = config.Text("logfile"); !path.empty()) {
    FILE* file = std::fopen(path.c_str(), "a");
    if (file == nullptr) wrong = std::string("Can't open the log file: ") + std::strerror(errno);
    if (file != nullptr) std::fclose(file);
  }
  if (config.Int("cluster-enabled") != 0 && !config.Text("replicaof").empty()) {
    wrong = "replicaof directive not allowed in cluster mode";
  }
  if (wrong.empty()) return true;
  std::fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %.*s) ***\n%s\n", static_cast<int>(commands::kRedisVersion.size()),
               commands::kRedisVersion.data(), wrong.c_str());
  return false;
}

// In quotes, needed or not: an error shows where a value begins and ends.
std::string Quoted(const std::string& word) {
  const std::string quoted = config::QuoteWord(word);
  return quoted[0] == '"' ? quoted : '"' + quoted + '"';
}

}  // namespace

Arguments ParseArguments(const std::vector<std::string>& arguments) {
  Arguments parsed;
  if (!arguments.empty()) {
    const std::string& first = arguments[0];
    if (first == "-v" || first == "--version") parsed.action = Arguments::Action::kVersion;
    if (first == "-h" || first == "--help") parsed.action = Arguments::Action::kHelp;
    if (first == "--check-system") parsed.action = Arguments::Action::kCheckSystem;
    if (parsed.action != Arguments::Action::kServe) return parsed;
  }
  if (!arguments.empty() && arguments[0] == "--test-memory") {
    parsed.action = Arguments::Action::kTestMemory;
    return parsed;
  }
  if (std::find(arguments.begin(), arguments.end(), "--sentinel") != arguments.end()) {
    parsed.action = Arguments::Action::kSentinel;
    return parsed;
  }
  size_t i = 0;
  if (!arguments.empty() && arguments[0][0] != '-') parsed.config_file = arguments[i++];
  for (; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "-") {
      parsed.from_stdin = true;
    } else if (word.size() > 2 && word.compare(0, 2, "--") == 0) {
      if (!parsed.directives.empty()) parsed.directives += '\n';
      parsed.directives += word.substr(2);
      // Without a value: no points to save at.
      const bool has_value = i + 1 < arguments.size() && arguments[i + 1].compare(0, 2, "--") != 0;
      if (base::EqualsNoCase(word, "--save") && !has_value) parsed.directives += " \"\"";
    } else {
      // A value, or the first word of a line without dashes.
      if (!parsed.directives.empty()) parsed.directives += ' ';
      parsed.directives += Quoted(word);
    }
  }
  return parsed;
}

bool LoadConfiguration(const Arguments& arguments, config::Config* config) {
  int lines = 0;
  commands::CommandTable names(commands::CommandFamilies());
  config->SetLineCheck("rename-command", [&names](std::span<const std::string> words) -> base::Result<void> {
    if (words.size() != 2) return base::Error{"wrong number of arguments"};
    return names.Rename(words[0], words[1]);
  });
  if (!arguments.config_file.empty()) {
    const std::string path = AbsolutePath(arguments.config_file);
    if (access(path.c_str(), R_OK) != 0) {
      LogUnreadable(path, std::strerror(errno));
      return false;
    }
    config->set_file_path(path);
    if (!Check(config->LoadFile(path), 0)) return false;
    lines = LinesIn(std::ifstream(path));
  }
  if (arguments.from_stdin) {
    base::Logger log;
    log.SetRole('C');
    log.Warning("Reading config from stdin");
    const std::string text((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    if (!Check(config->LoadText(text), lines)) return false;
    lines += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  config->BeginOverrides();
  bool loaded = Check(config->LoadText(arguments.directives), lines + 1);
  if (const char* kept = std::getenv(kKeptSettingsVariable); loaded && kept != nullptr && *kept != 0) {
    loaded = Check(config->LoadKept(AbsolutePath(kept)), 0);
  }
  loaded = loaded && IsConsistent(*config);
  config->SetLineCheck("rename-command", nullptr);  // it refers to what ends here
  return loaded;
}

void PrintVersion() {
  // In the form that scripts cut the version out of.
  std::printf("Redis server v=%s sha=00000000:0 malloc=jemalloc bits=%d build=windlass-%s\n",
              std::string(commands::kRedisVersion).c_str(), static_cast<int>(sizeof(void*) * 8),
              std::string(commands::kWindlassVersion).c_str());
}

void PrintHelp(const std::string& program) {
  const char* name = program.c_str();
  std::fprintf(stderr,
               "Usage: %s [/path/to/redis.conf] [options] [-]\n"
               "       %s - (read config from stdin)\n"
               "       %s -v or --version\n"
               "       %s -h or --help\n\n"
               "Every directive of redis.conf is an option:\n"
               "       %s --port 7777 --appendonly yes\n"
               "       %s /etc/redis.conf --loglevel verbose\n",
               name, name, name, name, name, name);
}

int SentinelUnsupported() {
  std::fprintf(stderr, "--sentinel is not supported: masters of a cluster are replaced by its other nodes\n");
  return 1;
}

int TestMemoryUnsupported() {
  std::fprintf(stderr, "--test-memory is not supported: use a tool made for it, such as memtester\n");
  return 1;
}

}  // namespace windlass::server
