// Bus messages to bytes: the header at its fixed offsets, then the body of the type.
#include "node/cluster_bus/frame_encoder.h"

#include <cstring>

#include "node/cluster_bus/frame_layout.h"

namespace windlass::cluster_bus {
namespace {

using cluster::Address;
using cluster::NodeId;

// Writes into bytes that are there already, zeroed.
class FixedWriter {
 public:
  explicit FixedWriter(char* at) : at_(at) {}

  void U8(size_t offset, uint8_t value) { at_[offset] = static_cast<char>(value); }
  void U16(size_t offset, uint16_t value) { Integer(offset, value, 2); }
  void U32(size_t offset, uint32_t value) { Integer(offset, value, 4); }
  void U64(size_t offset, uint64_t value) { Integer(offset, value, 8); }
  void Id(size_t offset, const NodeId& id) {
    std::memcpy(at_ + offset, id.bytes(), layout::kIdBytes);
  }
  void Ip(size_t offset, const std::string& ip) {
    if (ip.size() < layout::kIpBytes) std::memcpy(at_ + offset, ip.data(), ip.size());
  }
  void Slots(size_t offset, const slot::SlotSet& slots) {
    slots.ToBytes(reinterpret_cast<uint8_t*>(at_ + offset));
  }

 private:
  void Integer(size_t offset, uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) {
      at_[offset + i] = static_cast<char>(value & 0xff);
      value >>= 8;
    }
  }

  char* at_;
};

// Grows `out` by `bytes` zero bytes and returns where they start.
char* Extend(std::string* out, size_t bytes) {
  const size_t begin = out->size();
  out->resize(begin + bytes, '\0');
  return out->data() + begin;
}

void AppendExtension(layout::ExtensionType type, size_t data_bytes, std::string* out,
                     char** data) {
  const size_t padded = (data_bytes + 7) / 8 * 8;
  char* at = Extend(out, layout::kExtensionHeadBytes + padded);
  FixedWriter head(at);
  head.U32(0, static_cast<uint32_t>(layout::kExtensionHeadBytes + padded));
  head.U16(4, type);
  *data = at + layout::kExtensionHeadBytes;
}

// Texts end with a NUL on the wire.
void AppendTextExtension(layout::ExtensionType type, const std::string& text, std::string* out) {
  char* data;
  AppendExtension(type, text.size() + 1, out, &data);
  std::memcpy(data, text.data(), text.size());
}

int AppendExtensions(const cluster::Extensions& extensions, std::string* out) {
  int count = 0;
  char* data;
  if (extensions.hostname) {
    AppendTextExtension(layout::kHostname, *extensions.hostname, out);
    ++count;
  }
  if (extensions.human_nodename) {
    AppendTextExtension(layout::kHumanNodename, *extensions.human_nodename, out);
    ++count;
  }
  for (const cluster::ForgottenNode& forgotten : extensions.forgotten) {
    AppendExtension(layout::kForgottenNode, layout::kIdBytes + 8, out, &data);
    FixedWriter writer(data);
    writer.Id(0, forgotten.id);
    writer.U64(layout::kIdBytes, forgotten.ttl_s);
    ++count;
  }
  if (extensions.shard_id) {
    AppendExtension(layout::kShardId, layout::kIdBytes, out, &data);
    FixedWriter(data).Id(0, *extensions.shard_id);
    ++count;
  }
  return count;
}

void AppendGossip(const cluster::GossipEntry& entry, std::string* out) {
  FixedWriter writer(Extend(out, layout::kGossipBytes));
  writer.Id(0, entry.id);
  writer.U32(layout::kGossipPingSent, entry.ping_sent_s);
  writer.U32(layout::kGossipPongReceived, entry.pong_received_s);
  writer.Ip(layout::kGossipIp, entry.address.ip);
  writer.U16(layout::kGossipPort, entry.address.port);
  writer.U16(layout::kGossipBusPort, entry.address.bus_port);
  writer.U16(layout::kGossipFlags, entry.flags);
  writer.U16(layout::kGossipPlaintextPort, entry.address.plaintext_port);
}

struct Counts {
  size_t gossip = 0;
  int extensions = 0;
};

// Appends the body; one overload a type.
struct BodyAppender {
  std::string* out;

  Counts operator()(const std::monostate&) const { return {}; }
  Counts operator()(const cluster::Heartbeat& heartbeat) const {
    for (const cluster::GossipEntry& entry : heartbeat.gossip) AppendGossip(entry, out);
    return {heartbeat.gossip.size(), AppendExtensions(heartbeat.extensions, out)};
  }
  Counts operator()(const cluster::Fail& fail) const {
    FixedWriter(Extend(out, layout::kFailBytes)).Id(0, fail.about);
    return {};
  }
  Counts operator()(const cluster::Publish& publish) const {
    FixedWriter head(Extend(out, layout::kPublishHeadBytes));
    head.U32(0, static_cast<uint32_t>(publish.channel.size()));
    head.U32(4, static_cast<uint32_t>(publish.message.size()));
    out->append(publish.channel).append(publish.message);
    return {};
  }
  Counts operator()(const cluster::Update& update) const {
    FixedWriter writer(Extend(out, layout::kUpdateBytes));
    writer.U64(0, update.config_epoch);
    writer.Id(8, update.about);
    writer.Slots(8 + layout::kIdBytes, *update.slots);
    return {};
  }
  Counts operator()(const cluster::ModuleMessage& module) const {
    FixedWriter head(Extend(out, layout::kModuleHeadBytes));
    head.U64(0, module.module_id);
    head.U32(8, static_cast<uint32_t>(module.payload.size()));
    head.U8(12, module.type);
    out->append(module.payload);
    return {};
  }
};

}  // namespace

void EncodeFrame(const cluster::Message& message, std::string* out) {
  const size_t begin = out->size();
  Extend(out, layout::kHeaderBytes);
  const Counts counts = std::visit(BodyAppender{out}, message.body);

  const cluster::Header& header = message.header;
  char* at = out->data() + begin;
  std::memcpy(at, layout::kSignature, sizeof layout::kSignature);
  FixedWriter writer(at);
  writer.U32(layout::kTotalLength, static_cast<uint32_t>(out->size() - begin));
  writer.U16(layout::kVersionAt, layout::kVersion);
  writer.U16(layout::kPort, header.address.port);
  writer.U16(layout::kType, static_cast<uint16_t>(message.type));
  writer.U16(layout::kGossipCount, static_cast<uint16_t>(counts.gossip));
  writer.U64(layout::kCurrentEpoch, header.current_epoch);
  writer.U64(layout::kConfigEpoch, header.config_epoch);
  writer.U64(layout::kOffset, header.replication_offset);
  writer.Id(layout::kSender, header.sender);
  writer.Slots(layout::kSlots, *header.slots);
  writer.Id(layout::kReplicaOf, header.replica_of);
  writer.Ip(layout::kIp, header.address.ip);
  writer.U16(layout::kExtensionCount, static_cast<uint16_t>(counts.extensions));
  writer.U16(layout::kPlaintextPort, header.address.plaintext_port);
  writer.U16(layout::kBusPort, header.address.bus_port);
  writer.U16(layout::kFlags, header.flags);
  writer.U8(layout::kState, header.cluster_ok ? 0 : 1);
  writer.U8(layout::kMessageFlags, header.mflags);
  writer.U64(layout::kClusterId, header.cluster_id);
  writer.U64(layout::kFinalHistory, header.final_in_history);
}

}  // namespace windlass::cluster_bus
