// Five fields of cron: minute, hour, day of the month, month, day of the week.
//
// Lists, ranges, steps, and three-letter names of months and days in either case; 7 is
// Sunday too. Where both days are restricted, either counts.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/base/result.h"
#include "operator/base/time_zone.h"

namespace windlass::base {

class Cron {
 public:
  // The error says what is wrong and what would be right.
  static Result<Cron> Parse(std::string_view text);

  // The latest time that it names in this zone's clocks, at or before `unix_s` and
  // after `unix_s - within_s`. A time that the clocks leave out is the moment after
  // the jump; one that they show twice is the first, unless every hour is named.
  std::optional<int64_t> Latest(const TimeZone& zone, int64_t unix_s, int64_t within_s) const;

 private:
  bool OnDay(int64_t days) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> month_days_;
  std::bitset<13> months_;
  std::bitset<8> week_days_;
  bool any_hour_ = false;
  bool any_month_day_ = false;
  bool any_week_day_ = false;
};

}  // namespace windlass::base
