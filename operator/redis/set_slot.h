// CLUSTER SETSLOT where a master tells its replicas before it acts (Windlass, Valkey 8).
//
// While a replica does not keep up, the master waits for it: Windlass as long as it takes
// anything in, a minute at most, then two seconds, which is all that Valkey waits. Then it answers
// NOREPLICAS, having changed nothing. That passes: the replica catches up, or has been
// silent for so long that it is not waited for any more. So it is asked again.
//
// It looks at what comes behind a SETSLOT on that connection only then. Several go over
// connections of their own, so that one acknowledgement, and one save, is for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "operator/redis/node_pool.h"

namespace windlass::redis {

// How long a NOREPLICAS is borne, or a master that still waits, and who hears of it; 0: it is
// an answer like any other.
struct ReplicaPatience {
  int64_t wait_ms = 0;
  std::function<void(const std::string& progress)> on_wait = nullptr;
};

// As RedisAdmin::Pipeline, but in no order from group to group. The commands come in groups of `group`, a SETSLOT and what
// counts only after it; a group whose SETSLOT was answered NOREPLICAS is sent again, one
// alone until one succeeds. What is left of NOREPLICAS in the end has outlasted the patience.
std::vector<Reply> PipelineSetSlots(NodePool& pool, const Address& node, const std::vector<Command>& commands,
                                    size_t group, const ReplicaPatience& patience);
// The reply, which is not an error. Throws RefusedFailure too.
Reply RequireSetSlot(RedisAdmin& node, const Command& command, const ReplicaPatience& patience);

}  // namespace windlass::redis
