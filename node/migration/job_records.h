// What of atomic migrations outlives a process and a master: the jobs whose slots
// are in doubt, and those whose keys are not this node's to keep. On disk in a file
// of its own, and told to replicas in the log, so that whoever goes on with the
// data goes on with these.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/migration/job.h"

namespace windlass::migration {

enum class RecordKind {
  kGrant,          // as the source: the target may have the slots
  kImport,         // as the target: keys are arriving, nothing binds
  kImportGranted,  // as the target: the slots are to be taken
  kDrop,           // keys of these slots are to go: moved away, or a failed import
};
std::string_view KindWord(RecordKind kind);

struct JobRecord {
  RecordKind kind = RecordKind::kImport;
  Job job;
  uint64_t epoch = 0;  // the source's current epoch at the grant
};

// A record as words, in a line of the file or behind CLUSTER SYNCSLOTS STATE; the
// last of them is the ranges.
std::vector<std::string> RecordWords(const JobRecord& record);
std::optional<JobRecord> ParseRecordWords(std::span<const std::string_view> words);
inline constexpr size_t kRecordWords = 8;
// Before the names of all the records there are: a replica that was given a full copy,
// or follows another master than before, may have records that nobody else knows.
inline constexpr std::string_view kOnlyWord = "only";

class JobRecords {
 public:
  static base::Result<JobRecords> Parse(std::string_view text);
  std::string Text() const;

  void Put(const JobRecord& record) { records_[record.job.name] = record; }
  void Remove(const std::string& name) { records_.erase(name); }
  const JobRecord* Find(const std::string& name) const {
    const auto it = records_.find(name);
    return it == records_.end() ? nullptr : &it->second;
  }
  const std::map<std::string, JobRecord>& all() const { return records_; }
  slot::SlotSet SlotsOf(RecordKind kind) const;
  // The job that is moving the slot, not only emptying it; null: none.
  const Job* MovingJob(slot::SlotId slot) const;
  // kOnlyWord and every name.
  std::vector<std::string> OnlyWords() const;
  // Names of records that `words`, as OnlyWords makes them, do not have.
  std::vector<std::string> NotAmong(std::span<const std::string_view> words) const;

 private:
  std::map<std::string, JobRecord> records_;
};

}  // namespace windlass::migration
