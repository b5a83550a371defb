// See stream_codec.h.
#include "node/persistence/stream_codec.h"

#include <utility>

namespace windlass::persistence {
namespace {

using types::Stream;
using types::StreamConsumer;
using types::StreamGroup;
using types::StreamId;

constexpr size_t kRawIdBytes = 16;

void AppendBigEndian(uint64_t value, std::string* out) { AppendLittleEndian(__builtin_bswap64(value), 8, out); }

void AppendRawId(StreamId id, std::string* out) {
  AppendBigEndian(id.ms, out);
  AppendBigEndian(id.seq, out);
}

void AppendIdLengths(StreamId id, std::string* out) {
  AppendLength(id.ms, out);
  AppendLength(id.seq, out);
}

void AppendGroup(std::string_view name, const StreamGroup& group, bool compress, std::string* out) {
  AppendString(name, compress, out);
  AppendIdLengths(group.last_id, out);
  AppendLength(static_cast<uint64_t>(group.entries_read), out);
  AppendLength(group.pending().size(), out);
  for (const auto& [id, pending] : group.pending()) {
    AppendRawId(id, out);
    AppendLittleEndian(static_cast<uint64_t>(pending.delivered_ms), 8, out);
    AppendLength(pending.deliveries, out);
  }
  AppendLength(group.consumers().size(), out);
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    AppendString(consumer_name, compress, out);
    AppendLittleEndian(static_cast<uint64_t>(consumer.seen_ms), 8, out);
    AppendLength(consumer.pending.size(), out);
    for (const auto& [id, pending] : consumer.pending) AppendRawId(id, out);
  }
}

// Reads lengths and ids one after another until one of them is not there or bad.
class Fields {
 public:
  explicit Fields(EncodingCursor* cursor) : cursor_(cursor) {}
  ReadStatus status() const { return status_; }
  bool ok() const { return status_ == ReadStatus::kDone; }

  Fields& Length(uint64_t* value) {
    if (ok()) status_ = cursor_->Length(value);
    return *this;
  }
  Fields& Id(StreamId* id) { return Length(&id->ms).Length(&id->seq); }
  Fields& RawId(StreamId* id) {
    if (ok()) status_ = cursor_->LittleEndian(8, &id->ms);
    if (ok()) status_ = cursor_->LittleEndian(8, &id->seq);
    id->ms = __builtin_bswap64(id->ms);
    id->seq = __builtin_bswap64(id->seq);
    return *this;
  }
  Fields& Time(int64_t* ms) {
    uint64_t bits = 0;
    if (ok()) status_ = cursor_->LittleEndian(8, &bits);
    *ms = static_cast<int64_t>(bits);
    return *this;
  }
  Fields& String(std::string* value) {
    if (ok()) status_ = cursor_->String(value);
    return *this;
  }

 private:
  EncodingCursor* cursor_;
  ReadStatus status_ = ReadStatus::kDone;
};

// A part is a node, a group's head, a consumer's head, or one pending entry.
class StreamReader final : public ObjectReader {
 public:
  explicit StreamReader(RdbType type) : type_(type) {}

  ReadStatus ReadPart(EncodingCursor* cursor) override {
    switch (next_) {
      case Part::kNodeCount: return ReadNodeCount(cursor);
      case Part::kNode: return ReadNode(cursor);
      case Part::kCounters: return ReadCounters(cursor);
      case Part::kGroup: return ReadGroup(cursor);
      case Part::kPending: return ReadPending(cursor);
      case Part::kConsumerCount: return ReadConsumerCount(cursor);
      case Part::kConsumer: return ReadConsumer(cursor);
      case Part::kConsumerPending: return ReadConsumerPending(cursor);
      case Part::kDone: break;
    }
    return ReadStatus::kDone;
  }
  bool complete() const override { return next_ == Part::kDone; }
  std::unique_ptr<types::Object> Take() override { return std::move(stream_); }

 private:
  enum class Part { kNodeCount, kNode, kCounters, kGroup, kPending, kConsumerCount, kConsumer, kConsumerPending, kDone };

  bool has_counters() const { return type_ != RdbType::kStreamListpacks; }

  ReadStatus ReadNodeCount(EncodingCursor* cursor) {
    const ReadStatus status = cursor->Length(&left_);
    if (status == ReadStatus::kDone) next_ = left_ > 0 ? Part::kNode : Part::kCounters;
    return status;
  }

  ReadStatus ReadNode(EncodingCursor* cursor) {
    std::string key, bytes;
    const Fields fields = Fields(cursor).String(&key).String(&bytes);
    if (!fields.ok()) return fields.status();
    if (key.size() != kRawIdBytes) return cursor->Bad("a node of a stream without an id");
    StreamId master;
    EncodingCursor id(key);
    Fields(&id).RawId(&master);
    auto pack = types::Listpack::Parse(bytes);
    if (!pack || !stream_->AppendNode(master, *std::move(pack))) return cursor->Bad("a damaged node of a stream");
    if (--left_ == 0) next_ = Part::kCounters;
    return ReadStatus::kDone;
  }

  ReadStatus ReadCounters(EncodingCursor* cursor) {
    uint64_t length = 0, groups = 0;
    Stream::Counters counters;
    Fields fields(cursor);
    fields.Length(&length).Id(&counters.last_id);
    if (has_counters()) fields.Id(&counters.first_id).Id(&counters.max_deleted_id).Length(&counters.entries_added);
    if (!fields.Length(&groups).ok()) return fields.status();
    if (!has_counters()) counters = stream_->CountersOfOld(counters.last_id);
    if (!stream_->Restore(counters, length)) return cursor->Bad("counters of a stream that its entries contradict");
    groups_left_ = groups;
    NextGroup();
    return ReadStatus::kDone;
  }

  ReadStatus ReadGroup(EncodingCursor* cursor) {
    std::string name;
    StreamId last_id;
    uint64_t entries_read = 0, pending = 0;
    Fields fields(cursor);
    fields.String(&name).Id(&last_id);
    if (has_counters()) fields.Length(&entries_read);
    if (!fields.Length(&pending).ok()) return fields.status();
    const int64_t read = has_counters() ? static_cast<int64_t>(entries_read)
                                        : stream_->CountUpTo(last_id).value_or(StreamGroup::kUnknown);
    group_ = stream_->AddGroup(name, last_id, read);
    if (group_ == nullptr) return cursor->Bad("a group of a stream twice");
    left_ = pending;
    next_ = left_ > 0 ? Part::kPending : Part::kConsumerCount;
    return ReadStatus::kDone;
  }

  // Whose it is comes later: until then it is nobody's.
  ReadStatus ReadPending(EncodingCursor* cursor) {
    StreamId id;
    types::StreamPending pending;
    const Fields fields = Fields(cursor).RawId(&id).Time(&pending.delivered_ms).Length(&pending.deliveries);
    if (!fields.ok()) return fields.status();
    if (!unowned_.emplace(id, pending).second) return cursor->Bad("an entry pending twice in a group");
    if (--left_ == 0) next_ = Part::kConsumerCount;
    return ReadStatus::kDone;
  }

  ReadStatus ReadConsumerCount(EncodingCursor* cursor) {
    const ReadStatus status = cursor->Length(&consumers_left_);
    return status == ReadStatus::kDone ? NextConsumer(cursor) : status;
  }

  ReadStatus ReadConsumer(EncodingCursor* cursor) {
    std::string name;
    int64_t seen_ms = 0, active_ms = 0;
    uint64_t pending = 0;
    Fields fields(cursor);
    fields.String(&name).Time(&seen_ms);
    if (type_ == RdbType::kStreamListpacks3) fields.Time(&active_ms);
    if (!fields.Length(&pending).ok()) return fields.status();
    if (group_->FindConsumer(name) != nullptr) return cursor->Bad("a consumer of a group twice");
    consumer_ = &group_->AddConsumer(name, seen_ms);
    // The best that is known of a file that does not tell.
    consumer_->active_ms = type_ == RdbType::kStreamListpacks3 ? active_ms : seen_ms;
    left_ = pending;
    --consumers_left_;
    if (left_ == 0) return NextConsumer(cursor);
    next_ = Part::kConsumerPending;
    return ReadStatus::kDone;
  }

  ReadStatus ReadConsumerPending(EncodingCursor* cursor) {
    StreamId id;
    const Fields fields = Fields(cursor).RawId(&id);
    if (!fields.ok()) return fields.status();
    const auto pending = unowned_.find(id);
    if (pending == unowned_.end()) return cursor->Bad("an entry pending for a consumer and not for its group");
    pending->second.consumer = consumer_;
    group_->AddPending(id, pending->second);
    unowned_.erase(pending);
    return --left_ == 0 ? NextConsumer(cursor) : ReadStatus::kDone;
  }

  void NextGroup() {
    next_ = groups_left_ > 0 ? Part::kGroup : Part::kDone;
    --groups_left_;
  }

  ReadStatus NextConsumer(EncodingCursor* cursor) {
    if (consumers_left_ > 0) {
      next_ = Part::kConsumer;
      return ReadStatus::kDone;
    }
    if (!unowned_.empty()) return cursor->Bad("an entry pending for no consumer");
    NextGroup();
    return ReadStatus::kDone;
  }

  const RdbType type_;
  std::unique_ptr<Stream> stream_ = std::make_unique<Stream>();
  Part next_ = Part::kNodeCount;
  uint64_t left_ = 0;  // of the nodes or pending entries being read
  uint64_t groups_left_ = 0;
  uint64_t consumers_left_ = 0;
  StreamGroup* group_ = nullptr;
  StreamConsumer* consumer_ = nullptr;
  StreamGroup::Pendings unowned_;  // of group_, not claimed by a consumer yet
};

}  // namespace

void AppendStreamNode(StreamId master, const types::Listpack& pack, bool compress, std::string* out) {
  std::string key;
  AppendRawId(master, &key);
  AppendString(key, false, out);
  AppendString(pack.bytes(), compress, out);
}

void AppendStreamTail(const StreamFigures& figures, const Stream::Groups& groups, bool compress, std::string* out) {
  const Stream::Counters& counters = figures.counters;
  AppendLength(figures.length, out);
  AppendIdLengths(counters.last_id, out);
  AppendIdLengths(counters.first_id, out);
  AppendIdLengths(counters.max_deleted_id, out);
  AppendLength(counters.entries_added, out);
  AppendLength(groups.size(), out);
  for (const auto& [name, group] : groups) AppendGroup(name, group, compress, out);
}

void AppendStream(const Stream& stream, bool compress, std::string* out) {
  AppendLength(stream.nodes().size(), out);
  for (const auto& [master, pack] : stream.nodes()) AppendStreamNode(master, pack, compress, out);
  AppendStreamTail({stream.counters(), stream.size()}, stream.groups(), compress, out);
}

std::unique_ptr<ObjectReader> MakeStreamReader(RdbType type) {
  switch (type) {
    case RdbType::kStreamListpacks:
    case RdbType::kStreamListpacks2:
    case RdbType::kStreamListpacks3: return std::make_unique<StreamReader>(type);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
