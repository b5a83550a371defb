// The server's log. See log.h.
#include "node/base/log.h"

#include <fcntl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace windlass::base {
namespace {

constexpr size_t kMaxMessageBytes = 1024;

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n <= 0) return;  // a log that cannot be written stops nothing
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

Logger::~Logger() = default;

void Logger::Open(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  path_ = path;
}

void Logger::Put(std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (path_.empty()) return WriteAll(STDOUT_FILENO, line);
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  WriteAll(fd, line);
  close(fd);
}

void Logger::Log(LogLevel level, std::string_view message) {
  if (!Enabled(level) || level >= LogLevel::kNothing) return;
  timeval now;
  gettimeofday(&now, nullptr);
  tm local;
  localtime_r(&now.tv_sec, &local);
  char stamp[64];
  const size_t stamp_length = strftime(stamp, sizeof stamp, "%d %b %Y %H:%M:%S", &local);
  char prefix[128];
  const int length = std::snprintf(prefix, sizeof prefix, "%d:%c %.*s.%03d %c ", static_cast<int>(getpid()),
                                   role_.load(), static_cast<int>(stamp_length), stamp,
                                   static_cast<int>(now.tv_usec / 1000), ".-*#"[static_cast<int>(level)]);
  std::string line(prefix, static_cast<size_t>(length));
  line.append(message.substr(0, kMaxMessageBytes));
  line.push_back('\n');
  Put(line);
}

void Logger::Logf(LogLevel level, const char* format, ...) {
  if (!Enabled(level)) return;
  char message[kMaxMessageBytes];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  Log(level, message);
}

void Logger::Raw(std::string_view text) { Put(text); }

}  // namespace windlass::base
