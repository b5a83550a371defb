// Names of message types.
#include "node/cluster/messages.h"

namespace windlass::cluster {

const char* MessageTypeName(MessageType type) {
  switch (type) {
    case MessageType::kPing: return "ping";
    case MessageType::kPong: return "pong";
    case MessageType::kMeet: return "meet";
    case MessageType::kFail: return "fail";
    case MessageType::kPublish: return "publish";
    case MessageType::kFailoverAuthRequest: return "auth-req";
    case MessageType::kFailoverAuthAck: return "auth-ack";
    case MessageType::kUpdate: return "update";
    case MessageType::kMfStart: return "mfstart";
    case MessageType::kModule: return "module";
    case MessageType::kPublishShard: return "publishshard";
  }
  return "unknown";
}

}  // namespace windlass::cluster
