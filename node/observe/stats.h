// Counters of INFO stats and clients; plain numbers, written by the loop's thread.
#pragma once

#include <cstdint>

namespace windlass::observe {

// Instantaneous rates: sixteen samples, one every 100 ms.
class Rate {
 public:
  void Sample(int64_t now_us, uint64_t total);
  double PerSecond() const;

 private:
  static constexpr int kSamples = 16;
  double samples_[kSamples] = {};
  int next_ = 0;
  int64_t last_us_ = 0;
  uint64_t last_total_ = 0;
};

struct Stats {
  uint64_t connections_received = 0;
  uint64_t commands_processed = 0;
  uint64_t rejected_connections = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t net_repl_input_bytes = 0;
  uint64_t net_repl_output_bytes = 0;
  uint64_t sync_full = 0;
  uint64_t sync_partial_ok = 0;
  uint64_t sync_partial_err = 0;
  uint64_t error_replies = 0;
  uint64_t unexpected_error_replies = 0;
  uint64_t reads_processed = 0;
  uint64_t writes_processed = 0;
  uint64_t loop_turns = 0;
  int64_t loop_busy_us = 0;
  uint64_t query_buffer_limit_disconnections = 0;
  uint64_t output_buffer_limit_disconnections = 0;
  uint64_t total_forks = 0;
  uint64_t dump_payload_sanitizations = 0;
  uint64_t evicted_clients = 0;
  uint64_t acl_denied_auth = 0;
  uint64_t acl_denied_command = 0;
  uint64_t acl_denied_key = 0;
  uint64_t acl_denied_channel = 0;
  int64_t command_ns = 0;  // spent in commands
  int64_t peak_memory = 0;
  int64_t peak_clients = 0;
  uint64_t slow_commands = 0;

  Rate ops_rate;
  Rate input_rate;
  Rate output_rate;
  Rate repl_input_rate;
  Rate repl_output_rate;
  Rate turn_rate;       // turns of the loop a second
  Rate turn_time_rate;  // microseconds of work a second
};

}  // namespace windlass::observe
