// Records as text. See job_records.h. An id that is not known is a single dash.
#include "node/migration/job_records.h"

#include <algorithm>
#include <charconv>

namespace windlass::migration {
namespace {

constexpr std::string_view kNoId = "-";
constexpr RecordKind kKinds[] = {RecordKind::kGrant, RecordKind::kImport, RecordKind::kImportGranted, RecordKind::kDrop};

bool ParseId(std::string_view word, cluster::NodeId* id) {
  if (word == kNoId) return true;
  const auto parsed = cluster::NodeId::Parse(word);
  if (parsed) *id = *parsed;
  return parsed.has_value();
}

std::string IdWord(const cluster::NodeId& id) { return id.null() ? std::string(kNoId) : id.str(); }

}  // namespace

std::string_view KindWord(RecordKind kind) {
  switch (kind) {
    case RecordKind::kGrant: return "grant";
    case RecordKind::kImport: return "import";
    case RecordKind::kImportGranted: return "import-granted";
    case RecordKind::kDrop: return "drop";
  }
  return "drop";
}

std::vector<std::string> RecordWords(const JobRecord& record) {
  const Job& job = record.job;
  return {std::string(KindWord(record.kind)), job.name, IdWord(job.source), IdWord(job.target),
          IdWord(job.source_shard), IdWord(job.target_shard), std::to_string(record.epoch), RangesText(job.slots)};
}

std::optional<JobRecord> ParseRecordWords(std::span<const std::string_view> words) {
  if (words.size() != kRecordWords) return std::nullopt;
  JobRecord record;
  bool known = false;
  for (const RecordKind kind : kKinds) {
    if (words[0] != KindWord(kind)) continue;
    record.kind = kind;
    known = true;
  }
  record.job.name = words[1];
  const std::string_view epoch = words[6];
  const auto [end, error] = std::from_chars(epoch.data(), epoch.data() + epoch.size(), record.epoch);
  const bool whole = known && cluster::NodeId::Parse(words[1]).has_value() && ParseId(words[2], &record.job.source) &&
                     ParseId(words[3], &record.job.target) && ParseId(words[4], &record.job.source_shard) &&
                     ParseId(words[5], &record.job.target_shard) && error == std::errc() &&
                     end == epoch.data() + epoch.size() && ParseRanges(words[7], &record.job.slots);
  if (!whole) return std::nullopt;
  return record;
}

base::Result<JobRecords> JobRecords::Parse(std::string_view text) {
  JobRecords records;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return base::Error{"its last line is cut short"};
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    std::vector<std::string_view> words;
    while (words.size() + 1 < kRecordWords && line.find(' ') != std::string_view::npos) {
      words.push_back(line.substr(0, line.find(' ')));
      line.remove_prefix(line.find(' ') + 1);
    }
    words.push_back(line);
    const auto record = ParseRecordWords(words);
    if (!record) return base::Error{"a line of it is no record"};
    records.Put(*record);
  }
  return records;
}

std::string JobRecords::Text() const {
  std::string text;
  for (const auto& [name, record] : records_) {
    const std::vector<std::string> words = RecordWords(record);
    for (size_t i = 0; i < words.size(); ++i) text.append(i == 0 ? "" : " ").append(words[i]);
    text += '\n';
  }
  return text;
}

std::vector<std::string> JobRecords::OnlyWords() const {
  std::vector<std::string> words{std::string(kOnlyWord)};
  for (const auto& [name, record] : records_) words.push_back(name);
  return words;
}

std::vector<std::string> JobRecords::NotAmong(std::span<const std::string_view> words) const {
  std::vector<std::string> names;
  for (const auto& [name, record] : records_) {
    if (std::find(words.begin(), words.end(), name) == words.end()) names.push_back(name);
  }
  return names;
}

slot::SlotSet JobRecords::SlotsOf(RecordKind kind) const {
  slot::SlotSet slots;
  for (const auto& [name, record] : records_) {
    if (record.kind == kind) slots |= record.job.slots;
  }
  return slots;
}

const Job* JobRecords::MovingJob(slot::SlotId slot) const {
  for (const auto& [name, record] : records_) {
    if (record.kind != RecordKind::kDrop && record.job.slots.Contains(slot)) return &record.job;
  }
  return nullptr;
}

}  // namespace windlass::migration
