// What CLUSTER GETSLOTMIGRATIONS says of a job, whichever end tells it.
#pragma once

#include <cstdint>

#include "node/commands/slot_migration_port.h"
#include "node/migration/job.h"

namespace windlass::server {

struct JobTimes {
  explicit JobTimes(int64_t now_ms) : created_ms(now_ms), updated_ms(now_ms), heard_ms(now_ms) {}
  int64_t created_ms;
  int64_t updated_ms;  // the machine's last step
  int64_t heard_ms;    // the other end's last word
};

template <class Machine>
commands::MigrationReport ReportOf(const migration::Job& job, const Machine& machine, const JobTimes& times) {
  commands::MigrationReport report;
  report.name = job.name;
  report.slot_ranges = migration::RangesText(job.slots);
  report.target_node = job.target.str();
  report.source_node = job.source.str();
  report.create_time = times.created_ms / 1000;
  report.last_update_time = times.updated_ms / 1000;
  report.last_ack_time = times.heard_ms / 1000;
  report.state = migration::StateWord(machine.state());
  report.message = machine.message();
  return report;
}

}  // namespace windlass::server
