// INFO's sections Persistence and Replication.
#include "node/config/config.h"
#include "node/server/durability_host.h"

namespace windlass::server {
namespace {

constexpr std::string_view YesOrErr(bool ok) { return ok ? "ok" : "err"; }

}  // namespace

void Durability::AddInfo() {
  node_->info->Add("Persistence", observe::Shown::kDefault, [this](observe::InfoWriter& out) { WritePersistence(out); });
  node_->info->Add("Replication", observe::Shown::kDefault, [this](observe::InfoWriter& out) { WriteReplication(out); });
}

void Durability::WritePersistence(observe::InfoWriter& out) const {
  const commands::Status& status = node_->status;
  const persistence::SaveService::Report save = saves_.report();
  const persistence::Aof::Report log = aof_.report();
  out.Field("loading", status.loading);
  out.Field("async_loading", 0);
  out.Field("current_cow_peak", 0);
  out.Field("current_cow_size", 0);
  out.Field("current_cow_size_age", 0);
  out.Fieldf("current_fork_perc", "%.2f",
             save.keys_total > 0 ? 100.0 * static_cast<double>(save.keys_processed) / static_cast<double>(save.keys_total) : 0.0);
  out.Field("current_save_keys_processed", save.keys_processed);
  out.Field("current_save_keys_total", save.keys_total);
  out.Field("rdb_changes_since_last_save", save.changes_since_save);
  out.Field("rdb_bgsave_in_progress", save.in_progress);
  out.Field("rdb_last_save_time", save.last_save_unix_s);
  out.Field("rdb_last_bgsave_status", YesOrErr(save.last_ok));
  out.Field("rdb_last_bgsave_time_sec", save.last_duration_s);
  out.Field("rdb_current_bgsave_time_sec", save.current_duration_s);
  out.Field("rdb_saves", save.saves);
  out.Field("rdb_last_cow_size", 0);
  out.Field("rdb_last_load_keys_expired", 0);
  out.Field("rdb_last_load_keys_loaded", load_facts_.keys);
  out.Field("aof_enabled", log.enabled);
  out.Field("aof_rewrite_in_progress", log.rewrite_in_progress);
  out.Field("aof_rewrite_scheduled", log.rewrite_scheduled);
  out.Field("aof_last_rewrite_time_sec", log.last_rewrite_s);
  out.Field("aof_current_rewrite_time_sec", log.current_rewrite_s);
  out.Field("aof_last_bgrewrite_status", YesOrErr(log.last_rewrite_ok));
  out.Field("aof_rewrites", log.rewrites);
  out.Field("aof_rewrites_consecutive_failures", log.rewrite_failures);
  out.Field("aof_last_write_status", YesOrErr(log.last_write_ok));
  out.Field("aof_last_cow_size", 0);
  out.Field("module_fork_in_progress", 0);
  out.Field("module_fork_last_cow_size", 0);
  if (log.enabled) {
    out.Field("aof_current_size", log.current_bytes);
    out.Field("aof_base_size", log.base_bytes);
    out.Field("aof_pending_rewrite", 0);
    out.Field("aof_buffer_length", log.buffer_bytes);
    out.Field("aof_pending_bio_fsync", log.fsync_pending);
    out.Field("aof_delayed_fsync", log.delayed_fsyncs);
  }
  if (status.loading) {
    const int64_t elapsed_s = (node_->clock->UnixMs() - status.loading_start_ms) / 1000;
    const int64_t total = status.loading_total_bytes;
    out.Field("loading_start_time", status.loading_start_ms / 1000);
    out.Field("loading_total_bytes", total);
    out.Field("loading_loaded_bytes", status.loading_done_bytes);
    out.Fieldf("loading_loaded_perc", "%.2f", total > 0 ? 100.0 * static_cast<double>(status.loading_done_bytes) / static_cast<double>(total) : 0.0);
    out.Field("loading_eta_seconds", status.loading_done_bytes > 0 && total > 0
                                         ? elapsed_s * (total - status.loading_done_bytes) / status.loading_done_bytes
                                         : int64_t{1});
  }
}

void Durability::WriteMasterLink(observe::InfoWriter& out) const {
  const config::Config& config = *node_->config;
  const int64_t now_ms = node_->clock->UnixMs();
  const int64_t last_io_s = replica_.last_io_ms() > 0 ? (now_ms - replica_.last_io_ms()) / 1000 : -1;
  const replication::ReplicaSide::TransferReport transfer = replica_.transfer();
  out.Field("master_host", replica_.host());
  out.Field("master_port", replica_.port());
  out.Field("master_link_status", replica_.link_up() ? "up" : "down");
  out.Field("master_last_io_seconds_ago", replica_.link_up() ? last_io_s : int64_t{-1});
  out.Field("master_sync_in_progress", transfer.active);
  out.Field("slave_read_repl_offset", history_.offset());
  out.Field("slave_repl_offset", history_.offset());
  if (transfer.active) {
    const bool known = transfer.total_bytes > 0;
    out.Field("master_sync_total_bytes", transfer.total_bytes);
    out.Field("master_sync_read_bytes", transfer.done_bytes);
    out.Field("master_sync_left_bytes", known ? transfer.total_bytes - transfer.done_bytes : int64_t{-1});
    out.Fieldf("master_sync_perc", "%.2f", known ? 100.0 * static_cast<double>(transfer.done_bytes) / static_cast<double>(transfer.total_bytes) : 0.0);
    out.Field("master_sync_last_io_seconds_ago", last_io_s);
  }
  if (!replica_.link_up()) {
    const bool was_up = replica_.ever_linked() && replica_.down_since_ms() > 0;
    out.Field("master_link_down_since_seconds", was_up ? (now_ms - replica_.down_since_ms()) / 1000 : int64_t{-1});
  }
  out.Field("slave_priority", config.Int("replica-priority"));
  out.Field("slave_read_only", config.Bool("replica-read-only"));
  out.Field("replica_announced", config.Bool("replica-announced"));
}

void Durability::WriteReplication(observe::InfoWriter& out) const {
  out.Field("role", replica_.following() ? "slave" : "master");
  if (replica_.following()) WriteMasterLink(out);
  out.Field("connected_slaves", primary_.Count());
  if (primary_settings_.min_replicas_to_write > 0) out.Field("min_slaves_good_slaves", primary_.GoodReplicas());
  int index = 0;
  for (const replication::ReplicaReport& replica : primary_.Report()) {
    const std::string name = "slave" + std::to_string(index++);
    out.Fieldf(name, "ip=%s,port=%d,state=%s,offset=%lld,lag=%lld", replica.ip.c_str(), replica.port, replica.state_word.c_str(),
               static_cast<long long>(replica.acked_offset), static_cast<long long>(replica.lag_s));
  }
  ack_gate_.WriteInfo(out);
  out.Field("master_failover_state", failover_.StateWord());
  out.Field("master_replid", history_.id());
  out.Field("master_replid2", history_.second_id());
  out.Field("master_repl_offset", history_.offset());
  out.Field("second_repl_offset", history_.second_offset());
  out.Field("repl_backlog_active", history_.has_backlog());
  out.Field("repl_backlog_size", history_.has_backlog() ? history_.backlog_size() : primary_settings_.backlog_bytes);
  out.Field("repl_backlog_first_byte_offset", history_.has_backlog() ? history_.first_offset() : int64_t{0});
  out.Field("repl_backlog_histlen", history_.history_bytes());
}

}  // namespace windlass::server
