// See log_batch.h.
#include "node/persistence/log_batch.h"

#include <charconv>
#include <cstdio>

#include "node/persistence/crc64.h"

namespace windlass::persistence {
namespace {

constexpr std::string_view kHead = "#BATCH:";
constexpr size_t kLineBytes = 64;
static_assert(kFillBytes % kLineBytes == 0 && kFillBytes > kLargestBatch + kBatchOverhead);

// A whole batch whose head begins at rest[at].
bool HoldsBatch(int64_t place, std::string_view rest, size_t at) {
  const size_t end = rest.substr(at, kBatchOverhead).find('\n');
  if (end == std::string_view::npos) return false;
  const auto mark = ParseBatchHead(rest.substr(at, end + 1));
  const size_t begin = at + end + 1;
  return mark && mark->bytes <= rest.size() - begin &&
         IsWhole(*mark, place + static_cast<int64_t>(at), rest.substr(begin, mark->bytes));
}

}  // namespace

std::string BatchHead(int64_t place, std::string_view batch) {
  char text[kBatchOverhead];
  const int length = std::snprintf(text, sizeof text, "%s%zu:%016llx\r\n", kHead.data(), batch.size(),
                                   static_cast<unsigned long long>(Crc64(static_cast<uint64_t>(place), batch)));
  return {text, static_cast<size_t>(length)};
}

std::optional<BatchMark> ParseBatchHead(std::string_view line) {
  constexpr std::ptrdiff_t kSumChars = 16;
  if (line.substr(0, kHead.size()) != kHead) return std::nullopt;
  const char* const end = line.data() + line.size();
  BatchMark mark;
  const auto length = std::from_chars(line.data() + kHead.size(), end, mark.bytes);
  if (length.ec != std::errc() || length.ptr == end || *length.ptr != ':') return std::nullopt;
  if (mark.bytes > kLargestBatch) return std::nullopt;
  const auto sum = std::from_chars(length.ptr + 1, end, mark.checksum, 16);
  const bool well_formed = sum.ec == std::errc() && sum.ptr - length.ptr == kSumChars + 1 &&
                           std::string_view(sum.ptr, static_cast<size_t>(end - sum.ptr)) == "\r\n";
  return well_formed ? std::optional(mark) : std::nullopt;
}

bool IsWhole(const BatchMark& mark, int64_t place, std::string_view batch) {
  return batch.size() == mark.bytes && Crc64(static_cast<uint64_t>(place), batch) == mark.checksum;
}

std::string Filler() {
  const std::string line = "#" + std::string(kLineBytes - 2, '~') + "\n";
  std::string filler;
  filler.reserve(kFillBytes);
  while (filler.size() < kFillBytes) filler += line;
  return filler;
}

bool IsFiller(std::string_view line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  return !line.empty() && line[0] == '#' && line.find_first_not_of("#~") == std::string_view::npos;
}

size_t FillerRun(std::string_view rest) {
  size_t run = 0;
  for (size_t end = rest.find('\n'); end != std::string_view::npos && IsFiller(rest.substr(run, end + 1 - run));
       end = rest.find('\n', run)) {
    run = end + 1;
  }
  return run;
}

LogEnd JudgeEnd(int64_t place, std::string_view rest) {
  if (rest.find_first_not_of("#~\n") == std::string_view::npos) return LogEnd::kFiller;
  if (rest.size() > kLongestEnd) return LogEnd::kDamaged;
  for (size_t at = rest.find(kHead); at != std::string_view::npos; at = rest.find(kHead, at + 1)) {
    if (HoldsBatch(place, rest, at)) return LogEnd::kDamaged;
  }
  // A torn batch has filler behind it.
  constexpr std::string_view kFillerEnd = "~\n";
  const bool ends_so = rest.size() > kFillerEnd.size() && rest.substr(rest.size() - kFillerEnd.size()) == kFillerEnd;
  return ends_so ? LogEnd::kTorn : LogEnd::kCut;
}

}  // namespace windlass::persistence
