// What one pass may do: exactly one of these, small enough to end well within
// the Lease's term, and safe to be cut short anywhere.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "node/slot/slot.h"
#include "operator/api/redis_cluster.h"
#include "operator/reconcile/node_settings.h"
#include "operator/resources/builders.h"
#include "operator/topology/report.h"

namespace windlass::reconcile {

// A node as a command addresses it.
struct NodeRef {
  std::string name;  // for people
  std::string id;
  topology::Address address;
};

// Nothing can be done until something else has happened.
struct Wait {
  std::string why;
};

// Pods, each with its claim if there is storage.
struct CreateNodes {
  std::vector<resources::NodeIdentity> nodes;
};

// Pods that will not run again, or are not to, and whose name is to be used again: at
// once, or when the cluster wakes up.
struct DeletePods {
  std::vector<std::pair<std::string, std::string>> pods;  // name, uid
  std::string why;
  bool to_return = true;
};

// Claims that are to be as large as the spec says.
struct GrowClaims {
  std::vector<std::string> names;
  std::string size;
};

struct Meet {
  std::vector<std::pair<NodeRef, NodeRef>> pairs;  // the first is told of the second
};

struct SetEpochs {
  std::vector<std::pair<NodeRef, int>> epochs;
};

struct AssignSlots {
  std::vector<std::pair<NodeRef, slot::SlotRange>> ranges;
  std::string lost_slots;  // not empty: these, whose data are lost, are served anew
};

struct Replicate {
  std::vector<std::pair<NodeRef, NodeRef>> pairs;  // replica, master
};

// At each node, the ids that it is to forget.
struct Forget {
  std::vector<std::pair<NodeRef, std::string>> commands;
  std::string why;
};

// Intent: written to status, acted on once it has been read back.
struct RecordOperation {
  api::Operation operation;
};

struct FinishOperation {
  std::string event_reason;
  std::string message;
  bool formed = false;
};

// Marks that say a slot is on its way when it has long arrived: the node was
// told by gossip, which does not clear them.
struct ClearMarks {
  std::vector<std::pair<NodeRef, slot::SlotId>> marks;
};

struct PairMove {
  NodeRef from;
  NodeRef to;
  std::vector<slot::SlotId> slots;
};

struct MoveSlots {
  std::vector<PairMove> pairs;   // no node twice
  std::vector<NodeRef> masters;  // all of them: who is to be told
  int slots_left = 0;            // of the whole operation, when the step begins
  int slots_total = 0;
};

// CONFIG SET, and the note of it at the pod.
struct TellSettings {
  struct Node {
    NodeRef node;
    std::vector<std::pair<std::string, std::string>> changes;
    bool tell_passwords = false;
    NodeSettings result;  // but for what the node answers
    // Since it started: what can only be read from the file it has read.
    bool first_telling = false;
  };
  std::vector<Node> nodes;
};

struct FailOver {
  NodeRef replica;
  std::string master_name;
};

// Pods that get what the spec says as they run.
struct ResizePods {
  std::vector<NodeRef> ask;
  std::vector<NodeRef> confirm;  // have got it: they are as their template says again
};

// Without a majority to elect it. Its master's pod, by name, must not be there: the
// API server is asked once more.
struct TakeOver {
  NodeRef replica;
  std::string master_name;
  std::string why;
};

// Taken out of the cluster: forgotten by all who stay, then deleted.
struct RemoveNodes {
  struct Victim {
    NodeRef node;
    std::string pod_uid;  // empty: the pod is gone, the claim is left
    bool delete_claim = false;
  };
  std::vector<Victim> victims;
  std::vector<NodeRef> survivors;
  std::string why;
};

using Step = std::variant<Wait, CreateNodes, DeletePods, Meet, SetEpochs, AssignSlots, Replicate, Forget,
                          RecordOperation, FinishOperation, ClearMarks, MoveSlots, TellSettings, FailOver, RemoveNodes,
                          GrowClaims, TakeOver, ResizePods>;

}  // namespace windlass::reconcile
