// See set_slot.h.
#include "operator/redis/set_slot.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace windlass::redis {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kServersWaitMs = 2000;  // of one SETSLOT for the replicas, unless told otherwise
constexpr std::chrono::milliseconds kBetween{200};

bool NoReplicas(const Reply& reply) { return reply.ErrorIs("NOREPLICAS"); }

// Sends the groups that begin at `heads`, and puts their replies in their places.
void Send(RedisAdmin& node, const std::vector<Command>& commands, size_t group, const std::vector<size_t>& heads,
          std::vector<Reply>* replies) {
  std::vector<Command> sent;
  for (const size_t head : heads) {
    for (size_t i = head; i < std::min(head + group, commands.size()); ++i) sent.push_back(commands[i]);
  }
  const int64_t deadline_ms = node.options().command_ms + kServersWaitMs * static_cast<int64_t>(heads.size());
  std::vector<Reply> got = node.Pipeline(sent, deadline_ms);
  size_t next = 0;
  for (const size_t head : heads) {
    for (size_t i = head; i < std::min(head + group, commands.size()); ++i) (*replies)[i] = std::move(got[next++]);
  }
}

}  // namespace

std::vector<Reply> PipelineSetSlots(RedisAdmin& node, const std::vector<Command>& commands, size_t group,
                                    const ReplicaPatience& patience) {
  std::vector<Reply> replies(commands.size());
  std::vector<size_t> heads;
  for (size_t i = 0; i < commands.size(); i += group) heads.push_back(i);
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(patience.wait_ms);
  bool one_alone = false;
  while (true) {
    Send(node, commands, group, one_alone ? std::vector<size_t>{heads.front()} : heads, &replies);
    const size_t before = heads.size();
    std::erase_if(heads, [&replies](size_t head) { return !NoReplicas(replies[head]); });
    if (heads.empty() || Clock::now() >= end) return replies;
    one_alone = heads.size() == before || !one_alone;
    if (!one_alone) continue;
    if (patience.on_wait) {
      const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - Clock::now());
      patience.on_wait(topology::ToString(node.address()) + " waits for its replicas to hear of slot " +
                       commands[heads.front()][2] + "; asking again for " + std::to_string(left.count()) + " s");
    }
    std::this_thread::sleep_for(kBetween);
  }
}

Reply RequireSetSlot(RedisAdmin& node, const Command& command, const ReplicaPatience& patience) {
  Reply reply = std::move(PipelineSetSlots(node, {command}, 1, patience).front());
  if (reply.error()) throw RefusedFailure(topology::ToString(node.address()) + ": CLUSTER SETSLOT was refused: " + reply.text, reply.text);
  return reply;
}

}  // namespace windlass::redis
