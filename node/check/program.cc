// See program.h.
#include "node/check/program.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <optional>

#include "node/check/file_check.h"
#include "node/check/redis_words.h"

namespace windlass::check {
namespace {

constexpr const char* kHelp = R"(usage: windlass-check [options] PATH...

Looks through the files a server keeps its data in, without a server, and says
whether they are whole and what they hold.

PATH is an RDB file (dump.rdb), the manifest of an append-only log
(appendonlydir/appendonly.aof.manifest), one file of such a log, or a folder: then
everything in it is looked at.

  --fix          cut the torn end off the last file of an append-only log. That is
                 the one damage that can be repaired without guessing: a server that
                 was killed while it wrote leaves half a command, or a transaction
                 without its EXEC. Anything else is reported and left alone. You are
                 asked first.
  --yes          do not ask
  --no-stats     only say whether the files are whole
  --biggest N    how many of the biggest keys are listed (default 10)
  --prefixes N   how many prefixes are listed (default 20)
  --separator S  a key's prefix ends with the first S (default ":")
  --help         this text

Memory is counted as windlass-node would hold it, without its tables. Of an
append-only log the base is counted by key; the commands behind it are counted by
name only, for it takes a server to execute them.

Make a copy before you repair: cp -a appendonlydir appendonlydir.copy

Examples:
  windlass-check /data/dump.rdb
  windlass-check --no-stats /data
  windlass-check --fix /data/appendonlydir/appendonly.aof.manifest

Exit status: 0 all is whole, or was made whole; 1 something is damaged or cannot be
read; 2 the arguments make no sense.
)";

struct Settings {
  bool fix = false;
  bool yes = false;
  bool statistics = true;
  StatisticsOptions options;
  std::vector<std::string> paths;
};

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool ParseNumber(const std::string& text, size_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

// Empty: fine. Else what is wrong.
std::string Parse(const std::vector<std::string>& arguments, Settings* settings) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool takes_value = word == "--biggest" || word == "--prefixes" || word == "--separator";
    if (takes_value && i + 1 == arguments.size()) return word + " needs a value";
    if (word == "--fix") {
      settings->fix = true;
    } else if (word == "--yes") {
      settings->yes = true;
    } else if (word == "--no-stats") {
      settings->statistics = false;
    } else if (word == "--separator") {
      settings->options.separator = arguments[++i];
    } else if (takes_value) {
      size_t* number = word == "--biggest" ? &settings->options.biggest : &settings->options.prefixes;
      if (!ParseNumber(arguments[++i], number)) return word + " needs a number";
    } else if (word.substr(0, 2) == "--") {
      return "there is no option " + word;
    } else {
      settings->paths.push_back(word);
    }
  }
  return settings->paths.empty() ? "name a file or a folder" : "";
}

class Checker {
 public:
  Checker(const Settings& settings, Streams streams) : settings_(settings), streams_(streams) {}

  // False: damage.
  bool Check(const std::string& path) {
    const auto found = Find(path);
    if (!found.ok()) {
      *streams_.err << found.error() << "\n";
      return false;
    }
    bool whole = true;
    for (const std::string& file : found->rdb_files) {
      Statistics statistics(settings_.options);
      whole = Judge(CheckRdbFile(file, &statistics, nullptr), true) && whole;
      Show(statistics);
    }
    for (const std::string& file : found->aof_files) {
      Statistics statistics(settings_.options);
      whole = Judge(CheckAofFile(file, &statistics), true) && whole;
      Show(statistics);
    }
    for (const std::string& manifest : found->manifests) whole = CheckLog(manifest) && whole;
    return whole;
  }

 private:
  bool CheckLog(const std::string& manifest) {
    const auto files = FilesOf(manifest);
    if (!files.ok()) {
      *streams_.out << manifest << ": DAMAGED: " << files.error() << "\n";
      return false;
    }
    *streams_.out << manifest << ": a log of " << files->size() << " files\n";
    Statistics statistics(settings_.options);
    bool whole = true;
    for (size_t i = 0; i < files->size(); ++i) {
      FileVerdict verdict = CheckAofFile((*files)[i].path, &statistics);
      verdict.role = (*files)[i].role;
      whole = Judge(verdict, i + 1 == files->size()) && whole;
    }
    Show(statistics);
    return whole;
  }

  bool Judge(const FileVerdict& verdict, bool is_last) {
    std::ostream& out = *streams_.out;
    out << verdict.path << ": ";
    if (verdict.whole) {
      out << "whole, " << verdict.size << " bytes";
      if (verdict.kind == FileKind::kAof) out << ", " << verdict.commands << " commands";
      out << "\n";
      return true;
    }
    if (!verdict.torn) {
      out << "DAMAGED at offset " << verdict.failed_at << " of " << verdict.size << ": " << verdict.reason << "\n";
      return false;
    }
    out << "TORN: whole up to offset " << verdict.valid_bytes << " of " << verdict.size << "; then: " << verdict.reason << "\n";
    if (!is_last) {
      out << "  Files follow it in the log: cutting it would leave a gap, so that is not done.\n";
      return false;
    }
    if (!settings_.fix) {
      out << "  A server with aof-load-truncated yes (the default) cuts it at its start; --fix does it now.\n";
      return false;
    }
    return Fix(verdict);
  }

  bool Fix(const FileVerdict& verdict) {
    std::ostream& out = *streams_.out;
    out << "  The last " << verdict.size - verdict.valid_bytes << " bytes are to be cut off.\n";
    if (!settings_.yes && !Agreed(streams_)) {
      out << "  Left as it is.\n";
      return false;
    }
    const auto cut = CutTail(verdict);
    out << (cut.ok() ? "  Cut to " + std::to_string(verdict.valid_bytes) + " bytes.\n" : "  Not done: " + cut.error() + "\n");
    return cut.ok();
  }

  void Show(const Statistics& statistics) {
    if (settings_.statistics) *streams_.out << statistics.Report();
  }

  const Settings& settings_;
  Streams streams_;
};

}  // namespace

int Run(const std::string& name, const std::vector<std::string>& arguments, Streams streams) {
  if (const auto status = RunAsRedisTool(name, arguments, streams)) return *status;
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    *streams.out << kHelp;
    return 0;
  }
  Settings settings;
  settings.options.now_ms = NowMs();
  if (const std::string wrong = Parse(arguments, &settings); !wrong.empty()) {
    *streams.err << "windlass-check: " << wrong << "\n" << kHelp;
    return 2;
  }
  Checker checker(settings, streams);
  bool whole = true;
  for (const std::string& path : settings.paths) whole = checker.Check(path) && whole;
  return whole ? 0 : 1;
}

}  // namespace windlass::check
