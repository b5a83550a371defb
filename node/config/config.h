// The settings of a server: every redis.conf directive, from file, command line
// and CONFIG SET, kept by name with its type checked.
//
// Components hold references taken once (`const int64_t& maxmemory =
// config.Int("maxmemory")`): the storage never moves, so a read costs nothing and
// CONFIG SET is seen at once. Names of directives without a meaning here are
// accepted, stored and reported all the same. Asking for a name or type that the
// table does not have is a programming error and aborts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/base/result.h"
#include "node/config/directive.h"

namespace windlass::config {

// client-output-buffer-limit: normal, replica, pubsub.
struct OutputLimit {
  int64_t hard_bytes = 0;
  int64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};
struct SavePoint {
  int64_t seconds;
  int64_t changes;
};

// Why start-up must stop, with the place, for the FATAL CONFIG FILE ERROR text.
struct LoadError {
  int line = 0;        // 0: a file that could not be read; `text` is its path
  std::string text;    // the offending line
  std::string reason;
};

class Config {
 public:
  Config();
  ~Config();
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  // --- reading; aliases ("slaveof") are the same as their name.
  const int64_t& Int(std::string_view name) const;       // integers, sizes, yes/no (1/0), enums (their value)
  bool Bool(std::string_view name) const { return Int(name) != 0; }
  const std::string& Text(std::string_view name) const;  // strings, and lists as one line
  const OutputLimit& Output(int client_class) const { return output_limits_[client_class]; }
  const std::vector<SavePoint>& SavePoints() const { return save_points_; }
  // "bind": the addresses; "rename-command", "user", "loadmodule": one entry a line.
  const std::vector<std::string>& List(std::string_view name) const;

  // --- start-up. `arguments` are the program's, after argv[0].
  struct LoadResult {
    bool ok = true;
    LoadError error;
  };
  LoadResult LoadText(std::string_view text);
  LoadResult LoadFile(const std::string& path);
  // The command line follows: its save points replace those of the file.
  void BeginOverrides() { save_seen_ = false; }
  // Where the files above are not to be written to: CONFIG REWRITE keeps in this file
  // what they do not name, and a start reads it after them. What they name wins, so that
  // a change made there is not undone by what was kept earlier. An absent file is an
  // empty one. REQUIRES: all else is loaded.
  LoadResult LoadKept(const std::string& path);
  const std::string& file_path() const { return file_path_; }  // absolute, or empty
  void set_file_path(std::string path) { file_path_ = std::move(path); }

  // --- CONFIG commands. Error texts are what follows "-ERR ".
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs Get(std::span<const std::string_view> patterns) const;
  std::string ValueOf(std::string_view name) const;  // as CONFIG GET prints it; "" if unknown
  // All or nothing: on any failure the earlier values are back.
  base::Result<void> Set(std::span<const std::pair<std::string_view, std::string_view>> pairs);
  // To file_path(), keeping comments and order; or to the file of LoadKept().
  base::Result<void> Rewrite();
  // For components that change a setting themselves (REPLICAOF, "dir"): no hook runs.
  base::Result<void> Store(std::string_view name, std::string_view value);

  // --- hooks: run after CONFIG SET changed the value; an error undoes the whole SET.
  using OnChange = std::function<base::Result<void>()>;
  void SetOnChange(std::string_view name, OnChange hook);

  // --- what only others can judge of a directive, such as names of commands; asked
  // for each assignment, in files too. Set before loading; null takes it away.
  using LineCheck = std::function<base::Result<void>(std::span<const std::string>)>;
  void SetLineCheck(std::string_view name, LineCheck check);
  // Where the lines that REWRITE writes come from, if not from what was read.
  using LineSource = std::function<std::vector<std::string>()>;
  void SetLineSource(std::string_view name, LineSource source);

  // For the rewriter: the lines that say this directive's current value, and
  // whether it is what `fresh`, a Config told nothing, has anyway.
  std::vector<std::string> LinesOf(std::string_view name) const;
  bool IsInitial(std::string_view name, const Config& fresh) const;
  // With LoadKept(): whether they differ from what the files before it led to, and none
  // of those names the directive, which would win.
  bool NeedsKeeping(std::string_view name) const;

 private:
  struct Slot;
  struct Snapshot;
  Slot* FindSlot(std::string_view name) const;
  const Slot& Must(std::string_view name) const;
  base::Result<void> Assign(Slot& slot, std::span<const std::string> words);
  base::Result<void> AssignOutputLimits(std::span<const std::string> words);
  base::Result<void> AssignSave(std::span<const std::string> words, bool append);
  base::Result<void> ApplyLine(const std::vector<std::string>& words, LoadResult* nested);
  LoadResult LoadLines(std::string_view text);
  LoadResult Include(const std::string& pattern);  // a path, or several by * ? [
  base::Result<std::vector<std::string>> WordsOf(const Slot& slot, std::string_view value) const;
  base::Result<void> CheckSettable(const Slot& slot) const;
  void Restore(const Snapshot& snapshot);
  std::string Print(const Slot& slot) const;

  std::vector<std::unique_ptr<Slot>> slots_;  // in the table's order
  std::map<std::string, Slot*, std::less<>> by_name_;  // names and aliases
  OutputLimit output_limits_[3];
  std::vector<SavePoint> save_points_;
  std::string file_path_;
  std::string kept_path_;  // empty: LoadKept() was not called
  std::map<std::string, std::vector<std::string>, std::less<>> given_;  // with it: directive → its lines before
  bool loading_kept_ = false;
  bool save_seen_ = false;  // the built-in save points have been replaced
  int include_depth_ = 0;
};

}  // namespace windlass::config
