// See info_sections.h.
#include "node/server/info_sections.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "node/client/registry.h"
#include "node/commands/memory_report.h"
#include "node/commands/script_runner.h"
#include "node/commands/version.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/observe/info_report.h"
#include "node/observe/stats.h"
#include "node/pubsub/broker.h"
#include "node/server/blocker.h"
#include "node/server/session_table.h"

namespace windlass::server {

using observe::InfoWriter;
using observe::Shown;

namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string ExecutablePath() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

void WriteServer(const commands::Node& node, InfoWriter& out) {
  utsname name{};
  uname(&name);
  const int64_t uptime_s = (node.clock->MonotonicUs() - node.start_monotonic_us) / 1000000;
  const config::Config& config = *node.config;
  out.Field("redis_version", commands::kRedisVersion);
  out.Field("redis_git_sha1", "00000000");
  out.Field("redis_git_dirty", 0);
  out.Field("redis_build_id", "windlass");
  out.Field("windlass_version", commands::kWindlassVersion);
  out.Field("redis_mode", node.cluster != nullptr ? "cluster" : "standalone");
  out.Fieldf("os", "%s %s %s", name.sysname, name.release, name.machine);
  out.Field("arch_bits", static_cast<int>(sizeof(void*) * 8));
  out.Field("monotonic_clock", "POSIX clock_gettime");
  out.Field("multiplexing_api", "epoll");
  out.Field("atomicvar_api", "c11-builtin");
  out.Field("gcc_version", __VERSION__);
  out.Field("process_id", static_cast<int>(getpid()));
  out.Field("process_supervised", config.Int("supervised") == 2 ? "systemd" : "no");
  out.Field("run_id", node.run_id);
  out.Field("tcp_port", config.Int("port"));
  out.Field("server_time_usec", node.clock->UnixMs() * 1000);
  out.Field("uptime_in_seconds", uptime_s);
  out.Field("uptime_in_days", uptime_s / 86400);
  out.Field("hz", config.Int("hz"));
  out.Field("configured_hz", config.Int("hz"));
  out.Field("lru_clock", node.clock->UnixMs() / 1000 & 0xFFFFFF);
  out.Field("executable", ExecutablePath());
  out.Field("config_file", config.file_path());
  out.Field("io_threads_active", 0);
  out.Fieldf("listener0", "name=tcp,bind=%s,port=%lld", config.Text("bind").c_str(),
             static_cast<long long>(config.Int("port")));
}

void WriteClients(const commands::Node& node, const SessionTable& sessions, const ClientBlocker& blocker,
                  InfoWriter& out) {
  size_t clients = 0;
  size_t pubsub = 0;
  size_t input = 0;
  size_t output = 0;
  const_cast<SessionTable&>(sessions).Clients().ForEach([&](client::Client& client) {
    if (client.Has(client::kReplica | client::kMasterLink)) return;
    ++clients;
    if (client.Has(client::kPubSub)) ++pubsub;
    if (client.transport == nullptr) return;
    input = std::max(input, client.transport->PendingInput());
    output = std::max(output, client.transport->PendingOutput());
  });
  out.Field("connected_clients", static_cast<int64_t>(clients));
  out.Field("cluster_connections", node.cluster_connections ? node.cluster_connections() : int64_t{0});
  out.Field("maxclients", node.config->Int("maxclients"));
  out.Field("client_recent_max_input_buffer", static_cast<int64_t>(input));
  out.Field("client_recent_max_output_buffer", static_cast<int64_t>(output));
  out.Field("blocked_clients", static_cast<int64_t>(blocker.size()));
  out.Field("tracking_clients", static_cast<int64_t>(node.tracking->Counts().clients));
  out.Field("pubsub_clients", static_cast<int64_t>(pubsub));
  out.Field("clients_in_timeout_table", 0);
  out.Field("total_blocking_keys", 0);
  out.Field("total_blocking_keys_on_nokey", 0);
}

void Pair(InfoWriter& out, const std::string& name, int64_t bytes) {
  out.Field(name, bytes);
  out.Bytes(name + "_human", bytes);
}

void WriteScriptMemory(const commands::Node& node, InfoWriter& out) {
  const scripting::ScriptCache& scripts = node.scripts->scripts();
  const scripting::FunctionRegistry& functions = node.scripts->functions();
  const auto bytes = [](size_t value) { return static_cast<int64_t>(value); };
  const int64_t eval = bytes(scripts.interpreter().memory_bytes());
  const int64_t called = bytes(functions.interpreter().memory_bytes());
  Pair(out, "used_memory_lua", eval);
  out.Field("used_memory_vm_eval", eval);
  out.Field("used_memory_scripts_eval", bytes(scripts.text_bytes()));
  out.Field("number_of_cached_scripts", bytes(scripts.size()));
  out.Field("number_of_functions", bytes(functions.function_count()));
  out.Field("number_of_libraries", bytes(functions.libraries().size()));
  out.Field("used_memory_vm_functions", called);
  Pair(out, "used_memory_vm_total", eval + called);
  out.Field("used_memory_functions", bytes(functions.code_bytes()));
  Pair(out, "used_memory_scripts", bytes(scripts.text_bytes() + functions.code_bytes()));
}

void WriteMemory(const commands::Node& node, InfoWriter& out) {
  const commands::MemoryReport report = commands::ReadMemory(node);
  Pair(out, "used_memory", report.used);
  Pair(out, "used_memory_rss", report.resident);
  Pair(out, "used_memory_peak", std::max(report.peak, report.used));
  out.Fieldf("used_memory_peak_perc", "%.2f%%",
             100.0 * static_cast<double>(report.used) / static_cast<double>(std::max<int64_t>(report.peak, 1)));
  out.Field("used_memory_overhead", report.overhead);
  out.Field("used_memory_startup", report.startup);
  out.Field("used_memory_dataset", report.dataset);
  out.Fieldf("used_memory_dataset_perc", "%.2f%%",
             100.0 * static_cast<double>(report.dataset) /
                 static_cast<double>(std::max<int64_t>(report.used - report.startup, 1)));
  out.Field("allocator_allocated", report.allocated);
  out.Field("allocator_active", report.active);
  out.Field("allocator_resident", report.allocator_resident);
  struct sysinfo system {};
  sysinfo(&system);
  Pair(out, "total_system_memory", static_cast<int64_t>(system.totalram) * system.mem_unit);
  WriteScriptMemory(node, out);
  Pair(out, "maxmemory", node.config->Int("maxmemory"));
  out.Field("maxmemory_policy", node.config->ValueOf("maxmemory-policy"));
  const auto ratio = [](int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(std::max<int64_t>(b, 1)); };
  out.Fieldf("allocator_frag_ratio", "%.2f", ratio(report.active, report.allocated));
  out.Field("allocator_frag_bytes", report.active - report.allocated);
  out.Fieldf("allocator_rss_ratio", "%.2f", ratio(report.allocator_resident, report.active));
  out.Field("allocator_rss_bytes", report.allocator_resident - report.active);
  out.Fieldf("rss_overhead_ratio", "%.2f", ratio(report.resident, report.allocator_resident));
  out.Field("rss_overhead_bytes", report.resident - report.allocator_resident);
  out.Fieldf("mem_fragmentation_ratio", "%.2f", ratio(report.resident, report.used));
  out.Field("mem_fragmentation_bytes", report.resident - report.used);
  out.Field("mem_not_counted_for_evict", node.memory->NotCountedBytes());
  out.Field("mem_replication_backlog", report.backlog);
  out.Field("mem_total_replication_buffers", report.replication_buffers);
  out.Field("mem_clients_slaves", report.replicas);
  out.Field("mem_clients_normal", report.clients);
  out.Field("mem_cluster_links", report.cluster_links);
  out.Field("mem_aof_buffer", report.aof_buffer);
  out.Field("mem_allocator", report.allocator);
  out.Field("active_defrag_running", 0);
  out.Field("lazyfree_pending_objects", node.keyspace->pending_free_keys());
  out.Field("lazyfreed_objects", node.keyspace->freed_keys());
}

void WriteStats(const commands::Node& node, InfoWriter& out) {
  const observe::Stats& stats = *node.stats;
  const keyspace::KeyspaceStats& keys = node.keyspace->stats();
  node.sessions->CountTraffic();
  out.Field("total_connections_received", stats.connections_received);
  out.Field("total_commands_processed", stats.commands_processed);
  out.Field("instantaneous_ops_per_sec", static_cast<int64_t>(stats.ops_rate.PerSecond()));
  out.Field("total_net_input_bytes", stats.net_input_bytes);
  out.Field("total_net_output_bytes", stats.net_output_bytes);
  out.Field("total_net_repl_input_bytes", stats.net_repl_input_bytes);
  out.Field("total_net_repl_output_bytes", stats.net_repl_output_bytes);
  out.Fieldf("instantaneous_input_kbps", "%.2f", stats.input_rate.PerSecond() / 1024);
  out.Fieldf("instantaneous_output_kbps", "%.2f", stats.output_rate.PerSecond() / 1024);
  out.Fieldf("instantaneous_input_repl_kbps", "%.2f", stats.repl_input_rate.PerSecond() / 1024);
  out.Fieldf("instantaneous_output_repl_kbps", "%.2f", stats.repl_output_rate.PerSecond() / 1024);
  out.Field("rejected_connections", stats.rejected_connections);
  out.Field("sync_full", stats.sync_full);
  out.Field("sync_partial_ok", stats.sync_partial_ok);
  out.Field("sync_partial_err", stats.sync_partial_err);
  out.Field("expired_keys", keys.expired_keys);
  out.Fieldf("expired_stale_perc", "%.2f", keys.expired_stale_perc);
  out.Field("expired_time_cap_reached_count", keys.expired_time_cap_reached_count);
  out.Field("expire_cycle_cpu_milliseconds", keys.expire_cycle_us / 1000);
  out.Field("evicted_keys", keys.evicted_keys);
  out.Field("evicted_clients", stats.evicted_clients);
  out.Field("total_eviction_exceeded_time", node.memory->ExceededUs() / 1000);
  out.Field("current_eviction_exceeded_time", node.memory->CurrentExceededUs() / 1000);
  out.Field("keyspace_hits", keys.hits);
  out.Field("keyspace_misses", keys.misses);
  out.Field("pubsub_channels", static_cast<int64_t>(node.pubsub->TopicCount(pubsub::Kind::kChannel)));
  out.Field("pubsub_patterns", static_cast<int64_t>(node.pubsub->TopicCount(pubsub::Kind::kPattern)));
  out.Field("pubsubshard_channels", static_cast<int64_t>(node.pubsub->TopicCount(pubsub::Kind::kShard)));
  out.Field("latest_fork_usec", 0);
  out.Field("total_forks", 0);
  out.Field("migrate_cached_sockets", 0);
  out.Field("slave_expires_tracked_keys", 0);
  out.Field("active_defrag_hits", 0);
  out.Field("active_defrag_misses", 0);
  out.Field("active_defrag_key_hits", 0);
  out.Field("active_defrag_key_misses", 0);
  out.Field("total_active_defrag_time", 0);
  out.Field("current_active_defrag_time", 0);
  const commands::TrackingCounts tracked = node.tracking->Counts();
  out.Field("tracking_total_keys", static_cast<int64_t>(tracked.keys));
  out.Field("tracking_total_items", static_cast<int64_t>(tracked.items));
  out.Field("tracking_total_prefixes", static_cast<int64_t>(tracked.prefixes));
  out.Field("unexpected_error_replies", stats.unexpected_error_replies);
  out.Field("total_error_replies", stats.error_replies);
  out.Field("dump_payload_sanitizations", 0);
  out.Field("total_reads_processed", stats.reads_processed);
  out.Field("total_writes_processed", stats.writes_processed);
  out.Field("io_threaded_reads_processed", 0);
  out.Field("io_threaded_writes_processed", 0);
  out.Field("reply_buffer_shrinks", 0);
  out.Field("reply_buffer_expands", 0);
  out.Field("eventloop_cycles", stats.loop_turns);
  out.Field("eventloop_duration_sum", stats.loop_busy_us);
  out.Field("eventloop_duration_cmd_sum", stats.command_ns / 1000);
  out.Field("instantaneous_eventloop_cycles_per_sec", static_cast<int64_t>(stats.turn_rate.PerSecond()));
  const double turns = stats.turn_rate.PerSecond();
  out.Field("instantaneous_eventloop_duration_usec",
            static_cast<int64_t>(turns > 0 ? stats.turn_time_rate.PerSecond() / turns : 0));
  out.Field("acl_access_denied_auth", stats.acl_denied_auth);
  out.Field("acl_access_denied_cmd", stats.acl_denied_command);
  out.Field("acl_access_denied_key", stats.acl_denied_key);
  out.Field("acl_access_denied_channel", stats.acl_denied_channel);
}

void WriteCpu(InfoWriter& out) {
  rusage self{};
  rusage children{};
  rusage thread{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  getrusage(RUSAGE_THREAD, &thread);
  out.Fieldf("used_cpu_sys", "%.6f", Seconds(self.ru_stime));
  out.Fieldf("used_cpu_user", "%.6f", Seconds(self.ru_utime));
  out.Fieldf("used_cpu_sys_children", "%.6f", Seconds(children.ru_stime));
  out.Fieldf("used_cpu_user_children", "%.6f", Seconds(children.ru_utime));
  out.Fieldf("used_cpu_sys_main_thread", "%.6f", Seconds(thread.ru_stime));
  out.Fieldf("used_cpu_user_main_thread", "%.6f", Seconds(thread.ru_utime));
}

void WriteKeyspace(const commands::Node& node, InfoWriter& out) {
  for (int i = 0; i < node.keyspace->database_count(); ++i) {
    const keyspace::Database& db = node.keyspace->db(i);
    if (db.visible_size() == 0) continue;
    out.Fieldf("db" + std::to_string(i), "keys=%zu,expires=%zu,avg_ttl=%lld", db.visible_size(), db.visible_expires_size(),
               static_cast<long long>(db.average_ttl_ms()));
  }
}

}  // namespace

void AddServerInfo(commands::Node* node, const SessionTable* sessions, const ClientBlocker* blocker) {
  observe::InfoReport& info = *node->info;
  info.Add("Server", Shown::kDefault, [node](InfoWriter& out) { WriteServer(*node, out); });
  info.Add("Clients", Shown::kDefault,
           [node, sessions, blocker](InfoWriter& out) { WriteClients(*node, *sessions, *blocker, out); });
  info.Add("Memory", Shown::kDefault, [node](InfoWriter& out) { WriteMemory(*node, out); });
  info.Add("Stats", Shown::kDefault, [node](InfoWriter& out) { WriteStats(*node, out); });
  info.Add("CPU", Shown::kDefault, [](InfoWriter& out) { WriteCpu(out); });
  info.Add("Modules", Shown::kDefault, [](InfoWriter&) {});
  info.Add("Cluster", Shown::kDefault,
           [node](InfoWriter& out) { out.Field("cluster_enabled", node->cluster != nullptr); });
  info.Add("Keyspace", Shown::kDefault, [node](InfoWriter& out) { WriteKeyspace(*node, out); });
}

}  // namespace windlass::server
