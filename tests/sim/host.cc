// What a host tells its core of replication.
#include "tests/sim/host.h"

namespace windlass::sim {

cluster::ReplicationFacts Host::Facts(int64_t now_us) const {
  cluster::ReplicationFacts facts;
  if (master) {
    facts.my_offset = data.writes;
    return facts;
  }
  const bool same_history = !synced_with.null() && synced_with == followed;
  facts.my_offset = same_history ? data.writes : 0;
  facts.master_link_up = link_up;
  facts.data_age_known = same_history;
  facts.stream_held = stream_held;
  facts.data_age_ms = (now_us - last_sync_us) / 1000;
  facts.history = history;
  return facts;
}

}  // namespace windlass::sim
