// The bus codec against frames of a real server, against itself, and against
// damage: truncation at every length, every byte changed, lengths that lie.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "node/base/random.h"
#include "node/cluster_bus/frame_decoder.h"
#include "node/cluster_bus/frame_encoder.h"
#include "node/cluster_bus/frame_layout.h"

namespace windlass::cluster_bus {
namespace {

using cluster::Message;
using cluster::MessagePtr;
using cluster::MessageType;
using cluster::NodeId;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::map<std::string, std::string> RecordedFrames() {
  std::map<std::string, std::string> frames;
  for (const auto& entry : std::filesystem::directory_iterator(FRAMES_DIR)) {
    if (entry.path().extension() == ".frame") {
      frames[entry.path().stem().string()] = ReadFile(entry.path());
    }
  }
  return frames;
}

MessagePtr MustDecode(const std::string& frame) {
  FrameDecoder decoder;
  auto message = decoder.Decode(frame);
  EXPECT_TRUE(message.ok()) << message.error();
  return message.ok() ? *message : nullptr;
}

NodeId Id(char digit) { return *NodeId::Parse(std::string(40, digit)); }

Message MakeMessage(MessageType type, cluster::Body body) {
  Message message;
  message.type = type;
  message.body = std::move(body);
  message.header.sender = Id('a');
  message.header.replica_of = Id('b');
  message.header.current_epoch = 0x030405060708;  // every byte of those that count
  message.header.config_epoch = 7;
  message.header.replication_offset = 123456789012;
  slot::SlotSet slots;
  slots.Add(slot::SlotRange{5, 99});
  slots.Add(slot::SlotId{16383});
  message.header.slots = std::make_shared<const slot::SlotSet>(slots);
  message.header.address = {"10.1.2.3", 6379, 16379, 7000};
  message.header.flags = cluster::kFlagReplica | cluster::kFlagMyself;
  message.header.cluster_ok = true;
  message.header.mflags = cluster::kMessageExtData;
  message.header.final_in_history = 0x123456789abcdef0;
  message.header.cluster_id = 0xfedcba9876543210;
  return message;
}

std::string Encode(const Message& message) {
  std::string out = "before";
  EncodeFrame(message, &out);
  return out.substr(6);
}

void ExpectSameHeader(const cluster::Header& a, const cluster::Header& b) {
  EXPECT_EQ(a.sender, b.sender);
  EXPECT_EQ(a.replica_of, b.replica_of);
  EXPECT_EQ(a.current_epoch, b.current_epoch);
  EXPECT_EQ(a.config_epoch, b.config_epoch);
  EXPECT_EQ(a.replication_offset, b.replication_offset);
  EXPECT_EQ(*a.slots, *b.slots);
  EXPECT_EQ(a.address, b.address);
  EXPECT_EQ(a.flags, b.flags);
  EXPECT_EQ(a.cluster_ok, b.cluster_ok);
  EXPECT_EQ(a.mflags, b.mflags);
  EXPECT_EQ(a.final_in_history, b.final_in_history);
  EXPECT_EQ(a.cluster_id, b.cluster_id);
}

TEST(RecordedFrame, OfEveryKindEncodesToTheSameBytesAgain) {
  const auto frames = RecordedFrames();
  ASSERT_EQ(frames.size(), 11u);
  for (const auto& [name, bytes] : frames) {
    SCOPED_TRACE(name);
    size_t size = 0;
    ASSERT_EQ(FindFrame(bytes, &size), FrameStatus::kWhole);
    ASSERT_EQ(size, bytes.size());
    const MessagePtr message = MustDecode(bytes);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(Encode(*message), bytes);
  }
}

TEST(RecordedFrame, PingSaysWhatTheServerSaid) {
  const MessagePtr message = MustDecode(RecordedFrames().at("ping"));
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->type, MessageType::kPing);
  EXPECT_TRUE(message->header.flags & cluster::kFlagMaster);
  EXPECT_TRUE(message->header.replica_of.null());
  EXPECT_TRUE(message->header.address.ip.empty());
  const auto& heartbeat = std::get<cluster::Heartbeat>(message->body);
  ASSERT_EQ(heartbeat.gossip.size(), 2u);
  EXPECT_EQ(heartbeat.gossip[0].address.ip, "127.0.0.1");
  ASSERT_TRUE(heartbeat.extensions.hostname.has_value());
  EXPECT_EQ(heartbeat.extensions.hostname->substr(0, 5), "node-");
}

TEST(RecordedFrame, OthersSayWhatTheServerSaid) {
  const auto frames = RecordedFrames();
  const auto publish = std::get<cluster::Publish>(MustDecode(frames.at("publish"))->body);
  EXPECT_EQ(publish.channel, "chan");
  EXPECT_EQ(publish.message, "hello world");
  EXPECT_EQ(MustDecode(frames.at("auth_request_forced"))->header.mflags, cluster::kMessageForceAck);
  const MessagePtr paused = MustDecode(frames.at("ping_paused"));
  EXPECT_EQ(paused->header.mflags, cluster::kMessagePaused | cluster::kMessageExtData);
  const auto update = std::get<cluster::Update>(MustDecode(frames.at("update"))->body);
  EXPECT_GT(update.config_epoch, 0u);
  EXPECT_EQ(update.slots->size(), 5001);
  EXPECT_EQ(std::get<cluster::Fail>(MustDecode(frames.at("fail"))->body).about.str().size(), 40u);
  EXPECT_FALSE(MustDecode(frames.at("pong_of_replica"))->header.replica_of.null());
}

TEST(Frame, RoundTripsAHeartbeatWithEveryExtension) {
  cluster::Heartbeat heartbeat;
  heartbeat.gossip.push_back({Id('c'), 11, 22, {"2001:db8::1", 1, 2, 3}, cluster::kFlagPfail});
  heartbeat.gossip.push_back({Id('d'), 0, 0xFFFFFFFF, {"", 65535, 65535, 0}, 0});
  heartbeat.extensions.hostname = "a.host-name.example";
  heartbeat.extensions.human_nodename = "shard-1_replica";
  heartbeat.extensions.forgotten.push_back({Id('e'), 59});
  heartbeat.extensions.forgotten.push_back({Id('f'), 1});
  heartbeat.extensions.shard_id = Id('9');
  const Message sent = MakeMessage(MessageType::kPong, heartbeat);
  const std::string bytes = Encode(sent);
  EXPECT_EQ(bytes.size() % 8, 0u);
  const MessagePtr got = MustDecode(bytes);
  ASSERT_NE(got, nullptr);
  ExpectSameHeader(sent.header, got->header);
  const auto& read = std::get<cluster::Heartbeat>(got->body);
  ASSERT_EQ(read.gossip.size(), 2u);
  EXPECT_EQ(read.gossip[0].id, Id('c'));
  EXPECT_EQ(read.gossip[0].ping_sent_s, 11u);
  EXPECT_EQ(read.gossip[0].pong_received_s, 22u);
  EXPECT_EQ(read.gossip[0].address, heartbeat.gossip[0].address);
  EXPECT_EQ(read.gossip[0].flags, cluster::kFlagPfail);
  EXPECT_EQ(read.gossip[1].address, heartbeat.gossip[1].address);
  EXPECT_EQ(read.extensions.hostname, "a.host-name.example");
  EXPECT_EQ(read.extensions.human_nodename, "shard-1_replica");
  ASSERT_EQ(read.extensions.forgotten.size(), 2u);
  EXPECT_EQ(read.extensions.forgotten[0].id, Id('e'));
  EXPECT_EQ(read.extensions.forgotten[0].ttl_s, 59u);
  EXPECT_EQ(read.extensions.shard_id, Id('9'));
}

TEST(Frame, RoundTripsTheOtherBodies) {
  const cluster::Publish publish{std::string("ch\0an", 5), std::string(70000, 'm')};
  auto got = MustDecode(Encode(MakeMessage(MessageType::kPublishShard, publish)));
  EXPECT_EQ(std::get<cluster::Publish>(got->body).channel, publish.channel);
  EXPECT_EQ(std::get<cluster::Publish>(got->body).message, publish.message);
  EXPECT_EQ(got->type, MessageType::kPublishShard);

  const cluster::ModuleMessage module{42, 7, "payload"};
  got = MustDecode(Encode(MakeMessage(MessageType::kModule, module)));
  EXPECT_EQ(std::get<cluster::ModuleMessage>(got->body).module_id, 42u);
  EXPECT_EQ(std::get<cluster::ModuleMessage>(got->body).type, 7);
  EXPECT_EQ(std::get<cluster::ModuleMessage>(got->body).payload, "payload");

  auto all = std::make_shared<const slot::SlotSet>(slot::SlotSet::All());
  got = MustDecode(Encode(MakeMessage(MessageType::kUpdate, cluster::Update{Id('c'), 99, all})));
  EXPECT_EQ(std::get<cluster::Update>(got->body).about, Id('c'));
  EXPECT_EQ(std::get<cluster::Update>(got->body).config_epoch, 99u);
  EXPECT_EQ(*std::get<cluster::Update>(got->body).slots, *all);
}

TEST(Frame, WithAnAddressTooLongForItsFieldSaysUnknown) {
  Message message = MakeMessage(MessageType::kMfStart, {});
  message.header.address.ip = std::string(46, '1');
  EXPECT_EQ(MustDecode(Encode(message))->header.address.ip, "");
}

TEST(Frame, OfAnotherVersionOrTypeIsNoError) {
  std::string bytes = RecordedFrames().at("ping");
  FrameDecoder decoder;
  std::string other = bytes;
  other[layout::kVersionAt + 1] = 2;
  auto read = decoder.Decode(other);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, nullptr);
  other = bytes;
  other[layout::kType + 1] = 11;
  read = decoder.Decode(other);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, nullptr);
}

TEST(Frame, SkipsAnUnknownExtension) {
  std::string bytes = RecordedFrames().at("meet");
  bytes[layout::kHeaderBytes + 5] = 77;  // the type of its only extension
  const MessagePtr message = MustDecode(bytes);
  ASSERT_NE(message, nullptr);
  EXPECT_TRUE(std::get<cluster::Heartbeat>(message->body).extensions.empty());
}

TEST(Frame, WithABlankInAHostNameIsRefused) {
  std::string bytes = RecordedFrames().at("meet");
  bytes[layout::kHeaderBytes + layout::kExtensionHeadBytes] = ' ';
  FrameDecoder decoder;
  EXPECT_FALSE(decoder.Decode(bytes).ok());
}

// Believed, it would be the last epoch that anybody in the cluster could take.
TEST(Frame, WithAnEpochBeyondAllCountingIsRefused) {
  FrameDecoder decoder;
  for (const char* frame : {"ping", "update"}) {
    for (const size_t field : {layout::kCurrentEpoch, layout::kConfigEpoch}) {
      std::string bytes = RecordedFrames().at(frame);
      ASSERT_TRUE(decoder.Decode(bytes).ok());
      bytes[field] = '\x01';
      const auto read = decoder.Decode(bytes);
      ASSERT_FALSE(read.ok()) << frame;
      EXPECT_EQ(read.error(), "an epoch is beyond all counting");
    }
  }
  std::string update = RecordedFrames().at("update");
  update[layout::kHeaderBytes] = '\x01';
  EXPECT_FALSE(decoder.Decode(update).ok());
}

TEST(Decoder, SharesTheBitmapOfFramesThatCarryTheSameSlots) {
  const std::string bytes = RecordedFrames().at("ping");
  FrameDecoder decoder;
  const auto first = decoder.Decode(bytes);
  const auto second = decoder.Decode(bytes);
  EXPECT_EQ((*first)->header.slots.get(), (*second)->header.slots.get());
  std::string other = bytes;
  other[layout::kSlots] ^= 1;
  const auto third = decoder.Decode(other);
  EXPECT_NE((*first)->header.slots.get(), (*third)->header.slots.get());
}

TEST(FindFrame, WaitsForTheRestOfAFrame) {
  const std::string bytes = RecordedFrames().at("ping");
  size_t size = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_EQ(FindFrame(std::string_view(bytes).substr(0, length), &size), FrameStatus::kNeedMore);
    ASSERT_EQ(size, length < 8 ? 0 : bytes.size());
  }
  EXPECT_EQ(FindFrame(bytes + "RCmb", &size), FrameStatus::kWhole);
  EXPECT_EQ(size, bytes.size());
}

TEST(FindFrame, RefusesWhatCannotBeAFrame) {
  size_t size = 0;
  EXPECT_EQ(FindFrame("X", &size), FrameStatus::kBroken);
  EXPECT_EQ(FindFrame("RCmx", &size), FrameStatus::kBroken);
  EXPECT_EQ(FindFrame(std::string("RCmb\0\0\0\x10", 8), &size), FrameStatus::kBroken);
  EXPECT_EQ(FindFrame("RCmb\xff\xff\xff\xff", &size), FrameStatus::kBroken);
}

// A body whose length was cut or grown, with a header that admits to it, must be
// refused for every length but the true one.
TEST(DamagedFrame, OfAnyOtherLengthIsRefused) {
  for (const auto& [name, bytes] : RecordedFrames()) {
    SCOPED_TRACE(name);
    FrameDecoder decoder;
    for (size_t length = layout::kHeaderBytes; length < bytes.size() + 300; ++length) {
      if (length == bytes.size()) continue;
      std::string damaged = bytes;
      damaged.resize(length, '\0');
      ASSERT_FALSE(decoder.Decode(damaged).ok()) << length;
    }
  }
}

// Random damage never reads out of bounds (ASan watches), and what is accepted
// can be encoded and read again.
TEST(DamagedFrame, IsRefusedOrStillRoundTrips) {
  base::Random random(1);
  for (const auto& [name, bytes] : RecordedFrames()) {
    SCOPED_TRACE(name);
    for (int round = 0; round < 3000; ++round) {
      std::string damaged = bytes;
      const int changes = 1 + static_cast<int>(random.Below(4));
      for (int i = 0; i < changes; ++i) {
        // Half of the changes where lengths and counts stand.
        const size_t at = random.Below(2) == 0 ? random.Below(damaged.size())
                                               : layout::kIp + random.Below(damaged.size() - layout::kIp);
        damaged[at] = static_cast<char>(random.Below(256));
      }
      FrameDecoder decoder;
      const auto message = decoder.Decode(damaged);
      if (!message.ok() || *message == nullptr) continue;
      const MessagePtr again = MustDecode(Encode(**message));
      ASSERT_NE(again, nullptr);
      ExpectSameHeader((*message)->header, again->header);
    }
  }
}

}  // namespace
}  // namespace windlass::cluster_bus
