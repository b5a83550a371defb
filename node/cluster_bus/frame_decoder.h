// Bytes from the bus to messages. Everything read here comes from the network:
// every length is checked against what is there before it is believed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/cluster/messages.h"

namespace windlass::cluster_bus {

enum class FrameStatus {
  kWhole,     // *size is its length
  kNeedMore,  // the length is not known yet, or not all of it has arrived
  kBroken,    // this is no bus frame: the link cannot be trusted to find the next one
};

// Looks for a whole frame at the start of `bytes`. With kNeedMore *size is the
// length the buffer has to reach, or 0 if not even the length is there.
FrameStatus FindFrame(std::string_view bytes, size_t* size);

// The type of a whole frame.
int FrameType(std::string_view frame);

// Reads one link's frames. It remembers the last bitmap of slots, so that the
// usual heartbeat, whose slots did not change, shares one copy.
class FrameDecoder {
 public:
  // REQUIRES: FindFrame said kWhole for exactly these bytes.
  // A null message is a well-formed frame that says nothing to this node: of
  // another protocol version, or of a type unknown to it. An error is a frame
  // whose content contradicts itself; the frames after it can be read.
  base::Result<cluster::MessagePtr> Decode(std::string_view frame);

 private:
  cluster::SharedSlots ReadSlots(const char* at);

  cluster::SharedSlots last_slots_;
};

}  // namespace windlass::cluster_bus
