// When a window is open, and when it opens next.
#include "operator/reconcile/update_window.h"

#include <gtest/gtest.h>

#include "operator/base/time.h"

namespace windlass::reconcile {
namespace {

struct Row {
  const char* cron;
  const char* zone;
  const char* now;
  const char* opens;  // empty: it is open
};

TEST(UpdateWindow, IsOpenForItsHourAndSaysWhenItOpensNext) {
  const Row rows[] = {
      {"0 3 * * *", "UTC", "2026-03-10T02:59:59Z", "2026-03-10T03:00:00Z"},
      {"0 3 * * *", "UTC", "2026-03-10T03:00:00Z", ""},
      {"0 3 * * *", "UTC", "2026-03-10T03:59:59Z", ""},
      {"0 3 * * *", "UTC", "2026-03-10T04:00:00Z", "2026-03-11T03:00:00Z"},
      {"30 23 * * *", "UTC", "2026-03-10T00:10:00Z", ""},
      {"0 3 * * SAT", "UTC", "2026-03-10T12:00:00Z", "2026-03-14T03:00:00Z"},
      {"0 3 1 1 *", "UTC", "2026-01-01T05:00:00Z", "2027-01-01T03:00:00Z"},
      {"0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 3 * * *", "Europe/Berlin", "2026-07-01T00:30:00Z", "2026-07-01T01:00:00Z"},
      {"0 3 * * *", "Europe/Berlin", "2026-12-01T00:30:00Z", "2026-12-01T02:00:00Z"},
      {"* * * * *", "UTC", "2026-12-01T00:30:00Z", ""},
  };
  for (const Row& row : rows) {
    const WindowState state = WindowAt({.cron = row.cron, .time_zone = row.zone, .duration_seconds = 3600}, *base::ParseRfc3339(row.now));
    EXPECT_EQ(state.open ? "" : base::Rfc3339(state.opens_ms), row.opens) << row.cron << " " << row.zone << " at " << row.now;
  }
}

TEST(UpdateWindow, OneThatCannotBeReadIsClosed) {
  EXPECT_FALSE(WindowAt({.cron = "often"}, 0).open);
  EXPECT_FALSE(WindowAt({.cron = "* * * * *", .time_zone = "Mars/Olympus"}, 0).open);
}

}  // namespace
}  // namespace windlass::reconcile
