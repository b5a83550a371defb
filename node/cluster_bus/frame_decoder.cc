// Bytes from the bus to messages: the header first, then the body of the type,
// whose length must agree with the frame's to the byte.
#include "node/cluster_bus/frame_decoder.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "node/cluster_bus/frame_layout.h"

namespace windlass::cluster_bus {
namespace {

using base::Error;
using base::Result;
using cluster::MessageType;
using cluster::NodeId;

uint64_t ReadInteger(const char* at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}
uint16_t U16(const char* at) { return static_cast<uint16_t>(ReadInteger(at, 2)); }
uint32_t U32(const char* at) { return static_cast<uint32_t>(ReadInteger(at, 4)); }
uint64_t U64(const char* at) { return ReadInteger(at, 8); }
bool IsEpoch(uint64_t value) { return value <= cluster::kMaxEpoch; }

// Addresses and names end up in nodes.conf and in CLUSTER NODES, where blanks,
// commas and at-signs separate: a name with one of them would forge a field.
bool IsNameCharacter(char c) {
  return std::isgraph(static_cast<unsigned char>(c)) != 0 && std::strchr(",@=[]\"", c) == nullptr;
}

// The text up to the first NUL of a field of `bytes` bytes; none if it has no
// NUL within or characters a name cannot have.
std::optional<std::string> ReadName(const char* at, size_t bytes) {
  const size_t length = strnlen(at, bytes);
  if (length == bytes) return std::nullopt;
  for (size_t i = 0; i < length; ++i) {
    if (!IsNameCharacter(at[i])) return std::nullopt;
  }
  return std::string(at, length);
}

std::optional<NodeId> ReadId(const char* at) { return NodeId::Parse({at, layout::kIdBytes}); }

// Forty zero bytes are "no node".
std::optional<NodeId> ReadIdOrNull(const char* at) {
  for (size_t i = 0; i < layout::kIdBytes; ++i) {
    if (at[i] != '\0') return ReadId(at);
  }
  return NodeId();
}

Result<void> ReadHeader(const char* at, cluster::Header* header) {
  const auto sender = ReadId(at + layout::kSender);
  if (!sender) return Error{"the sender is not a node id"};
  const auto replica_of = ReadIdOrNull(at + layout::kReplicaOf);
  if (!replica_of) return Error{"the sender's master is not a node id"};
  auto ip = ReadName(at + layout::kIp, layout::kIpBytes);
  if (!ip) return Error{"the sender's address is not a text"};
  header->sender = *sender;
  header->current_epoch = U64(at + layout::kCurrentEpoch);
  header->config_epoch = U64(at + layout::kConfigEpoch);
  if (!IsEpoch(header->current_epoch) || !IsEpoch(header->config_epoch)) return Error{"an epoch is beyond all counting"};
  header->replication_offset = U64(at + layout::kOffset);
  header->replica_of = *replica_of;
  header->address.ip = std::move(*ip);
  header->address.port = U16(at + layout::kPort);
  header->address.bus_port = U16(at + layout::kBusPort);
  header->address.plaintext_port = U16(at + layout::kPlaintextPort);
  header->flags = U16(at + layout::kFlags);
  header->cluster_ok = at[layout::kState] == 0;
  header->mflags = static_cast<uint8_t>(at[layout::kMessageFlags]);
  header->cluster_id = U64(at + layout::kClusterId);
  header->final_in_history = U64(at + layout::kFinalHistory);
  return {};
}

Result<cluster::GossipEntry> ReadGossip(const char* at) {
  const auto id = ReadId(at);
  if (!id) return Error{"a gossip entry is not about a node id"};
  auto ip = ReadName(at + layout::kGossipIp, layout::kIpBytes);
  if (!ip) return Error{"a gossip entry's address is not a text"};
  cluster::GossipEntry entry;
  entry.id = *id;
  entry.ping_sent_s = U32(at + layout::kGossipPingSent);
  entry.pong_received_s = U32(at + layout::kGossipPongReceived);
  entry.address.ip = std::move(*ip);
  entry.address.port = U16(at + layout::kGossipPort);
  entry.address.bus_port = U16(at + layout::kGossipBusPort);
  entry.address.plaintext_port = U16(at + layout::kGossipPlaintextPort);
  entry.flags = U16(at + layout::kGossipFlags);
  return entry;
}

// One extension's data. Unknown types are skipped.
Result<void> ReadExtension(uint16_t type, std::string_view data, cluster::Extensions* extensions) {
  switch (type) {
    case layout::kHostname:
    case layout::kHumanNodename: {
      auto name = ReadName(data.data(), data.size());
      if (!name || name->size() > layout::kMaxHostnameBytes) {
        return Error{"a host or node name is not a text of at most 255 characters"};
      }
      (type == layout::kHostname ? extensions->hostname : extensions->human_nodename) =
          std::move(*name);
      return {};
    }
    case layout::kForgottenNode: {
      if (data.size() < layout::kIdBytes + 8) return Error{"a forgotten node's entry is short"};
      const auto id = ReadId(data.data());
      if (!id) return Error{"a forgotten node is not a node id"};
      extensions->forgotten.push_back({*id, U64(data.data() + layout::kIdBytes)});
      return {};
    }
    case layout::kShardId: {
      if (data.size() < layout::kIdBytes) return Error{"a shard id is short"};
      const auto id = ReadId(data.data());
      if (!id) return Error{"a shard id is not forty hexadecimal digits"};
      extensions->shard_id = *id;
      return {};
    }
    default:
      return {};
  }
}

Result<void> ReadExtensions(std::string_view bytes, int count, cluster::Extensions* extensions) {
  for (int i = 0; i < count; ++i) {
    if (bytes.size() < layout::kExtensionHeadBytes) return Error{"an extension is cut short"};
    const size_t length = U32(bytes.data());
    if (length < layout::kExtensionHeadBytes || length > bytes.size() || length % 8 != 0) {
      return Error{"an extension's length is wrong"};
    }
    const auto read = ReadExtension(
        U16(bytes.data() + 4),
        bytes.substr(layout::kExtensionHeadBytes, length - layout::kExtensionHeadBytes),
        extensions);
    if (!read.ok()) return read;
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) return Error{"the heartbeat is longer than its content"};
  return {};
}

Result<cluster::Heartbeat> ReadHeartbeat(std::string_view frame) {
  const size_t count = U16(frame.data() + layout::kGossipCount);
  std::string_view body = frame.substr(layout::kHeaderBytes);
  if (body.size() / layout::kGossipBytes < count) return Error{"the gossip is cut short"};
  cluster::Heartbeat heartbeat;
  heartbeat.gossip.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    auto entry = ReadGossip(body.data() + i * layout::kGossipBytes);
    if (!entry.ok()) return Error{entry.error()};
    heartbeat.gossip.push_back(std::move(*entry));
  }
  body.remove_prefix(count * layout::kGossipBytes);
  const bool extended = (frame[layout::kMessageFlags] & cluster::kMessageExtData) != 0;
  const int extensions = extended ? U16(frame.data() + layout::kExtensionCount) : 0;
  const auto read = ReadExtensions(body, extensions, &heartbeat.extensions);
  if (!read.ok()) return Error{read.error()};
  return heartbeat;
}

Result<cluster::Publish> ReadPublish(std::string_view body) {
  if (body.size() < layout::kPublishHeadBytes) return Error{"the publication is cut short"};
  const uint64_t channel = U32(body.data());
  const uint64_t message = U32(body.data() + 4);
  if (layout::kPublishHeadBytes + channel + message != body.size()) {
    return Error{"the publication's lengths disagree with the frame's"};
  }
  body.remove_prefix(layout::kPublishHeadBytes);
  return cluster::Publish{std::string(body.substr(0, channel)), std::string(body.substr(channel))};
}

Result<cluster::ModuleMessage> ReadModule(std::string_view body) {
  if (body.size() < layout::kModuleHeadBytes) return Error{"the module message is cut short"};
  if (layout::kModuleHeadBytes + uint64_t{U32(body.data() + 8)} != body.size()) {
    return Error{"the module message's length disagrees with the frame's"};
  }
  return cluster::ModuleMessage{U64(body.data()), static_cast<uint8_t>(body[12]),
                                std::string(body.substr(layout::kModuleHeadBytes))};
}

template <typename T>
Result<void> Take(Result<T> read, cluster::Body* body) {
  if (!read.ok()) return Error{read.error()};
  *body = std::move(*read);
  return {};
}

Result<void> ExpectBytes(std::string_view body, size_t bytes) {
  if (body.size() != bytes) return Error{"the frame's length is not that of its type"};
  return {};
}

}  // namespace

FrameStatus FindFrame(std::string_view bytes, size_t* size) {
  *size = 0;
  if (bytes.empty()) return FrameStatus::kNeedMore;
  const size_t compared = std::min(bytes.size(), sizeof layout::kSignature);
  if (std::memcmp(bytes.data(), layout::kSignature, compared) != 0) return FrameStatus::kBroken;
  if (bytes.size() < layout::kTotalLength + 4) return FrameStatus::kNeedMore;
  const size_t length = U32(bytes.data() + layout::kTotalLength);
  if (length < layout::kHeaderBytes || length > layout::kMaxFrameBytes) return FrameStatus::kBroken;
  *size = length;
  return bytes.size() < length ? FrameStatus::kNeedMore : FrameStatus::kWhole;
}

cluster::SharedSlots FrameDecoder::ReadSlots(const char* at) {
  const auto slots = slot::SlotSet::FromBytes(reinterpret_cast<const uint8_t*>(at));
  if (last_slots_ == nullptr || !(*last_slots_ == slots)) {
    last_slots_ = std::make_shared<const slot::SlotSet>(slots);
  }
  return last_slots_;
}

int FrameType(std::string_view frame) { return U16(frame.data() + layout::kType); }

Result<cluster::MessagePtr> FrameDecoder::Decode(std::string_view frame) {
  const char* at = frame.data();
  if (U16(at + layout::kVersionAt) != layout::kVersion) return cluster::MessagePtr();
  const int type = FrameType(frame);
  if (type >= cluster::kMessageTypes) return cluster::MessagePtr();

  auto message = std::make_shared<cluster::Message>();
  message->type = static_cast<MessageType>(type);
  const std::string_view body = frame.substr(layout::kHeaderBytes);
  Result<void> read;
  switch (message->type) {
    case MessageType::kPing:
    case MessageType::kPong:
    case MessageType::kMeet:
      read = Take(ReadHeartbeat(frame), &message->body);
      break;
    case MessageType::kFail: {
      read = ExpectBytes(body, layout::kFailBytes);
      if (!read.ok()) break;
      const auto about = ReadId(body.data());
      if (!about) return Error{"the failed node is not a node id"};
      message->body = cluster::Fail{*about};
      break;
    }
    case MessageType::kPublish:
    case MessageType::kPublishShard:
      read = Take(ReadPublish(body), &message->body);
      break;
    case MessageType::kUpdate: {
      read = ExpectBytes(body, layout::kUpdateBytes);
      if (!read.ok()) break;
      const auto about = ReadId(body.data() + 8);
      if (!about) return Error{"the updated node is not a node id"};
      if (!IsEpoch(U64(body.data()))) return Error{"an epoch is beyond all counting"};
      const auto* slots = reinterpret_cast<const uint8_t*>(body.data() + 8 + layout::kIdBytes);
      message->body = cluster::Update{
          *about, U64(body.data()),
          std::make_shared<const slot::SlotSet>(slot::SlotSet::FromBytes(slots))};
      break;
    }
    case MessageType::kModule:
      read = Take(ReadModule(body), &message->body);
      break;
    case MessageType::kFailoverAuthRequest:
    case MessageType::kFailoverAuthAck:
    case MessageType::kMfStart:
      read = ExpectBytes(body, 0);
      break;
  }
  if (!read.ok()) return Error{read.error()};
  const auto header = ReadHeader(at, &message->header);
  if (!header.ok()) return Error{header.error()};
  message->header.slots = ReadSlots(at + layout::kSlots);
  return cluster::MessagePtr(std::move(message));
}

}  // namespace windlass::cluster_bus
