// Time zones by name, from the system's tz database.
//
// Read from its files rather than through the C library's calls, which know one zone
// at a time for the whole process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::base {

// A rule of daylight saving time after the last transition that the file lists.
struct YearlyRule {
  // Of the standard time and of the other, seconds east of Greenwich; the latter absent: never.
  int64_t standard_s = 0;
  std::optional<int64_t> daylight_s;
  struct Change {
    enum Kind { kMonthWeekDay, kDayWithoutLeap, kDayOfYear } kind = kMonthWeekDay;
    int month = 0, week = 0, day = 0;
    int64_t at_s = 7200;  // of the local day
  };
  Change begin, end;
};

class TimeZone {
 public:
  // Of a file's bytes; nothing if they are no zone.
  static std::unique_ptr<TimeZone> Parse(std::string_view file);

  // Seconds east of Greenwich at this Unix time.
  int64_t OffsetAt(int64_t unix_s) const;

  // When the clocks show a local time (seconds since 1970 as if it were UTC): once,
  // twice where they are set back, in order. One that they leave out is the moment
  // at which they jump over it.
  std::vector<int64_t> WhenLocal(int64_t local_s) const;

 private:
  struct Transition {
    int64_t at_s;
    int64_t offset_s;  // from then on
  };
  int64_t first_offset_s_ = 0;
  std::vector<Transition> transitions_;
  std::optional<YearlyRule> after_;
};

// "CET-1CEST,M3.5.0,M10.5.0/3", as POSIX's TZ variable says it.
std::optional<YearlyRule> ParseYearlyRule(std::string_view text);

// Null if the database has none of this name. Zones are read once and kept. Thread-safe.
const TimeZone* FindTimeZone(const std::string& name);

// Days since 1970 of a date, and back; the proleptic Gregorian calendar.
int64_t DaysOf(int64_t year, int month, int day);
struct Date {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};
Date DateOf(int64_t days);

}  // namespace windlass::base
