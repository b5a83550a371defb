// Lines in redis-trib's colours, questions and addresses.
#include "operator/cli/session.h"

#include <string_view>

#include "operator/base/text.h"

namespace windlass::cli {
namespace {

void Print(Session& session, const char* color, const std::string& text) {
  if (session.color) {
    session.out << "\033[" << color << "m" << text << "\033[0m" << std::endl;
  } else {
    session.out << text << std::endl;
  }
}

}  // namespace

void Session::Step(const std::string& text) { Print(*this, "29;1", ">>> " + text); }
void Session::Ok(const std::string& text) { Print(*this, "32;1", "[OK] " + text); }
void Session::Warning(const std::string& text) { Print(*this, "33;1", "[WARNING] " + text); }
void Session::Error(const std::string& text) { Print(*this, "31;1", "[ERR] " + text); }

std::string Session::Ask(const std::string& prompt) {
  out << prompt << std::flush;
  std::string line;
  if (!std::getline(in, line)) {
    out << std::endl;
    throw UsageFailure("the input ended before the question was answered");
  }
  return std::string(base::Trim(line));
}

topology::Address RequireAddress(const std::string& text) {
  const auto address = topology::ParseAddress(text);
  if (!address) throw UsageFailure("'" + text + "' is not HOST:PORT");
  return *address;
}

}  // namespace windlass::cli
