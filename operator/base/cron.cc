// See cron.h.
#include "operator/base/cron.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "operator/base/text.h"

namespace windlass::base {
namespace {

constexpr int64_t kDay = 86400;

struct Field {
  const char* name;
  int least, most;
  std::vector<std::string_view> names;  // of `least` and on
};

const Field kFields[] = {{"minute", 0, 59, {}},
                         {"hour", 0, 23, {}},
                         {"day of the month", 1, 31, {}},
                         {"month", 1, 12, {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
                         {"day of the week", 0, 7, {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}};

std::vector<std::string> Words(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '\t', ' ');
  return SplitNonEmpty(spaced, ' ');
}

std::optional<int> Value(const Field& field, std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == text) return field.least + static_cast<int>(i);
  }
  const auto number = ParseUint(text);
  if (!number || *number > static_cast<uint64_t>(field.most) || static_cast<int>(*number) < field.least) return std::nullopt;
  return static_cast<int>(*number);
}

// "*", "5", "1-5", each with "/2". False if it is none of these.
template <size_t N>
bool AddPart(const Field& field, const std::string& part, std::bitset<N>* values) {
  const size_t slash = part.find('/');
  const std::string range = part.substr(0, slash);
  std::optional<int> step = 1;
  if (slash != std::string::npos) {
    const auto given = ParseUint(part.substr(slash + 1));
    if (!given || *given == 0 || *given > 1000) return false;
    step = static_cast<int>(*given);
  }
  std::optional<int> first, last;
  const size_t dash = range.find('-');
  if (range == "*") {
    first = field.least;
    last = field.most;
  } else if (dash != std::string::npos) {
    first = Value(field, range.substr(0, dash));
    last = Value(field, range.substr(dash + 1));
  } else {
    first = Value(field, range);
    last = slash == std::string::npos ? first : std::optional<int>(field.most);
  }
  if (!first || !last || *first > *last) return false;
  for (int value = *first; value <= *last; value += *step) values->set(static_cast<size_t>(value));
  return true;
}

// The error, or empty.
template <size_t N>
std::string Read(const Field& field, const std::string& text, std::bitset<N>* values) {
  const bool whole = !text.empty() && text.front() != ',' && text.back() != ',' && text.find(",,") == std::string::npos;
  bool good = whole;
  for (const std::string& part : SplitNonEmpty(text, ',')) good = good && AddPart(field, part, values);
  if (good) return "";
  return std::string("its ") + field.name + " \"" + text + "\" is none of " + std::to_string(field.least) + " to " + std::to_string(field.most) +
         (field.names.empty() ? "" : " or a name such as " + std::string(field.names[1])) + ", a range, a step or a list of them, or *";
}

}  // namespace

Result<Cron> Cron::Parse(std::string_view text) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != 5) {
    return Error{"it has " + std::to_string(words.size()) + " fields; use five: minute, hour, day of the month, month, day of the week, as in \"0 8 * * MON-FRI\""};
  }
  Cron cron;
  for (const std::string& error : {Read(kFields[0], words[0], &cron.minutes_), Read(kFields[1], words[1], &cron.hours_),
                                   Read(kFields[2], words[2], &cron.month_days_), Read(kFields[3], words[3], &cron.months_),
                                   Read(kFields[4], words[4], &cron.week_days_)}) {
    if (!error.empty()) return Error{error};
  }
  if (cron.week_days_.test(7)) cron.week_days_.set(0);
  cron.any_hour_ = words[1].front() == '*';
  cron.any_month_day_ = words[2].front() == '*';
  cron.any_week_day_ = words[4].front() == '*';
  // A day that no month has: 2000 is a leap year, and begins with January.
  bool ever = !cron.any_week_day_;
  for (int64_t day = DaysOf(2000, 1, 1); !ever && day < DaysOf(2001, 1, 1); ++day) {
    const Date date = DateOf(day);
    ever = cron.months_.test(static_cast<size_t>(date.month)) && cron.month_days_.test(static_cast<size_t>(date.day));
  }
  if (!ever) return Error{"no month of it has such a day, so it never comes; correct the day of the month or the month"};
  return cron;
}

bool Cron::OnDay(int64_t days) const {
  const Date date = DateOf(days);
  if (!months_.test(static_cast<size_t>(date.month))) return false;
  const bool month_day = month_days_.test(static_cast<size_t>(date.day));
  const bool week_day = week_days_.test(static_cast<size_t>(((days + 4) % 7 + 7) % 7));
  // As cron has always had it: a field that begins with * restricts, but is no alternative.
  if (any_month_day_ || any_week_day_) return month_day && week_day;
  return month_day || week_day;
}

std::optional<int64_t> Cron::Latest(const TimeZone& zone, int64_t unix_s, int64_t within_s) const {
  const int64_t earliest = unix_s - within_s;
  const int64_t today = (unix_s + zone.OffsetAt(unix_s)) / kDay;
  std::optional<int64_t> latest;
  // Clocks are set by at most a day, so a day more on either side is enough.
  for (int64_t day = today + 1; day * kDay > earliest - 2 * kDay; --day) {
    if (!OnDay(day)) continue;
    for (size_t minute = 0; minute < 24 * 60; ++minute) {
      if (!hours_.test(minute / 60) || !minutes_.test(minute % 60)) continue;
      const std::vector<int64_t> times = zone.WhenLocal(day * kDay + static_cast<int64_t>(minute) * 60);
      for (size_t i = 0; i < (any_hour_ ? times.size() : 1); ++i) {
        if (times[i] <= unix_s && times[i] > earliest && (!latest || times[i] > *latest)) latest = times[i];
      }
    }
    if (latest) break;  // days before are earlier, whatever the clocks do
  }
  return latest;
}

}  // namespace windlass::base
