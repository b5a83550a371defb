// See answers.h.
#include "operator/redis/answers.h"

#include "operator/redis/atomic_mover.h"
#include "operator/redis/parse.h"

namespace windlass::redis {
namespace {

// True if the report ends with it.
bool Refused(const Reply& reply, const char* what, topology::NodeReport* report) {
  if (!reply.error() || !report->ok()) return !report->ok();
  report->error = topology::ToString(report->asked) + ": " + what + " was refused: " + reply.text;
  return true;
}

}  // namespace

std::vector<Command> Questions(const std::vector<std::string>& info_sections) {
  Command info{"INFO"};
  info.insert(info.end(), info_sections.begin(), info_sections.end());
  return {{"CLUSTER", "NODES"}, {"CLUSTER", "INFO"}, info, {"DBSIZE"}};
}

void ReadAnswers(const std::vector<Reply>& replies, NodeTables* tables, topology::NodeReport* report) {
  if (Refused(replies[0], "CLUSTER NODES", report) || Refused(replies[1], "CLUSTER INFO", report)) return;
  auto nodes = tables->Read(replies[0].text);
  if (!nodes) {
    report->error = topology::ToString(report->asked) + ": " + nodes.error();
    return;
  }
  report->nodes = std::move(*nodes);
  report->cluster_info = ParseInfo(replies[1].text);
  if (replies[3].type == Reply::kInteger) report->keys = replies[3].integer;
}

void ReadInfo(const Reply& reply, topology::NodeReport* report) {
  if (Refused(reply, "INFO", report)) return;
  report->info = ParseInfo(reply.text);
  report->replication = ParseReplication(report->info);
}

void ReadExports(const Reply& reply, topology::NodeReport* report) {
  for (const SlotExport& job : ParseSlotExports(reply)) {
    if (!job.over()) report->exports_to.push_back(job.target_id);
  }
}

}  // namespace windlass::redis
