// See set_slot.h.
#include "operator/redis/set_slot.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace windlass::redis {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kServersWaitMs = 2000;  // of one SETSLOT for replicas that take nothing in, unless told otherwise
constexpr std::chrono::milliseconds kBetween{200};
constexpr size_t kLanes = 16;  // connections to one node

bool NoReplicas(const Reply& reply) { return reply.ErrorIs("NOREPLICAS"); }

// Sends the groups that begin at `heads`, shared out among the lanes, and puts their replies in
// their places. A lane that fails leaves the others unfinished: they are connected anew.
void Send(const std::vector<RedisAdmin*>& lanes, const std::vector<Command>& commands, size_t group,
          const std::vector<size_t>& heads, int64_t patience_ms, std::vector<Reply>* replies) {
  const size_t used = std::min(lanes.size(), heads.size());
  std::vector<std::vector<size_t>> places(used);
  for (size_t h = 0; h < heads.size(); ++h) {
    for (size_t i = heads[h]; i < std::min(heads[h] + group, commands.size()); ++i) places[h % used].push_back(i);
  }
  const auto rounds = static_cast<int64_t>((heads.size() + used - 1) / used);
  const int64_t deadline_ms = lanes.front()->options().command_ms + kServersWaitMs * rounds + patience_ms;
  for (size_t lane = 0; lane < used; ++lane) {
    std::vector<Command> sent;
    for (const size_t place : places[lane]) sent.push_back(commands[place]);
    lanes[lane]->Begin(sent, deadline_ms);
  }
  for (size_t lane = 0; lane < used; ++lane) {
    std::vector<Reply> got = lanes[lane]->Finish();
    for (size_t i = 0; i < got.size(); ++i) (*replies)[places[lane][i]] = std::move(got[i]);
  }
}

std::vector<Reply> SendPatiently(const std::vector<RedisAdmin*>& lanes, const std::vector<Command>& commands,
                                 size_t group, const ReplicaPatience& patience) {
  const RedisAdmin& node = *lanes.front();
  std::vector<Reply> replies(commands.size());
  std::vector<size_t> heads;
  for (size_t i = 0; i < commands.size(); i += group) heads.push_back(i);
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(patience.wait_ms);
  bool one_alone = false;
  while (true) {
    Send(lanes, commands, group, one_alone ? std::vector<size_t>{heads.front()} : heads, patience.wait_ms, &replies);
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

}  // namespace

std::vector<Reply> PipelineSetSlots(NodePool& pool, const Address& node, const std::vector<Command>& commands,
                                    size_t group, const ReplicaPatience& patience) {
  std::vector<RedisAdmin*> lanes;
  const size_t groups = (commands.size() + group - 1) / group;
  for (size_t lane = 0; lane < std::min(kLanes, groups); ++lane) lanes.push_back(&pool.At(node, lane));
  return SendPatiently(lanes, commands, group, patience);
}

Reply RequireSetSlot(RedisAdmin& node, const Command& command, const ReplicaPatience& patience) {
  Reply reply = std::move(SendPatiently({&node}, {command}, 1, patience).front());
  if (reply.error()) throw RefusedFailure(topology::ToString(node.address()) + ": CLUSTER SETSLOT was refused: " + reply.text, reply.text);
  return reply;
}

}  // namespace windlass::redis
