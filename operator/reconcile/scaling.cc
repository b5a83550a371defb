// See scaling.h.
#include "operator/reconcile/scaling.h"

#include <algorithm>
#include <initializer_list>

#include "operator/api/quantity.h"
#include "operator/base/text.h"

namespace windlass::reconcile {
namespace {

constexpr int64_t kSampleMostOftenMs = 500;
// So many to a window are enough, and a long window costs no more than a short one.
constexpr int64_t kSamplesPerWindow = 20;

// The sum of these fields of INFO; nothing unless all are there.
std::optional<double> SumOf(const topology::NodeReport& report, std::initializer_list<const char*> fields) {
  double sum = 0;
  for (const char* field : fields) {
    const auto text = report.Info(field);
    const auto value = text ? base::ParseDouble(*text) : std::nullopt;
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum;
}

autoscale::Counters CountersOf(const topology::NodeReport& report, int64_t now_ms) {
  autoscale::Counters counters;
  counters.process = report.Info("run_id").value_or("");
  counters.at_ms = report.observed_at_ms > 0 ? report.observed_at_ms : now_ms;
  const auto used = SumOf(report, {"used_memory"});
  const auto limit = SumOf(report, {"maxmemory"});
  if (used && limit && *limit > 0) counters.memory_percent = 100 * *used / *limit;
  counters.ops_per_second = SumOf(report, {"instantaneous_ops_per_sec"});
  counters.cpu_seconds = SumOf(report, {"used_cpu_sys", "used_cpu_user"});
  counters.command_cpu_seconds = SumOf(report, {"used_cpu_sys_main_thread", "used_cpu_user_main_thread"});
  counters.network_bytes = SumOf(report, {"total_net_input_bytes", "total_net_output_bytes"});
  // A replica that synchronises is no load that another shard would take over.
  const auto replication = SumOf(report, {"total_net_repl_input_bytes", "total_net_repl_output_bytes"});
  if (counters.network_bytes && replication) *counters.network_bytes -= *replication;
  counters.evicted_keys = SumOf(report, {"evicted_keys"});
  return counters;
}

// "1", "500m": cores; nothing without a limit.
std::optional<double> CpuLimit(const api::Spec& spec) {
  const auto limit = spec.resources.limits.find("cpu");
  if (limit == spec.resources.limits.end()) return std::nullopt;
  const std::string& text = limit->second;
  if (!text.empty() && text.back() == 'm') {
    const auto thousandths = base::ParseDouble(text.substr(0, text.size() - 1));
    return thousandths ? std::optional<double>(*thousandths / 1000) : std::nullopt;
  }
  const auto cores = api::ParseQuantity(text);
  return base::ParseDouble(text) ? base::ParseDouble(text) : cores ? std::optional<double>(static_cast<double>(*cores)) : std::nullopt;
}

// Nothing unless every shard's master answers: a mean over some says nothing.
std::optional<autoscale::Sample> Measure(const World& world, ScalingMemory* memory) {
  autoscale::Sample sample;
  sample.at_ms = world.now_ms;
  const auto cpu_limit = CpuLimit(world.spec());
  for (const Shard& shard : world.shards) {
    if (shard.owner_missing || shard.contested) return std::nullopt;
    if (shard.owner == nullptr) continue;
    const topology::NodeReport* report = world.view.ReportOf(shard.owner->id);
    if (report == nullptr || !report->ok()) return std::nullopt;
    sample.shards.push_back(memory->meter.Read(shard.name, CountersOf(*report, world.now_ms), cpu_limit));
    if (memory->hot.shard == shard.name) sample.shards.back().hot = memory->hot.found;
  }
  if (sample.shards.empty()) return std::nullopt;
  return sample;
}

std::string WhyBusy(const World& world) {
  if (world.status().cluster_id.empty()) return "the cluster is not formed";
  if (world.operation()) return world.operation()->kind + " is under way";
  if (static_cast<int>(world.shards.size()) != world.target_shards) return "shards are being added or removed";
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || shard.contested) return shard.name + " has no settled master";
  }
  return "";
}

}  // namespace

int64_t SampleEveryMs(const api::Autoscaling& spec) {
  const int64_t window_s = std::min(spec.scale_out.stabilization_seconds, spec.scale_in.stabilization_seconds);
  return std::max(kSampleMostOftenMs, window_s * 1000 / kSamplesPerWindow);
}

api::Condition ActiveCondition(const World& world, const autoscale::History& history) {
  const auto& scaling = world.spec().autoscaling;
  const auto said = [&](const char* status, const char* reason, const std::string& message) {
    return api::Condition{"AutoscalingActive", status, world.cluster->metadata.generation, reason, message, ""};
  };
  if (!scaling) return said("False", "Off", "spec.shards decides");
  if (scaling->mode == api::Autoscaling::Mode::kRecommend) return said("False", "RecommendsOnly", "spec.shards decides; status.autoscaling says what the load asks for");
  // Of the first reading of a process there are no rates yet.
  if (history.samples().size() < 2) {
    const api::Condition* before = api::FindCondition(world.status(), "AutoscalingActive");
    const bool of_this_mode = before != nullptr && (before->status == "True" || before->reason == "NotMeasured");
    return of_this_mode ? said(before->status.c_str(), before->reason.c_str(), before->message) : said("Unknown", "NotMeasured", "the load has not been measured yet");
  }
  const std::string unknown = autoscale::UnknownLoad(*scaling, history.samples().back());
  if (!unknown.empty()) return said("False", "NotMeasured", unknown + " is not known: the nodes do not say it");
  return said("True", "LoadDecides", "the load decides how many shards there are");
}

api::AutoscalingStatus DecideScaling(const World& world, ScalingMemory* memory) {
  const api::Autoscaling& spec = *world.spec().autoscaling;
  autoscale::Input input;
  input.spec = spec;
  input.evicts = world.spec().memory.eviction_policy != "noeviction";
  input.spec_shards = world.spec().shards;
  for (const Shard& shard : world.shards) input.current_shards += shard.owner != nullptr || shard.owner_missing;
  input.status = world.status().autoscaling;
  input.busy = WhyBusy(world);
  input.now_ms = world.now_ms;
  const int64_t keep_s = std::max({spec.scale_out.stabilization_seconds, spec.scale_in.stabilization_seconds, spec.scale_out.predict_seconds});
  const auto& samples = memory->history.samples();
  const bool due = samples.empty() || world.now_ms - samples.back().at_ms >= SampleEveryMs(spec);
  if (!input.busy.empty()) {
    // The load of a cluster in motion is not what it will have afterwards.
    memory->history.Clear();
  } else if (auto sample = due ? Measure(world, memory) : std::nullopt) {
    memory->history.Add(std::move(*sample), keep_s * 1000);
  }
  return autoscale::Decide(input, memory->history);
}

}  // namespace windlass::reconcile
