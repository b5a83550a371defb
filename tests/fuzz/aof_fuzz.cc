// Arbitrary bytes as one file of an append-only log. What counts as torn is whole once
// it is cut where the reader says, and does the same.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "node/persistence/aof_loader.h"

namespace {

using namespace windlass;

class Told final : public persistence::RdbSink, public resp::CommandSink {
 public:
  base::Result<void> OnEntry(persistence::RdbEntry entry) override {
    text += entry.key + ";";
    return {};
  }
  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override {
    text += std::to_string(db);
    for (const std::string_view word : argv) text.append(" ").append(word);
    text += ";";
    return {};
  }
  std::string text;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int fd = ::memfd_create("aof", MFD_CLOEXEC);
  if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  Told told;
  const persistence::AofReplay replay = persistence::ReplayAofFile(path, &told, &told, nullptr);
  const auto length = static_cast<int64_t>(size);
  if (replay.valid_bytes < 0 || replay.valid_bytes > length || replay.failed_at > length) std::abort();
  if (replay.verdict != persistence::AofVerdict::kOk && replay.reason.empty()) std::abort();
  if (replay.verdict == persistence::AofVerdict::kTruncated) {
    if (::ftruncate(fd, replay.valid_bytes) != 0) std::abort();
    Told again;
    const persistence::AofReplay cut = persistence::ReplayAofFile(path, &again, &again, nullptr);
    if (cut.verdict != persistence::AofVerdict::kOk || again.text != told.text) std::abort();
  }
  ::close(fd);
  return 0;
}
