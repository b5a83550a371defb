// What every subcommand is given: where to read and write, how to log in, and
// where to leave the exit code.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "operator/base/failure.h"
#include "operator/redis/redis_admin.h"
#include "operator/topology/report.h"

namespace windlass::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // refused, failed, or a problem was found
inline constexpr int kExitUsage = 2;

// The user asked for something that makes no sense as typed.
class UsageFailure : public base::Failure {
 public:
  using Failure::Failure;
};

struct Session {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool color = false;
  redis::AdminOptions admin{{}, 3000, 10000};
  int exit_code = kExitOk;

  // redis-trib's lines: ">>> …", "[OK] …", "[WARNING] …", "[ERR] …".
  void Step(const std::string& text);
  void Ok(const std::string& text);
  void Warning(const std::string& text);
  void Error(const std::string& text);

  // A line from the user, after a prompt. Throws UsageFailure at end of input.
  std::string Ask(const std::string& prompt);
  // True for exactly "yes".
  bool Confirm(const std::string& prompt) { return Ask(prompt) == "yes"; }
};

// "HOST:PORT", else UsageFailure naming the argument.
topology::Address RequireAddress(const std::string& text);

}  // namespace windlass::cli
