// The server's log: lines of the form "pid:role dd Mon yyyy hh:mm:ss.mmm level
// message", which existing tools read. Passed by reference; thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

namespace windlass::base {

enum class LogLevel { kDebug = 0, kVerbose = 1, kNotice = 2, kWarning = 3, kNothing = 4 };

class Logger {
 public:
  // Where lines go until Open is called: standard output.
  Logger() = default;
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // Appends to a file, opened anew for each line so that it can be rotated; an
  // empty path is standard output.
  void Open(const std::string& path);
  void SetLevel(LogLevel level) { level_ = level; }
  LogLevel level() const { return level_; }
  // 'M' master, 'S' replica, 'C' child, 'X' sentinel.
  void SetRole(char role) { role_ = role; }
  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  void Log(LogLevel level, std::string_view message);
  void Debug(std::string_view message) { Log(LogLevel::kDebug, message); }
  void Verbose(std::string_view message) { Log(LogLevel::kVerbose, message); }
  void Notice(std::string_view message) { Log(LogLevel::kNotice, message); }
  void Warning(std::string_view message) { Log(LogLevel::kWarning, message); }
  void Logf(LogLevel level, const char* format, ...) __attribute__((format(printf, 3, 4)));
  // Without the prefix: the banner.
  void Raw(std::string_view text);

 private:
  void Put(std::string_view line);

  std::mutex mutex_;
  std::string path_;  // guarded by mutex_
  std::atomic<LogLevel> level_{LogLevel::kNotice};
  std::atomic<char> role_{'M'};
};

}  // namespace windlass::base
