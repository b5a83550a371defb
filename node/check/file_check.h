// Looks through one RDB file, one file of an append-only log, or a whole log by its
// manifest, and says what is wrong and where. Changes nothing but by CutTail.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/base/result.h"
#include "node/check/statistics.h"

namespace windlass::check {

enum class FileKind { kRdb, kAof };

struct FileVerdict {
  FileKind kind = FileKind::kRdb;
  std::string path;
  std::string role;         // "BASE", "INCR" of a log by manifest, else empty
  int64_t size = 0;
  int64_t valid_bytes = 0;  // whole up to here
  int64_t failed_at = 0;    // of what could not be read, if !whole
  bool whole = false;
  bool torn = false;        // !whole only because the end of the last command or transaction lacks
  bool begins_with_rdb = false;  // of an append-only file
  int64_t commands = 0;
  std::string reason;       // if !whole
};

// What a path is: a manifest (or a folder with one), an RDB, an append-only file.
struct Found {
  std::vector<std::string> rdb_files;
  std::vector<std::string> aof_files;
  std::vector<std::string> manifests;
};
// A folder stands for all that is in it and in its folders. An error: nothing is there.
base::Result<Found> Find(const std::string& path);

FileVerdict CheckRdbFile(const std::string& path, Statistics* statistics, const std::function<void(int64_t, const std::string&)>& tell);
FileVerdict CheckAofFile(const std::string& path, Statistics* statistics);

// The files of a manifest in the order they are loaded; an error if it cannot be read.
struct LogFile {
  std::string path;
  std::string role;
};
base::Result<std::vector<LogFile>> FilesOf(const std::string& manifest_path);

// Cuts a torn file to what is whole of it and fsyncs.
base::Result<void> CutTail(const FileVerdict& verdict);
// How many lines the whole part has, and one.
int64_t LineAfter(const std::string& path, int64_t bytes);

}  // namespace windlass::check
