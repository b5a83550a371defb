// Where things stand in a bus frame: offsets and sizes in bytes, all integers
// big-endian. The layout of Redis 7, checked against frames of a running server.
#pragma once

#include <cstddef>
#include <cstdint>

namespace windlass::cluster_bus::layout {

inline constexpr char kSignature[4] = {'R', 'C', 'm', 'b'};
inline constexpr uint16_t kVersion = 1;

// The header, the same for every type.
inline constexpr size_t kTotalLength = 4;      // u32, of the whole frame
inline constexpr size_t kVersionAt = 8;        // u16
inline constexpr size_t kPort = 10;            // u16
inline constexpr size_t kType = 12;            // u16
inline constexpr size_t kGossipCount = 14;     // u16
inline constexpr size_t kCurrentEpoch = 16;    // u64
inline constexpr size_t kConfigEpoch = 24;     // u64
inline constexpr size_t kOffset = 32;          // u64
inline constexpr size_t kSender = 40;          // 40 characters
inline constexpr size_t kSlots = 80;           // 2 048 bytes
inline constexpr size_t kReplicaOf = 2128;     // 40 characters
inline constexpr size_t kIp = 2168;            // 46 characters, NUL-filled
inline constexpr size_t kExtensionCount = 2214;  // u16
inline constexpr size_t kClusterId = 2230;     // u64, ours, as the next; Redis uses none of 2216 to 2245
inline constexpr size_t kFinalHistory = 2238;  // u64
inline constexpr size_t kPlaintextPort = 2246;   // u16
inline constexpr size_t kBusPort = 2248;         // u16
inline constexpr size_t kFlags = 2250;           // u16
inline constexpr size_t kState = 2252;           // u8: 0 ok, 1 down
inline constexpr size_t kMessageFlags = 2253;    // three bytes, the first is used
inline constexpr size_t kHeaderBytes = 2256;

inline constexpr size_t kIdBytes = 40;
inline constexpr size_t kIpBytes = 46;
inline constexpr size_t kSlotBytes = 2048;

// One gossip entry, from its start.
inline constexpr size_t kGossipPingSent = 40;       // u32, Unix seconds
inline constexpr size_t kGossipPongReceived = 44;   // u32
inline constexpr size_t kGossipIp = 48;             // 46 characters
inline constexpr size_t kGossipPort = 94;           // u16
inline constexpr size_t kGossipBusPort = 96;        // u16
inline constexpr size_t kGossipFlags = 98;          // u16
inline constexpr size_t kGossipPlaintextPort = 100; // u16
inline constexpr size_t kGossipBytes = 104;

// A ping extension: u32 length with this head and the padding, u16 type, u16 unused.
inline constexpr size_t kExtensionHeadBytes = 8;
enum ExtensionType : uint16_t { kHostname = 0, kHumanNodename = 1, kForgottenNode = 2, kShardId = 3 };

inline constexpr size_t kFailBytes = kIdBytes;
inline constexpr size_t kPublishHeadBytes = 8;   // u32 channel length, u32 message length
inline constexpr size_t kUpdateBytes = 8 + kIdBytes + kSlotBytes;
inline constexpr size_t kModuleHeadBytes = 13;   // u64 module, u32 length, u8 type

// No frame is longer: a PUBLISH holds one channel and one message of a client.
inline constexpr size_t kMaxFrameBytes = size_t{1} << 30;
inline constexpr size_t kMaxHostnameBytes = 255;

}  // namespace windlass::cluster_bus::layout
