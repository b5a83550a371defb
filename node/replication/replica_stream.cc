// The stream of a master's commands. The history advances by the very bytes that
// came, once what they say was applied, so offsets are the master's own and our
// replicas get the same bytes.
#include "node/base/letter_case.h"
#include "node/replication/primary_side.h"
#include "node/replication/replica_transfer.h"

namespace windlass::replication {

size_t ReplicaSide::OnStreamBytes(std::string_view bytes) {
  size_t used = 0;
  const uint64_t attempt = attempt_;
  while (used < bytes.size()) {
    size_t consumed = 0;
    const std::string_view rest = bytes.substr(used);
    switch (parser_.Parse(rest, &consumed, &args_)) {
      case resp::ParseStatus::kNeedMore:
        if (parser_.bytes_wanted() > resp::kLargeRequestBytes) TakeCutCommand(rest);
        return used;
      case resp::ParseStatus::kError:
        parts_.log->Warning("Protocol error in the master's stream: " + parser_.error());
        Lose("protocol error");
        return bytes.size();
      case resp::ParseStatus::kComplete: break;
    }
    used += consumed;
    Apply(args_, rest.substr(0, consumed));
    if (attempt != attempt_) return bytes.size();  // a command ended this link
  }
  return used;
}

// In a transaction it is queued: it is not the next to be run.
void ReplicaSide::TakeCutCommand(std::string_view buffer) {
  connection_->ReserveInput(parser_.bytes_wanted());
  if (!in_multi_) parts_.host->OnCutCommand(parser_, buffer);
}

void ReplicaSide::Apply(std::span<const std::string_view> args, std::string_view raw) {
  if (!args.empty() && base::EqualsNoCase(args[0], "MULTI")) in_multi_ = true;
  if (in_multi_) {
    uncounted_.append(raw);
    if (!args.empty() && base::EqualsNoCase(args[0], "EXEC")) {
      in_multi_ = false;
      RunQueued();
      parts_.history->Append(uncounted_);
      uncounted_.clear();
    } else if (!args.empty() && !base::EqualsNoCase(args[0], "MULTI")) {
      queued_.emplace_back(args.begin(), args.end());
    }
    return;
  }
  if (!args.empty()) RunOne(args);
  parts_.history->Append(raw);
  if (args.size() >= 2 && base::EqualsNoCase(args[0], "REPLCONF") && base::EqualsNoCase(args[1], "GETACK")) SendAck();
}

void ReplicaSide::RunQueued() {
  const std::vector<std::vector<std::string>> commands = std::move(queued_);
  queued_.clear();
  std::vector<std::string_view> views;
  for (const std::vector<std::string>& command : commands) {
    views.assign(command.begin(), command.end());
    RunOne(views);
  }
}

void ReplicaSide::RunOne(std::span<const std::string_view> args) {
  if (base::EqualsNoCase(args[0], "PING") || base::EqualsNoCase(args[0], "REPLCONF")) return;
  if (base::EqualsNoCase(args[0], "SELECT") && args.size() == 2) {
    stream_db_ = std::atoi(std::string(args[1]).c_str());
    return;
  }
  const auto applied = parts_.host->OnCommand(stream_db_, args);
  if (applied.ok()) return;
  parts_.log->Warning("== CRITICAL == This replica is sending an error to its master: '" + applied.error() +
                      "' after processing the command '" + std::string(args[0]) + "'");
}

void ReplicaSide::SendAck() {
  if (mute_) return;
  const std::string offset = std::to_string(parts_.history->offset());
  const int64_t on_disk = parts_.host->FsyncedOffset();
  if (on_disk < 0) {
    const std::string_view words[] = {"REPLCONF", "ACK", offset};
    return SendWords(words);
  }
  const std::string fsynced = std::to_string(on_disk);
  const std::string_view words[] = {"REPLCONF", "ACK", offset, "FACK", fsynced};
  SendWords(words);
}

}  // namespace windlass::replication
