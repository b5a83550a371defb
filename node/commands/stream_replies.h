// Entries and ids of streams as replies.
#pragma once

#include <cstdint>

#include "node/resp/reply_writer.h"
#include "node/types/stream.h"

namespace windlass::commands {

void ReplyId(resp::ReplyWriter& reply, types::StreamId id);
// [id, [field, value, ...]]
void ReplyEntry(resp::ReplyWriter& reply, const types::StreamEntry& entry);
// The entry with this id; false: there is none, and nothing was written.
bool ReplyEntryAt(resp::ReplyWriter& reply, const types::Stream& stream, types::StreamId id);
// An array of the entries of a range; `count` at most, 0: all.
void ReplyRange(resp::ReplyWriter& reply, types::StreamRange range, uint64_t count);

}  // namespace windlass::commands
