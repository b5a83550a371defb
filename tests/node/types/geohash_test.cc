// Places as integers: known values, and covers that miss nothing.
#include "node/types/geohash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace windlass::types {
namespace {

TEST(GeohashTest, KnownPlaces) {
  const uint64_t palermo = GeoEncode({13.361389, 38.115556});
  EXPECT_EQ(palermo, 3479099956230698u);
  EXPECT_EQ(GeoText(palermo), "sqc8b49rny0");
  const GeoPoint back = GeoDecode(palermo);
  EXPECT_NEAR(back.longitude, 13.361389, 1e-5);
  EXPECT_NEAR(back.latitude, 38.115556, 1e-5);
  const uint64_t catania = GeoEncode({15.087269, 37.502669});
  EXPECT_NEAR(GeoDistanceMeters(GeoDecode(palermo), GeoDecode(catania)), 166274.1516, 0.0001);
}

TEST(GeohashTest, ACoverHoldsEveryPointOfTheShape) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> longitude(-150, 150);
  std::uniform_real_distribution<double> latitude(-70, 70);
  std::uniform_real_distribution<double> part(-1, 1);
  size_t inside = 0;
  for (int i = 0; i < 20000; ++i) {
    GeoShape shape;
    shape.center = {longitude(random), latitude(random)};
    const double size = std::pow(10, 1 + random() % 5);
    shape.kind = i % 2 == 0 ? GeoShape::Kind::kCircle : GeoShape::Kind::kBox;
    shape.radius_m = size;
    shape.width_m = size;
    shape.height_m = size / 2;
    const double degrees = size / 50000;
    const GeoPoint near{shape.center.longitude + degrees * part(random),
                        std::clamp(shape.center.latitude + degrees * part(random), -85.0, 85.0)};
    const uint64_t bits = GeoEncode(near);
    double distance = 0;
    if (!GeoContains(shape, GeoDecode(bits), &distance)) continue;
    ++inside;
    const auto ranges = GeoCover(shape);
    EXPECT_LE(ranges.size(), 9u);
    const bool covered = std::any_of(ranges.begin(), ranges.end(), [bits](const GeoRange& range) {
      return range.begin <= bits && bits < range.end;
    });
    EXPECT_TRUE(covered) << shape.center.longitude << " " << shape.center.latitude << " " << size;
  }
  EXPECT_GT(inside, 2000u);
}

}  // namespace
}  // namespace windlass::types
