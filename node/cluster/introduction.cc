// When a newcomer says MEET.
#include "node/cluster/introduction.h"

#include <algorithm>

namespace windlass::cluster {

namespace {

constexpr int64_t kIntroductionTimeouts = 20;
constexpr int64_t kKeptFraction = 4;  // of a node timeout: pings come twice in one

bool LetsMeDrop(const Node& node) { return node.knows_me && node.inbound == 0; }

}  // namespace

void NoteIntroduction(Machine& m) {
  if (m.nodes.size() > 1) return;
  m.introduction_ends_ms = m.now + kIntroductionTimeouts * m.options.node_timeout_ms;
}

MessageType GreetingFor(const Machine& m, const Node& node) {
  if (node.Has(kFlagMeet)) return MessageType::kMeet;
  if (m.now >= m.introduction_ends_ms || !node.told || node.knows_me || node.inbound != 0) return MessageType::kPing;
  if (node.outbound == 0 || node.answered_on != node.outbound) return MessageType::kPing;
  if (m.now - node.created_ms <= m.options.node_timeout_ms) return MessageType::kPing;
  for (const Node* other : m.nodes.all()) {
    if (LetsMeDrop(*other) && !other->Suspected() && !other->Failed()) return MessageType::kPing;
  }
  return MessageType::kMeet;
}

void NoteLinkKept(const Machine& m, Node* node) {
  if (m.now - node->inbound_created_ms > m.options.node_timeout_ms / kKeptFraction) node->knows_me = true;
}

void NoteAnswerTo(Machine& m, const Node& node) {
  if (m.now >= m.introduction_ends_ms || !LetsMeDrop(node)) return;
  // One that was away for a while needs a moment until it opens its link again.
  const int64_t since_ms = std::max(node.inbound_lost_ms, node.outbound_created_ms);
  if (m.now - since_ms <= m.options.node_timeout_ms) return;
  LogF(m, LogLevel::kNotice, "Node %s (%s) knows this node no more: introducing itself to nobody else.",
       node.id.str().c_str(), Name(node));
  m.introduction_ends_ms = 0;
}

}  // namespace windlass::cluster
