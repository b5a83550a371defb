// Reading, appending and replacing the journal file.
#include "operator/local/api_server/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace windlass::api_server {

namespace {

constexpr size_t kChecksumLength = 8;  // hexadecimal digits, then a space

// CRC-32 (the polynomial of zlib), bit by bit over a table made at compile time.
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

std::string Checksum(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFU;
  for (char c : bytes) crc = kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  char text[16];
  std::snprintf(text, sizeof text, "%08x", crc ^ 0xFFFFFFFFU);
  return text;
}

std::string Line(std::string_view record) {
  std::string line = Checksum(record);
  line += ' ';
  line += record;
  line += '\n';
  return line;
}

[[noreturn]] void Fail(const std::string& what, const std::string& path) {
  throw std::runtime_error(what + " " + path + ": " + std::strerror(errno));
}

void WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) Fail("cannot write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void SyncDirectory(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) Fail("cannot open", directory);
  int rc = ::fsync(fd);
  ::close(fd);
  if (rc != 0) Fail("cannot sync", directory);
}

}  // namespace

Journal::Journal(const std::string& directory, const Visit& visit)
    : directory_(directory), path_(directory + "/objects.journal") {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) throw std::runtime_error("cannot create " + directory + ": " + ec.message());
  std::string lock_path = directory + "/lock";
  lock_fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) Fail("cannot open", lock_path);
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_fd_);
    throw std::runtime_error("data directory " + directory + " is in use by another API server");
  }
  try {
    Load(visit);
  } catch (...) {
    if (fd_ >= 0) ::close(fd_);
    ::close(lock_fd_);
    throw;
  }
}

Journal::~Journal() {
  ::close(fd_);
  ::close(lock_fd_);
}

void Journal::Load(const Visit& visit) {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) Fail("cannot open", path_);
  std::ifstream in(path_, std::ios::binary);
  std::stringstream buffer;
  buffer << in.rdbuf();
  const std::string text = buffer.str();
  size_t at = 0;
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    std::string_view line(text.data() + at, (end == std::string::npos ? text.size() : end) - at);
    bool good = end != std::string::npos && line.size() > kChecksumLength + 1 &&
                line[kChecksumLength] == ' ' &&
                Checksum(line.substr(kChecksumLength + 1)) == line.substr(0, kChecksumLength);
    if (!good) {
      if (end != std::string::npos && end + 1 < text.size()) {
        throw std::runtime_error(path_ + " is damaged at byte " + std::to_string(at) +
                                 ", before its last record; restore it or start with an empty "
                                 "data directory");
      }
      break;
    }
    visit(line.substr(kChecksumLength + 1));
    at = end + 1;
  }
  if (at < text.size() && ::ftruncate(fd_, static_cast<off_t>(at)) != 0) Fail("cannot cut", path_);
  if (::lseek(fd_, 0, SEEK_END) < 0) Fail("cannot seek in", path_);
  if (::fsync(fd_) != 0) Fail("cannot sync", path_);
  SyncDirectory(directory_);
  size_bytes_ = at;
}

void Journal::Append(std::string_view record) {
  if (broken_) throw std::runtime_error("an earlier write to " + path_ + " failed");
  std::string line = Line(record);
  broken_ = true;  // until it is known to be on disk
  WriteAll(fd_, line, path_);
  if (::fdatasync(fd_) != 0) Fail("cannot sync", path_);
  broken_ = false;
  size_bytes_ += line.size();
}

void Journal::Rewrite(const std::vector<std::string>& records) {
  std::string new_path = path_ + ".new";
  int fd = ::open(new_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) Fail("cannot open", new_path);
  uint64_t size = 0;
  try {
    for (const std::string& record : records) {
      std::string line = Line(record);
      WriteAll(fd, line, new_path);
      size += line.size();
    }
    if (::fsync(fd) != 0) Fail("cannot sync", new_path);
    if (::rename(new_path.c_str(), path_.c_str()) != 0) Fail("cannot rename", new_path);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd_);
  fd_ = fd;
  size_bytes_ = size;
  SyncDirectory(directory_);
}

}  // namespace windlass::api_server
