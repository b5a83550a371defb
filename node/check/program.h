// windlass-check as a program: arguments in, report and exit status out.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace windlass::check {

struct Streams {
  std::istream* in;
  std::ostream* out;
  std::ostream* err;
};

// Exit status: 0 all whole (or made whole), 1 damage or unreadable, 2 usage.
// `name`: as the program was called; redis-check-rdb, redis-check-aof and their valkey-
// names mean those programs.
int Run(const std::string& name, const std::vector<std::string>& arguments, Streams streams);

}  // namespace windlass::check
