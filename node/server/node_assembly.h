// A whole node: owns every component, wires them, and knows the order in which
// they start and in which a turn of the loop ends.
#pragma once

#include <memory>

#include "node/acl/denial_log.h"
#include "node/acl/users.h"
#include "node/base/clock.h"
#include "node/base/log.h"
#include "node/base/random.h"
#include "node/commands/command_catalog.h"
#include "node/commands/command_table.h"
#include "node/commands/ports.h"
#include "node/commands/transactions.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/migrator.h"
#include "node/migration/moving_keys.h"
#include "node/net/event_loop.h"
#include "node/observe/command_stats.h"
#include "node/observe/http_endpoint.h"
#include "node/observe/info_report.h"
#include "node/observe/latency_monitor.h"
#include "node/observe/slot_stats.h"
#include "node/observe/slow_log.h"
#include "node/observe/stats.h"
#include "node/pubsub/broker.h"
#include "node/server/blocker.h"
#include "node/server/cluster_driver.h"
#include "node/server/cluster_handover.h"
#include "node/server/dispatcher.h"
#include "node/server/durability.h"
#include "node/server/key_events.h"
#include "node/server/key_waiter.h"
#include "node/server/lifecycle.h"
#include "node/server/listeners.h"
#include "node/server/memory_limit.h"
#include "node/server/process_settings.h"
#include "node/server/monitor_feed.h"
#include "node/server/replica_survey.h"
#include "node/server/script_host.h"
#include "node/server/tracking.h"
#include "node/server/session_table.h"
#include "node/server/slot_migrations.h"

namespace windlass::server {

class NodeAssembly {
 public:
  NodeAssembly(config::Config* config, base::Logger* log);
  ~NodeAssembly();
  NodeAssembly(const NodeAssembly&) = delete;
  NodeAssembly& operator=(const NodeAssembly&) = delete;

  // Sockets, data, cluster, timers. False: the reason has been logged; exit 1.
  bool Start();
  void Run();
  int exit_code() const { return lifecycle_.exit_code(); }
  bool restart_wanted() const { return lifecycle_.restart_wanted(); }

 private:
  void FillNode();
  void WatchSettings();
  bool StartCluster();
  void ApplyAccessSettings();
  void ApplyLimits();
  void ServerCron();
  void ExpireCron();
  void EndTurn();
  void StepTables();
  void TakeSignals();
  // Tells the latency monitor of an event that began then.
  void NoteLatency(std::string_view event, int64_t begin_us);
  base::Result<void> OpenMetrics();
  observe::HttpEndpoint::Answer ServeMetrics(std::string_view path);
  // Why a client should not be sent here; empty: it may.
  std::string_view NotReadyBecause() const;

  config::Config* config_;
  base::Logger* log_;
  // Order matters: what is below uses what is above.
  net::EventLoop loop_;
  base::SystemClock clock_;
  base::Random random_;
  keyspace::Keyspace keyspace_;
  observe::Stats stats_;
  observe::SlowLog slow_log_;
  observe::CommandStats command_stats_;
  observe::LatencyMonitor latency_;
  observe::InfoReport info_;
  pubsub::Broker broker_;
  observe::SlotStats slot_stats_;
  commands::CommandTable table_;
  OomScore oom_score_;
  commands::CommandCatalog catalog_{&table_};
  acl::Users users_{&catalog_};
  acl::DenialLog denials_;
  commands::Node node_;
  struct Filler {
    explicit Filler(NodeAssembly* assembly) { assembly->FillNode(); }
  } filler_;
  SessionTable sessions_;
  ClientBlocker blocker_;
  commands::WatchTable watches_;
  Tracking tracking_;
  KeyWaiter key_waiter_;
  KeyEventPublisher key_events_;
  MonitorFeed monitors_;
  Durability durability_;
  MemoryLimit memory_;
  observe::HttpEndpoint metrics_;
  const int64_t& latency_threshold_ms_;
  Dispatcher dispatcher_;
  ScriptHost script_host_;
  migration::MovingKeys moving_keys_;
  migration::Migrator migrator_;
  std::unique_ptr<ClusterDriver> cluster_;
  std::unique_ptr<SlotMigrations> slot_migrations_;
  std::unique_ptr<ClusterHandover> handover_;
  std::unique_ptr<ReplicaSurvey> survey_;
  Listeners listeners_;
  NodeLifecycle lifecycle_;
  net::TimerId expire_timer_ = 0;
  int64_t next_table_step_us_ = 0;
  bool serving_ = false;  // data is loaded, commands are taken
};

}  // namespace windlass::server
