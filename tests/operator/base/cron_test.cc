// Times that come again: what is read, what is refused, and what clocks that jump do.
#include "operator/base/cron.h"

#include <gtest/gtest.h>

#include "operator/base/time.h"

namespace windlass::base {
namespace {

int64_t At(const char* utc) { return *ParseRfc3339(utc) / 1000; }

// The latest time at or before, as text; "never" if not within two years.
std::string Latest(const char* cron, const char* zone, const char* utc) {
  const auto parsed = Cron::Parse(cron);
  EXPECT_TRUE(parsed.ok()) << cron << ": " << (parsed.ok() ? "" : parsed.error());
  const TimeZone* of = FindTimeZone(zone);
  if (!parsed || of == nullptr) return "unread";
  const auto latest = parsed->Latest(*of, At(utc), 731 * 86400);
  return latest ? Rfc3339(*latest * 1000) : "never";
}

TEST(Cron, EveryFieldIsRead) {
  EXPECT_EQ(Latest("30 8 * * *", "UTC", "2026-05-10T12:00:00Z"), "2026-05-10T08:30:00Z");
  EXPECT_EQ(Latest("30 8 * * *", "UTC", "2026-05-10T08:30:00Z"), "2026-05-10T08:30:00Z") << "at the very moment";
  EXPECT_EQ(Latest("30 8 * * *", "UTC", "2026-05-10T08:29:59Z"), "2026-05-09T08:30:00Z");
  EXPECT_EQ(Latest("0 0 1 * *", "UTC", "2026-05-10T12:00:00Z"), "2026-05-01T00:00:00Z");
  EXPECT_EQ(Latest("0 0 1 2 *", "UTC", "2026-05-10T12:00:00Z"), "2026-02-01T00:00:00Z");
  EXPECT_EQ(Latest("0 0 29 2 *", "UTC", "2026-05-10T12:00:00Z"), "never") << "within two years";
  EXPECT_EQ(Latest("0 0 29 2 *", "UTC", "2024-05-10T12:00:00Z"), "2024-02-29T00:00:00Z");
}

TEST(Cron, RangesStepsListsAndNames) {
  EXPECT_EQ(Latest("*/20 * * * *", "UTC", "2026-05-10T12:59:00Z"), "2026-05-10T12:40:00Z");
  EXPECT_EQ(Latest("5-50/20 * * * *", "UTC", "2026-05-10T12:59:00Z"), "2026-05-10T12:45:00Z");
  EXPECT_EQ(Latest("50/5 * * * *", "UTC", "2026-05-10T12:59:00Z"), "2026-05-10T12:55:00Z");
  EXPECT_EQ(Latest("7,11,13 4,6 * * *", "UTC", "2026-05-10T06:12:00Z"), "2026-05-10T06:11:00Z");
  EXPECT_EQ(Latest("0 8 * * MON-FRI", "UTC", "2026-05-10T12:00:00Z"), "2026-05-08T08:00:00Z") << "the tenth is a Sunday";
  EXPECT_EQ(Latest("0 8 * * sun", "UTC", "2026-05-10T12:00:00Z"), "2026-05-10T08:00:00Z");
  EXPECT_EQ(Latest("0 8 * * 7", "UTC", "2026-05-10T12:00:00Z"), "2026-05-10T08:00:00Z");
  EXPECT_EQ(Latest("0 8 * * 5-7", "UTC", "2026-05-10T12:00:00Z"), "2026-05-10T08:00:00Z");
  EXPECT_EQ(Latest("0 0 1 jan,Mar *", "UTC", "2026-05-10T12:00:00Z"), "2026-03-01T00:00:00Z");
}

TEST(Cron, OfTwoDaysEitherCounts) {
  EXPECT_EQ(Latest("0 0 15 * MON", "UTC", "2026-05-17T12:00:00Z"), "2026-05-15T00:00:00Z");
  EXPECT_EQ(Latest("0 0 15 * MON", "UTC", "2026-05-12T12:00:00Z"), "2026-05-11T00:00:00Z");
  EXPECT_EQ(Latest("0 0 */2 * MON", "UTC", "2026-05-17T12:00:00Z"), "2026-05-11T00:00:00Z") << "an odd Monday";
}

TEST(Cron, WhatIsNoneIsRefusedWithWhatWouldBe) {
  for (const char* wrong : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
                            "5-3 * * * *", "*/0 * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *", "-1 * * * *", "a * * * *", "* * * FOO *",
                            "1-2-3 * * * *", "* * * * MON-", "@daily", "*/x * * * *", "1/2/3 * * * *", "0 0 31 2 *", "0 0 31 4,6 *"}) {
    EXPECT_FALSE(Cron::Parse(wrong).ok()) << wrong;
  }
  EXPECT_NE(Cron::Parse("0 25 * * *").error().find("hour \"25\""), std::string::npos);
  EXPECT_NE(Cron::Parse("0 8 * *").error().find("five"), std::string::npos);
}

TEST(Cron, GoesByTheClocksOfItsZone) {
  EXPECT_EQ(Latest("0 8 * * *", "Europe/Berlin", "2026-01-10T12:00:00Z"), "2026-01-10T07:00:00Z");
  EXPECT_EQ(Latest("0 8 * * *", "Europe/Berlin", "2026-07-10T12:00:00Z"), "2026-07-10T06:00:00Z");
  EXPECT_EQ(Latest("0 8 * * *", "Asia/Kathmandu", "2026-07-10T12:00:00Z"), "2026-07-10T02:15:00Z");
  EXPECT_EQ(Latest("0 1 * * *", "Pacific/Auckland", "2026-07-10T14:00:00Z"), "2026-07-10T13:00:00Z") << "there it is the eleventh";
  EXPECT_EQ(Latest("0 20 * * *", "America/Los_Angeles", "2026-07-10T02:00:00Z"), "2026-07-09T03:00:00Z");
}

// In Berlin 2026-03-29, 02:00 becomes 03:00; 2026-10-25, 03:00 becomes 02:00.
TEST(Cron, ATimeThatTheClocksLeaveOutComesAtTheJump) {
  EXPECT_EQ(Latest("30 2 * * *", "Europe/Berlin", "2026-03-29T06:00:00Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(Latest("30 2 * * *", "Europe/Berlin", "2026-03-29T00:59:59Z"), "2026-03-28T01:30:00Z");
  EXPECT_EQ(Latest("30 2 * * *", "America/New_York", "2026-03-08T12:00:00Z"), "2026-03-08T07:00:00Z");
}

TEST(Cron, ATimeThatTheClocksRepeatComesOnceUnlessEveryHourIsNamed) {
  EXPECT_EQ(Latest("30 2 * * *", "Europe/Berlin", "2026-10-25T06:00:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Latest("30 * * * *", "Europe/Berlin", "2026-10-25T01:45:00Z"), "2026-10-25T01:30:00Z");
  EXPECT_EQ(Latest("30 * * * *", "Europe/Berlin", "2026-10-25T01:15:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(Latest("0 3 * * *", "Europe/Berlin", "2026-10-25T06:00:00Z"), "2026-10-25T02:00:00Z");
}

TEST(TimeZone, RulesHoldAfterWhatTheFileLists) {
  EXPECT_EQ(Latest("0 8 * * *", "Europe/Berlin", "2060-01-10T12:00:00Z"), "2060-01-10T07:00:00Z");
  EXPECT_EQ(Latest("0 8 * * *", "Europe/Berlin", "2060-07-10T12:00:00Z"), "2060-07-10T06:00:00Z");
  EXPECT_EQ(Latest("0 8 * * *", "Australia/Sydney", "2060-01-10T12:00:00Z"), "2060-01-09T21:00:00Z");
  EXPECT_EQ(Latest("0 8 * * *", "Australia/Sydney", "2060-07-10T12:00:00Z"), "2060-07-09T22:00:00Z");
}

TEST(TimeZone, RulesAreReadAsPosixWritesThem) {
  EXPECT_EQ(ParseYearlyRule("UTC0")->standard_s, 0);
  EXPECT_EQ(ParseYearlyRule("<+0545>-5:45")->standard_s, 20700);
  const auto berlin = ParseYearlyRule("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(berlin->standard_s, 3600);
  EXPECT_EQ(berlin->daylight_s, 7200);
  EXPECT_EQ(berlin->end.at_s, 10800);
  EXPECT_EQ(ParseYearlyRule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0")->begin.at_s, -3600);
  EXPECT_EQ(ParseYearlyRule("EST5EDT4,J60,300")->begin.day, 60);
  for (const char* wrong : {"", "A1", "CET", "CET-1CEST", "CET-1CEST,M3.5", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x"}) {
    EXPECT_FALSE(ParseYearlyRule(wrong).has_value()) << wrong;
  }
}

TEST(TimeZone, WhatIsNoZoneIsNone) {
  for (const char* wrong : {"", "Mars/Phobos", "../../../etc/passwd", "/etc/localtime", "zone.tab", "Europe"}) EXPECT_EQ(FindTimeZone(wrong), nullptr) << wrong;
  EXPECT_EQ(TimeZone::Parse("TZif2"), nullptr);
  EXPECT_EQ(TimeZone::Parse(std::string("TZif2") + std::string(39, '\xff')), nullptr);
}

TEST(Dates, RoundTrip) {
  for (int64_t day = -800000; day < 800000; day += 97) {
    const Date date = DateOf(day);
    EXPECT_EQ(DaysOf(date.year, date.month, date.day), day);
  }
  EXPECT_EQ(DaysOf(1970, 1, 1), 0);
  EXPECT_EQ(DaysOf(2000, 2, 29), 11016);
}

}  // namespace
}  // namespace windlass::base
