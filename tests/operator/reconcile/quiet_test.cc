// How far apart looks are, by how long all has been as it was.
#include "operator/reconcile/quiet.h"

#include <gtest/gtest.h>

namespace windlass::reconcile {
namespace {

TEST(Quiet, LooksGrowApartWhileNothingHappens) {
  Quiet quiet;
  int64_t now_ms = 1000000;
  quiet.Begin(now_ms);
  EXPECT_EQ(quiet.UntilIdleLook(now_ms).count(), 1000);
  int looks = 0;
  for (const int64_t end_ms = now_ms + 600000; now_ms < end_ms; ++looks) {
    now_ms += quiet.UntilIdleLook(now_ms).count();
    quiet.Begin(now_ms);
  }
  EXPECT_EQ(quiet.UntilIdleLook(now_ms).count(), 30000);
  EXPECT_LT(looks, 45) << "in ten minutes";
}

TEST(Quiet, BeingWokenBeginsAnew) {
  Quiet quiet;
  quiet.Begin(0);
  quiet.UntilIdleLook(100000);
  quiet.Begin(110000);  // 25 s were said
  EXPECT_EQ(quiet.UntilIdleLook(110000).count(), 1000);
}

TEST(Quiet, SoDoesWhatAPassFinds) {
  Quiet quiet;
  quiet.Begin(0);
  quiet.Begin(0 + quiet.UntilIdleLook(200000).count() + 200000);
  quiet.Disturb(230000);
  EXPECT_EQ(quiet.UntilIdleLook(230000).count(), 1000);
  EXPECT_EQ(quiet.UntilBusyLook(230000).count(), 200);
  EXPECT_EQ(quiet.UntilBusyLook(250000).count(), 1000);
}

}  // namespace
}  // namespace windlass::reconcile
