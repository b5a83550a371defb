// See value_commands.h.
#include "node/migration/value_commands.h"

#include <algorithm>
#include <vector>

#include "node/migration/entry_chunk.h"
#include "node/resp/command.h"
#include "node/resp/double_text.h"
#include "node/types/stream_node.h"

namespace windlass::migration {
namespace {

constexpr size_t kBatchBytes = 8 << 10;

using types::StreamId;

void Append(const std::vector<std::string_view>& argv, std::string* out) { resp::EncodeCommand(argv, out); }

}  // namespace

ValueCommands::ValueCommands(const keyspace::Entry& entry) : key_(entry.key()), expire_at_ms_(entry.expire_at_ms()) {
  is_stream_ = entry.type() == types::Type::kStream;
  if (!is_stream_) return;
  for (const auto& [name, group] : static_cast<const types::Stream&>(*entry.object()).groups()) {
    for (const auto& [id, pending] : group.pending()) pending_.push_back(id);
  }
  std::sort(pending_.begin(), pending_.end());
  pending_.erase(std::unique(pending_.begin(), pending_.end()), pending_.end());
}

void ValueCommands::AddWord(std::string_view word) {
  batch_ += '$';
  batch_ += std::to_string(word.size());
  batch_ += "\r\n";
  batch_ += word;
  batch_ += "\r\n";
  ++words_;
}

void ValueCommands::SendIfLong(std::string_view command, std::string* out) {
  command_ = command;
  if (batch_.size() >= kBatchBytes) SendBatch(out);
}

void ValueCommands::SendBatch(std::string* out) {
  if (words_ == 0) return;
  *out += '*' + std::to_string(words_ + 2) + "\r\n$" + std::to_string(command_.size()) + "\r\n";
  *out += command_;
  *out += "\r\n$" + std::to_string(key_.size()) + "\r\n" + key_ + "\r\n";
  *out += batch_;
  batch_.clear();
  words_ = 0;
}

void ValueCommands::Bytes(std::string_view piece, std::string* out) {
  is_string_ = true;
  AppendChunkCommand(piece, out);
}

void ValueCommands::Field(std::string_view field, std::string_view value, std::string* out) {
  AddWord(field);
  AddWord(value);
  SendIfLong("HSET", out);
}

void ValueCommands::Member(std::string_view member, std::string* out) {
  AddWord(member);
  SendIfLong("SADD", out);
}

void ValueCommands::Scored(std::string_view member, double score, std::string* out) {
  char text[resp::kDoubleText];
  AddWord(std::string_view(text, resp::PutDouble(text, score)));
  AddWord(member);
  SendIfLong("ZADD", out);
}

void ValueCommands::Chunk(const types::Listpack& chunk, std::string* out) {
  char digits[types::kMaxIntegerDigits];
  for (auto at = chunk.First(); at != types::Listpack::kEnd; at = chunk.Next(at)) AddWord(chunk.Get(at).Text(digits));
  command_ = "RPUSH";
  SendBatch(out);
}

void ValueCommands::Node(StreamId master, const types::Listpack& pack, std::string* out) {
  const types::StreamNodeHead head = types::ReadStreamNode(pack);
  command_ = "XADD";
  for (auto at = head.entries; at != types::Listpack::kEnd;) {
    const types::StreamEntry entry(master, head, pack, at);
    if (!entry.deleted()) {
      const StreamId id = entry.id();
      Ghosts(&id, out);
      if (!first_live_) first_live_ = id;
      AddWord(entry.id().ToString());
      entry.ForEach([this](std::string_view field, std::string_view value) {
        AddWord(field);
        AddWord(value);
      });
      SendBatch(out);
    }
    at = entry.Next();
  }
}

void ValueCommands::Ghosts(const StreamId* below, std::string* out) {
  for (; pending_at_ < pending_.size() && (below == nullptr || pending_[pending_at_] <= *below); ++pending_at_) {
    const StreamId id = pending_[pending_at_];
    if (below != nullptr && id == *below) continue;
    ghosts_.push_back(id);
    Append({"XADD", key_, id.ToString(), "x", "y"}, out);
  }
}

void ValueCommands::NodesEnd(std::string* out) {
  Ghosts(nullptr, out);
  // There is no stream without an entry that was.
  if (!first_live_ && ghosts_.empty()) Append({"XADD", key_, "MAXLEN", "0", "0-1", "x", "y"}, out);
}

// Those before the first entry were trimmed, which leaves no trace; others were deleted.
void ValueCommands::DeleteGhosts(std::string* out) {
  if (ghosts_.empty()) return;
  if (!first_live_) return Append({"XTRIM", key_, "MAXLEN", "0"}, out);
  if (ghosts_.front() < *first_live_) Append({"XTRIM", key_, "MINID", first_live_->ToString()}, out);
  for (const StreamId id : ghosts_) {
    if (id > *first_live_) Append({"XDEL", key_, id.ToString()}, out);
  }
}

void ValueCommands::Tail(const persistence::StreamFigures& figures, const types::Stream::Groups& groups, std::string* out) {
  figures_ = figures;
  for (const auto& [name, group] : groups) Group(name, group, out);
}

void ValueCommands::Group(std::string_view name, const types::StreamGroup& group, std::string* out) {
  const std::string read = std::to_string(group.entries_read);
  Append({"XGROUP", "CREATE", key_, name, group.last_id.ToString(), "ENTRIESREAD", read}, out);
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    Append({"XGROUP", "CREATECONSUMER", key_, name, consumer_name}, out);
    for (const auto& [id, pending] : consumer.pending) {
      Append({"XCLAIM", key_, name, consumer_name, "0", id.ToString(), "TIME", std::to_string(pending->delivered_ms),
              "RETRYCOUNT", std::to_string(pending->deliveries), "JUSTID", "FORCE"},
             out);
    }
  }
}

void ValueCommands::End(std::string* out) {
  SendBatch(out);
  if (is_stream_) {
    const types::Stream::Counters& counters = figures_.counters;
    DeleteGhosts(out);
    Append({"XSETID", key_, counters.last_id.ToString(), "ENTRIESADDED", std::to_string(counters.entries_added),
            "MAXDELETEDID", counters.max_deleted_id.ToString()},
           out);
  }
  if (!is_string_ && expire_at_ms_ >= 0) Append({"PEXPIREAT", key_, std::to_string(expire_at_ms_)}, out);
}

}  // namespace windlass::migration
