// How an increment of the append-only log looks where it is written ahead.
//
// An fsync of a file that grows waits for the file system's journal, too; one of bytes
// that have their place on disk already does not. So under "always" the file is made
// longer beforehand, with lines that mean nothing (filler), and batches are written over
// them. All of it are annotations of the format, lines that begin with '#': who reads
// append-only files, Redis among them, passes over them.
//
// What is written over something is on disk in any order of its sectors when the power
// fails, and filler may stand where the middle of a value should be. So each batch
// follows a line that tells its length and checksum: one that is not whole is as if it
// had never been written, and nothing in it was answered. Only the last one can be so,
// for each is on disk before the next one is begun.
//
//   "#BATCH:" length ":" CRC-64 in 16 hexadecimal digits "\r\n", then `length` bytes;
//   the checksum begins with the line's place in the file, so that no value can hold
//   what passes for a batch
//   filler: '#', 62 times '~', '\n'; a batch that ends within such a line is followed by
//   one '#', which makes a line of the rest of it
//
// An empty batch stands before the first filler of a file. A log that is written in
// order only (without "always") has none of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::persistence {

// Larger ones are appended: to write them twice would cost more than it saves.
inline constexpr size_t kLargestBatch = 64 << 10;
inline constexpr size_t kFillBytes = 256 << 10;  // written ahead at a time
// Of a batch, at most: its head, and the '#' behind it.
inline constexpr size_t kBatchOverhead = 64;

// The line before a batch; `place` in the file, bytes.
std::string BatchHead(int64_t place, std::string_view batch);

struct BatchMark {
  size_t bytes = 0;
  uint64_t checksum = 0;
};
// Of a line with its end. None: it is another annotation, or a torn one.
std::optional<BatchMark> ParseBatchHead(std::string_view line);
bool IsWhole(const BatchMark& mark, int64_t place, std::string_view batch);

// kFillBytes of it.
std::string Filler();
// A line, with its end or without, that is filler, or what a batch has left of it.
bool IsFiller(std::string_view line);

// Of the lines of filler that `rest` begins with, in bytes.
size_t FillerRun(std::string_view rest);

// What stands behind the last whole batch: `rest` is the file from `place` to its end.
enum class LogEnd {
  kFiller,   // nothing but that
  kTorn,     // one batch that was not written wholly
  kCut,      // the file ends where more should follow
  kDamaged,  // more than a cut of power can do
};
LogEnd JudgeEnd(int64_t place, std::string_view rest);
// More than this cannot be the end of one.
inline constexpr size_t kLongestEnd = 2 * (kLargestBatch + kFillBytes);

}  // namespace windlass::persistence
