// From redis.conf's directives to the settings of saving, AOF and replication.
#include "node/config/config.h"
#include "node/server/durability_host.h"

namespace windlass::server {
namespace {

constexpr int kReplicaOutputClass = 1;

}  // namespace

void Durability::ReadSettings() {
  const config::Config& config = *node_->config;
  save_settings_.folder = std::string(1, '.');  // the process changes to `dir`
  save_settings_.file_name = config.Text("dbfilename");
  save_settings_.compress = config.Bool("rdbcompression");
  save_settings_.checksum = config.Bool("rdbchecksum");
  save_settings_.stop_writes_on_error = config.Bool("stop-writes-on-bgsave-error");
  save_settings_.points.clear();
  for (const config::SavePoint& point : config.SavePoints()) save_settings_.points.push_back({point.seconds, point.changes});

  aof_settings_.log_folder = config.Text("appenddirname");
  aof_settings_.file_name = config.Text("appendfilename");
  const std::string fsync = config.ValueOf("appendfsync");
  aof_settings_.fsync = fsync == "always"   ? persistence::FsyncPolicy::kAlways
                        : fsync == "no" ? persistence::FsyncPolicy::kNever
                                        : persistence::FsyncPolicy::kEverySecond;
  const std::string ahead = config.ValueOf("windlass-aof-write-ahead");
  aof_settings_.write_ahead = ahead == "yes"  ? persistence::WriteAhead::kYes
                              : ahead == "no" ? persistence::WriteAhead::kNo
                                              : persistence::WriteAhead::kWhereItPays;
  aof_settings_.load_truncated = config.Bool("aof-load-truncated");
  aof_settings_.no_fsync_on_rewrite = config.Bool("no-appendfsync-on-rewrite");
  aof_settings_.rewrite_percentage = config.Int("auto-aof-rewrite-percentage");
  aof_settings_.rewrite_min_bytes = config.Int("auto-aof-rewrite-min-size");

  primary_settings_.diskless = config.Bool("repl-diskless-sync");
  primary_settings_.diskless_delay_s = config.Int("repl-diskless-sync-delay");
  primary_settings_.diskless_max_replicas = config.Int("repl-diskless-sync-max-replicas");
  primary_settings_.ping_period_s = config.Int("repl-ping-replica-period");
  primary_settings_.timeout_s = config.Int("repl-timeout");
  primary_settings_.backlog_bytes = config.Int("repl-backlog-size");
  primary_settings_.backlog_ttl_s = config.Int("repl-backlog-ttl");
  primary_settings_.min_replicas_to_write = config.Int("min-replicas-to-write");
  primary_settings_.min_replicas_max_lag_s = config.Int("min-replicas-max-lag");
  ack_settings_.min_acks = config.Int("windlass-min-acks");
  ack_settings_.degrade = config.ValueOf("windlass-min-acks-on-shortage") == "degrade";
  ack_settings_.timeout_ms = config.Int("windlass-min-acks-timeout");
  const config::OutputLimit& limit = config.Output(kReplicaOutputClass);
  primary_settings_.output_hard_bytes = limit.hard_bytes;
  primary_settings_.output_soft_bytes = limit.soft_bytes;
  primary_settings_.output_soft_s = limit.soft_seconds;
  primary_settings_.copy_memory_bytes = config.Int("windlass-copy-memory");
  primary_settings_.copy_disk_bytes = config.Int("windlass-copy-disk");

  replica_settings_.timeout_s = config.Int("repl-timeout");
  // With swapdb the old data is served until the copy is whole: a file does that.
  replica_settings_.diskless_load = config.ValueOf("repl-diskless-load") != "disabled";
  replica_settings_.master_user = config.Text("masteruser");
  replica_settings_.master_auth = config.Text("masterauth");
  const int64_t announced = config.Int("replica-announce-port");
  replica_settings_.announced_port = static_cast<int>(announced > 0 ? announced : config.Int("port"));
  replica_settings_.announced_ip = config.Text("replica-announce-ip");
  replica_settings_.bind_ip = config.Text("bind-source-addr");
  replica_settings_.rdb_name = config.Text("dbfilename");
  replica_settings_.verify_checksum = config.Bool("rdbchecksum");
}

void Durability::WatchSettings() {
  const auto reread = [this]() -> base::Result<void> {
    ReadSettings();
    RecordHowWritesAreKept();
    return {};
  };
  for (const char* name :
       {"dbfilename", "rdbcompression", "stop-writes-on-bgsave-error", "save", "appendfsync", "windlass-aof-write-ahead", "aof-load-truncated",
        "no-appendfsync-on-rewrite", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size", "repl-diskless-sync",
        "repl-diskless-sync-delay", "repl-diskless-sync-max-replicas", "repl-ping-replica-period", "repl-timeout",
        "repl-backlog-size", "repl-backlog-ttl", "min-replicas-to-write", "min-replicas-max-lag", "client-output-buffer-limit",
        "windlass-min-acks", "windlass-min-acks-on-shortage", "windlass-min-acks-timeout", "windlass-copy-memory", "windlass-copy-disk", "repl-diskless-load", "masteruser", "masterauth", "replica-announce-port", "replica-announce-ip"}) {
    node_->config->SetOnChange(name, reread);
  }
  node_->config->SetOnChange("appendonly", [this]() -> base::Result<void> {
    const bool wanted = node_->config->Bool("appendonly");
    if (wanted == aof_.enabled()) return {};
    if (wanted) return aof_.Enable();
    aof_.Disable();
    RecordHowWritesAreKept();
    return {};
  });
}

}  // namespace windlass::server
