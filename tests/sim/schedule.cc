// See schedule.h.
#include "tests/sim/schedule.h"

#include <sstream>

namespace windlass::sim {

namespace {

constexpr int kMostNodes = 64;

bool ParseFault(std::istringstream& words, const Schedule& schedule, ScheduledFault* fault) {
  std::string node, others, lasts, pick, amount, list;
  words >> fault->at_ms >> fault->kind >> node >> fault->node >> others >> list >> lasts >> fault->lasts_ms >> pick >>
      fault->pick >> amount >> fault->amount;
  if (!words || node != "node" || others != "others" || lasts != "lasts" || pick != "pick" || amount != "amount") return false;
  const int nodes = schedule.masters + schedule.replicas;
  if (fault->node < 0 || fault->node >= nodes || fault->at_ms < 0 || fault->lasts_ms < 0) return false;
  if (list == "-") return true;
  std::istringstream numbers(list);
  for (std::string number; std::getline(numbers, number, ',');) {
    if (number.empty() || number.size() > 2 || number.find_first_not_of("0123456789") != std::string::npos) return false;
    fault->others.push_back(std::stoi(number));
    if (fault->others.back() >= nodes) return false;
  }
  return true;
}

bool Whole(const Schedule& schedule) {
  return schedule.masters > 0 && schedule.replicas >= 0 && schedule.masters + schedule.replicas <= kMostNodes &&
         schedule.seconds > 0 && schedule.node_timeout_ms > 0;
}

}  // namespace

base::Result<std::vector<Schedule>> ParseSchedules(const std::string& text) {
  std::vector<Schedule> schedules;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto wrong = [&] { return base::Error{"line " + std::to_string(number) + " is no part of a schedule: " + line}; };
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word[0] == '#') continue;
    if (word == "schedule") {
      schedules.emplace_back();
      words >> schedules.back().seed;
      if (!words) return wrong();
      continue;
    }
    if (schedules.empty()) return wrong();
    Schedule& schedule = schedules.back();
    if (word == "masters") {
      words >> schedule.masters;
    } else if (word == "replicas") {
      words >> schedule.replicas;
    } else if (word == "seconds") {
      words >> schedule.seconds;
    } else if (word == "node-timeout-ms") {
      words >> schedule.node_timeout_ms;
    } else if (word == "fault") {
      schedule.faults.emplace_back();
      if (!Whole(schedule) || !ParseFault(words, schedule, &schedule.faults.back())) return wrong();
    } else {
      return wrong();
    }
    if (!words) return wrong();
  }
  for (const Schedule& schedule : schedules) {
    if (!Whole(schedule)) return base::Error{"schedule " + std::to_string(schedule.seed) + " says too little of the cluster"};
  }
  if (schedules.empty()) return base::Error{"no schedule in it"};
  return schedules;
}

}  // namespace windlass::sim
