// See stream_replies.h.
#include "node/commands/stream_replies.h"

#include "node/resp/counted_reply.h"

namespace windlass::commands {

void ReplyId(resp::ReplyWriter& reply, types::StreamId id) {
  char buffer[types::StreamId::kMaxText];
  reply.Bulk({buffer, id.Format(buffer)});
}

void ReplyEntry(resp::ReplyWriter& reply, const types::StreamEntry& entry) {
  reply.Array(2);
  ReplyId(reply, entry.id());
  reply.Array(static_cast<int64_t>(entry.field_count()) * 2);
  entry.ForEach([&reply](std::string_view field, std::string_view value) {
    reply.Bulk(field);
    reply.Bulk(value);
  });
}

bool ReplyEntryAt(resp::ReplyWriter& reply, const types::Stream& stream, types::StreamId id) {
  types::StreamRange range(stream, id, id);
  if (!range.Next()) return false;
  ReplyEntry(reply, range.entry());
  return true;
}

void ReplyRange(resp::ReplyWriter& reply, types::StreamRange range, uint64_t count) {
  resp::CountedReply entries(reply);
  while ((count == 0 || entries.count() < static_cast<int64_t>(count)) && range.Next()) {
    ReplyEntry(reply, range.entry());
    entries.Add();
  }
  entries.EndArray();
}

}  // namespace windlass::commands
