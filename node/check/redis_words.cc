// See redis_words.h.
#include "node/check/redis_words.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <utility>

#include "node/check/file_check.h"

namespace windlass::check {
namespace {

std::string BaseName(const std::string& path) { return std::filesystem::path(path).filename().string(); }

Statistics MakeStatistics() {
  StatisticsOptions options;
  options.biggest = 0;
  options.now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return Statistics(options);
}

void WriteCounts(const Statistics& statistics, std::ostream& out) {
  out << "[info] " << statistics.total().keys << " keys read\n"
      << "[info] " << statistics.expires() << " expires\n"
      << "[info] " << statistics.expired() << " already expired\n";
}

int CheckRdb(const std::vector<std::string>& arguments, Streams streams) {
  if (arguments.size() != 1) {
    *streams.err << "Usage: redis-check-rdb <rdb-file-name>\n";
    return 1;
  }
  std::ostream& out = *streams.out;
  Statistics statistics = MakeStatistics();
  out << "[offset 0] Checking RDB file " << arguments[0] << "\n";
  const FileVerdict verdict = CheckRdbFile(arguments[0], &statistics, [&out](int64_t offset, const std::string& what) {
    out << "[offset " << offset << "] " << what << "\n";
  });
  if (!verdict.whole) {
    out << "--- RDB ERROR DETECTED ---\n[offset " << verdict.failed_at << "] " << verdict.reason << "\n";
    WriteCounts(statistics, out);
    return 1;
  }
  out << "[offset " << verdict.valid_bytes << "] Checksum OK\n"
      << "[offset " << verdict.valid_bytes << "] \\o/ RDB looks OK! \\o/\n";
  WriteCounts(statistics, out);
  return 0;
}

class AofTool {
 public:
  AofTool(bool fix, Streams streams) : fix_(fix), streams_(streams) {}

  int CheckManifest(const std::string& path) {
    std::ostream& out = *streams_.out;
    out << "Start checking Multi Part AOF\n";
    const auto files = FilesOf(path);
    if (!files.ok()) {
      out << files.error() << "\n";
      return 1;
    }
    bool increments_begun = false;
    for (size_t i = 0; i < files->size(); ++i) {
      const LogFile& file = (*files)[i];
      if (file.role == "INCR" && !std::exchange(increments_begun, true)) out << "Start to check INCR files.\n";
      FileVerdict verdict = Analyze(file.path, file.role == "BASE");
      if (verdict.whole) {
        out << file.role << " AOF " << BaseName(file.path) << " is valid\n";
      } else if (!Repair(verdict, i + 1 == files->size())) {
        return 1;
      }
    }
    out << "All AOF files and manifest are valid\n";
    return 0;
  }

  int CheckOne(const std::string& path) {
    std::ostream& out = *streams_.out;
    out << "Start checking Old-Style AOF\n";
    const FileVerdict verdict = Analyze(path, false);
    if (!verdict.whole) return Repair(verdict, true) ? 0 : 1;
    out << "AOF " << BaseName(path) << " is valid\n";
    return 0;
  }

 private:
  FileVerdict Analyze(const std::string& path, bool is_base) {
    std::ostream& out = *streams_.out;
    Statistics statistics = MakeStatistics();
    FileVerdict verdict = CheckAofFile(path, &statistics);
    if (is_base) out << "Start to check BASE AOF (" << (verdict.begins_with_rdb ? "RDB" : "AOF") << " format).\n";
    if (verdict.begins_with_rdb) {
      out << "[offset 0] Checking RDB file " << BaseName(path) << "\n";
      if (verdict.whole || verdict.torn) {
        WriteCounts(statistics, out);
        out << "RDB preamble is OK, proceeding with AOF tail...\n";
      }
    }
    if (!verdict.whole) {
      char place[32];
      std::snprintf(place, sizeof place, "0x%16llx", static_cast<unsigned long long>(verdict.failed_at));
      out << place << ": " << verdict.reason << "\n";
    }
    out << "AOF analyzed: filename=" << BaseName(path) << ", size=" << verdict.size << ", ok_up_to=" << verdict.valid_bytes
        << ", ok_up_to_line=" << (verdict.begins_with_rdb ? 1 : LineAfter(path, verdict.valid_bytes))
        << ", diff=" << verdict.size - verdict.valid_bytes << "\n";
    return verdict;
  }

  bool Repair(const FileVerdict& verdict, bool is_last) {
    std::ostream& out = *streams_.out;
    const std::string name = BaseName(verdict.path);
    if (!fix_) {
      out << "AOF " << name << " is not valid. Use the --fix option to try fixing it.\n";
      return false;
    }
    if (!is_last || !verdict.torn) {
      out << "AOF " << name << " is not valid, and it is not only its end that is missing: it is left as it is.\n";
      return false;
    }
    out << "This will shrink the AOF " << name << " from " << verdict.size << " bytes, with "
        << verdict.size - verdict.valid_bytes << " bytes, to " << verdict.valid_bytes << " bytes\n";
    if (!Agreed(streams_)) {
      out << "Aborting...\n";
      return false;
    }
    if (const auto cut = CutTail(verdict); !cut.ok()) {
      out << cut.error() << "\n";
      return false;
    }
    out << "Successfully truncated AOF " << name << "\n";
    return true;
  }

  bool fix_;
  Streams streams_;
};

int CheckAof(const std::vector<std::string>& arguments, Streams streams) {
  const bool fix = arguments.size() == 2 && arguments[0] == "--fix";
  if (arguments.size() != (fix ? 2u : 1u)) {
    *streams.out << "Usage: redis-check-aof [--fix] <file.manifest|file.aof>\n";
    return 1;
  }
  const std::string& path = arguments.back();
  AofTool tool(fix, streams);
  const auto found = Find(path);
  if (!found.ok()) {
    *streams.out << found.error() << "\n";
    return 1;
  }
  return found->manifests.empty() ? tool.CheckOne(path) : tool.CheckManifest(found->manifests.front());
}

}  // namespace

bool Agreed(Streams streams) {
  *streams.out << "Continue? [y/N]: " << std::flush;
  std::string answer;
  std::getline(*streams.in, answer);
  return !answer.empty() && (answer[0] == 'y' || answer[0] == 'Y');
}

std::optional<int> RunAsRedisTool(const std::string& name, const std::vector<std::string>& arguments, Streams streams) {
  const std::string tool = BaseName(name);
  if (tool == "redis-check-rdb" || tool == "valkey-check-rdb") return CheckRdb(arguments, streams);
  if (tool == "redis-check-aof" || tool == "valkey-check-aof") return CheckAof(arguments, streams);
  return std::nullopt;
}

}  // namespace windlass::check
