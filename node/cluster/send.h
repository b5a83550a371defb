// Making messages and putting them on links; opening and closing the links.
#pragma once

#include <memory>

#include "node/cluster/machine.h"

namespace windlass::cluster {

std::shared_ptr<Message> NewMessage(Machine& m, MessageType type);

// On our link to the node, if it is up.
void SendTo(Machine& m, const Node* node, MessagePtr message);
// On the link a message came in by.
void SendOn(Machine& m, LinkId link, MessagePtr message);
// To every node with a link up that is not in handshake.
void Broadcast(Machine& m, const MessagePtr& message);

// A PING or MEET on our link; starts the wait for the answer.
void SendPing(Machine& m, Node* node, MessageType type);
void SendPong(Machine& m, LinkId link, Node* to);
// Tells everybody, or this shard's replicas alone, how things stand now.
void BroadcastPong(Machine& m, bool only_my_shard);
void BroadcastFail(Machine& m, const Node& node);
void SendUpdate(Machine& m, const Node* to, const Node& about);

void OpenLink(Machine& m, Node* node);
void CloseOutbound(Machine& m, Node* node);
void CloseInbound(Machine& m, Node* node);
void CloseLinks(Machine& m, Node* node);

}  // namespace windlass::cluster
