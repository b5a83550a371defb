// The append-only file under the object store: one record a line, each with a
// checksum, on disk before Append() returns.
//
// A record cut short at the end of the file is what a crash leaves of a write
// that nobody was told had succeeded: it is dropped. Damage anywhere else is
// refused, for what follows it was acknowledged.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::api_server {

class Journal {
 public:
  using Visit = std::function<void(std::string_view record)>;

  // Creates `directory` if absent, takes its lock, and gives every record
  // written so far to `visit`. Throws std::runtime_error.
  Journal(const std::string& directory, const Visit& visit);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // REQUIRES: no newline in a record. Throws std::runtime_error if the records
  // are not on disk; the journal then takes no more (a later record could
  // otherwise follow a gap).
  void Append(std::string_view record);

  // Replaces the whole file by these records, atomically.
  void Rewrite(const std::vector<std::string>& records);

  uint64_t size_bytes() const { return size_bytes_; }

 private:
  void Load(const Visit& visit);

  std::string directory_;
  std::string path_;
  int lock_fd_ = -1;
  int fd_ = -1;
  uint64_t size_bytes_ = 0;
  bool broken_ = false;
};

}  // namespace windlass::api_server
