// A newcomer makes itself known.
//
// A node that was introduced to one member learns the others by gossip and pings
// them, but a stranger's pings count for nothing until that member has told of it.
// Should the member die before, the newcomer would be a stranger for ever, and no
// vote would be given to it. So for a bounded time after its introduction it sends
// MEET, which a stranger may, to nodes it was told of and that have not shown within
// a node timeout that they know it: who knows a node opens a link to it, and keeps it.
// (Who looks for another node, which had the address before, closes the link when the
// answer is not that node's.) It says MEET only on a connection by which the node has
// answered under its id: a MEET to an address alone might join another cluster, whose
// node has the address by now.
//
// A node that was forgotten must not come back by this. It asks nobody a second
// time who once knew it; and it asks nobody at all while one who knew it lets it
// drop and is not seen to fail. If that one answers, the introduction is over. A
// node that was a member when its process started has no introduction.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Call before the node of a handshake is added: the first one introduces.
void NoteIntroduction(Machine& m);
// A ping to `node` is due: MEET or PING.
MessageType GreetingFor(const Machine& m, const Node& node);
// A message of `node` came on the link that it opened.
void NoteLinkKept(const Machine& m, Node* node);
// `node` has answered our ping: has it forgotten us?
void NoteAnswerTo(Machine& m, const Node& node);

}  // namespace windlass::cluster
