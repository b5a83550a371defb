// What nodes are asked about themselves and the cluster, and how their replies become a report.
#pragma once

#include <string>
#include <vector>

#include "operator/redis/node_tables.h"
#include "operator/redis/reply.h"
#include "operator/topology/report.h"

namespace windlass::redis {

inline constexpr size_t kInfoQuestion = 2;  // its place among the questions

// CLUSTER NODES, CLUSTER INFO, INFO with these sections (or as it comes), DBSIZE.
std::vector<Command> Questions(const std::vector<std::string>& info_sections);

// Replies to the questions, but for INFO: that may have to be asked for otherwise. What
// is refused or makes no sense is the report's error.
void ReadAnswers(const std::vector<Reply>& replies, NodeTables* tables, topology::NodeReport* report);
void ReadInfo(const Reply& reply, topology::NodeReport* report);
// To CLUSTER GETSLOTMIGRATIONS, of nodes that know it.
void ReadExports(const Reply& reply, topology::NodeReport* report);

}  // namespace windlass::redis
