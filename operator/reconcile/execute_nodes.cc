// Steps on the bus: who knows whom, who follows whom, who owns what at the start.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "operator/base/log.h"
#include "operator/reconcile/execute.h"

namespace windlass::reconcile {
namespace {

constexpr std::chrono::milliseconds kFailoverTime{1000};
constexpr std::chrono::milliseconds kLookAgain{10};

bool Says(const redis::Reply& reply, const char* words) {
  return reply.error() && reply.text.find(words) != std::string::npos;
}

[[noreturn]] void Refused(const NodeRef& node, const std::string& what, const redis::Reply& reply) {
  throw redis::RefusedFailure(node.name + " refused " + what + ": " + reply.text, reply.text);
}

}  // namespace

void Executor::Do(const World& world, const Meet& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [who, whom] : step.pairs) {
    pool_.At(who.address).Require({"CLUSTER", "MEET", whom.address.host, std::to_string(whom.address.port)});
  }
  const NodeRef& first = step.pairs.front().second;
  Event(world, kube::EventType::kNormal, "NodesMeet",
        "introducing " + first.name + (step.pairs.size() > 1 ? " and others" : "") + " to the cluster");
}

void Executor::Do(const World& world, const SetEpochs& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [node, epoch] : step.epochs) {
    const redis::Reply reply = pool_.At(node.address).Call({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(epoch)});
    // One that has an epoch, or has met somebody since, keeps what it has: the
    // bus settles equal epochs by itself.
    if (reply.error()) base::Log(base::LogLevel::kDebug, "epoch not set", {{"node", node.name}, {"reply", reply.text}});
  }
}

void Executor::Do(const World& world, const AssignSlots& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [node, range] : step.ranges) {
    const redis::Reply reply = pool_.At(node.address)
                                   .Call({"CLUSTER", "ADDSLOTSRANGE", std::to_string(range.first), std::to_string(range.last)});
    if (reply.error()) Refused(node, "slots " + slot::ToString(range), reply);
  }
  if (!step.lost_slots.empty()) {
    return Event(world, kube::EventType::kWarning, "LostSlotsServed",
                 "slots " + step.lost_slots + " are served again, empty: what they held is lost, and spec.failover.lostShard accepts that");
  }
  Event(world, kube::EventType::kNormal, "SlotsAssigned",
        "all slots have been given to " + std::to_string(step.ranges.size()) + " masters");
}

void Executor::Do(const World& world, const Replicate& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [replica, master] : step.pairs) {
    const redis::Reply reply = pool_.At(replica.address).Call({"CLUSTER", "REPLICATE", master.id});
    // Gossip has not told it of its master yet: the next pass tries again.
    if (Says(reply, "Unknown node")) continue;
    if (reply.error()) Refused(replica, "to replicate " + master.name, reply);
    Event(world, kube::EventType::kNormal, "ReplicaAttached", replica.name + " replicates " + master.name);
  }
}

void Executor::Do(const World& world, const Forget& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [node, id] : step.commands) {
    const redis::Reply reply = pool_.At(node.address).Call({"CLUSTER", "FORGET", id});
    if (reply.error() && !Says(reply, "Unknown node")) {
      base::Log(base::LogLevel::kWarning, "a node was not forgotten", {{"node", node.name}, {"id", id}, {"reply", reply.text}});
    }
  }
  Event(world, kube::EventType::kNormal, "NodeForgotten", step.why);
}

void Executor::Do(const World& world, const ClearMarks& step) {
  RequireLease(context_, kStepTime);
  for (const auto& [node, slot] : step.marks) {
    const redis::Reply reply = pool_.At(node.address).Call({"CLUSTER", "SETSLOT", std::to_string(slot), "STABLE"});
    if (reply.error()) Refused(node, "to clear the mark of slot " + std::to_string(slot), reply);
  }
  Event(world, kube::EventType::kNormal, "MarksCleared",
        std::to_string(step.marks.size()) + " marks of slots that have arrived were cleared");
}

void Executor::Do(const World& world, const TakeOver& step) {
  RequireLease(context_, kStepTime);
  // The cache may be behind: a master that runs must not get a rival.
  const auto pod = context_.client.Get(kube::kPods, world.cluster->metadata.name_space, step.master_name);
  if (pod && pod->contains("spec") && pod->at("spec").contains("nodeName") && world.FindMember(step.master_name) == nullptr) {
    throw base::Failure("pod " + step.master_name + " is there after all: nobody takes over from it");
  }
  const redis::Reply reply = pool_.At(step.replica.address).Call({"CLUSTER", "FAILOVER", "TAKEOVER"});
  if (reply.error()) Refused(step.replica, "to take over from " + step.master_name, reply);
  Event(world, kube::EventType::kWarning, "TakenOver", step.why);
}

void Executor::Do(const World& world, const FailOver& step) {
  RequireLease(context_, kStepTime);
  const redis::Reply reply = pool_.At(step.replica.address).Call({"CLUSTER", "FAILOVER"});
  // A master that is told to end hands over by itself: it was faster.
  if (Says(reply, "to a replica")) return;
  if (reply.error()) Refused(step.replica, "to take over from " + step.master_name, reply);
  Event(world, kube::EventType::kNormal, "Failover", step.replica.name + " takes over from " + step.master_name);
  // Seen through, for a while: a request that is made anew at each look would
  // have a redis-server begin anew each time, its writers waiting.
  const auto until = std::chrono::steady_clock::now() + kFailoverTime;
  while (std::chrono::steady_clock::now() < until) {
    const redis::Reply role = pool_.At(step.replica.address).Call({"ROLE"});
    if (!role.elements.empty() && role.elements[0].text == "master") return;
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace windlass::reconcile
