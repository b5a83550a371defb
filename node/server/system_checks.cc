// See system_checks.h.
#include "node/server/system_checks.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace windlass::server {
namespace {

// Of a file of the kernel; empty if there is none.
std::string Content(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Check {
  const char* name;
  bool (*passes)();
  const char* advice;
};

constexpr char kClock[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

// Clocks that the kernel is asked for at every reading.
bool HasFastClock() {
  const std::string clock = Content(kClock);
  return clock.find("acpi_pm") == std::string::npos && clock.find("hpet") == std::string::npos &&
         clock.find("jiffies") == std::string::npos;
}

bool HasNoXenClock() { return Content(kClock).find("xen") == std::string::npos; }

bool MayOvercommit() {
  const std::string mode = Content("/proc/sys/vm/overcommit_memory");
  return mode.empty() || mode[0] != '2';
}

bool HasNoHugePagesForAll() {
  return Content("/sys/kernel/mm/transparent_hugepage/enabled").find("[always]") == std::string::npos;
}

constexpr Check kChecks[] = {
    {"slow-clocksource", HasFastClock, "Reading the time is a system call with this clock source; choose tsc if the machine has it."},
    {"xen-clocksource", HasNoXenClock, "The xen clock source is slow; choose tsc if the machine has it."},
    {"overcommit", MayOvercommit,
     "vm.overcommit_memory is 2: large address ranges, which entries live in, may be refused. Set it to 0 or 1."},
    {"THP", HasNoHugePagesForAll,
     "Transparent huge pages are always on, which costs memory and time; set them to madvise."},
};

}  // namespace

bool CheckSystem() {
  bool all = true;
  for (const Check& check : kChecks) {
    const bool passes = check.passes();
    std::printf("[%s]...%s\n", check.name, passes ? "OK" : "WARNING:");
    if (!passes) std::printf("%s\n\n", check.advice);
    all = all && passes;
  }
  return all;
}

}  // namespace windlass::server
