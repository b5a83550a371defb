// Places on the earth as 52-bit integers: longitude and latitude halved in turn, 26
// times each, their bits interleaved. Near places mostly have near numbers, so an area
// is a few ranges of them. And distances on a sphere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace windlass::types {

struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

inline constexpr double kMostLongitude = 180;
inline constexpr double kMostLatitude = 85.05112878;  // where the Mercator projection is a square

// REQUIRES: within these limits
uint64_t GeoEncode(GeoPoint point);
// The middle of the cell.
GeoPoint GeoDecode(uint64_t bits);
// Eleven characters of the common geohash alphabet.
std::string GeoText(uint64_t bits);

double GeoDistanceMeters(GeoPoint a, GeoPoint b);

// A circle, or a rectangle that is so wide and so high at its middle.
struct GeoShape {
  enum class Kind { kCircle, kBox };
  Kind kind = Kind::kCircle;
  GeoPoint center = {};
  double radius_m = 0;
  double width_m = 0;
  double height_m = 0;
};

// Whether the point is in the shape; *distance_m to the centre if so.
bool GeoContains(const GeoShape& shape, GeoPoint point, double* distance_m);

// Numbers from `begin` on, below `end`.
struct GeoRange {
  uint64_t begin;
  uint64_t end;
};
// Up to nine cells that cover the shape, its own first, then those around it.
std::vector<GeoRange> GeoCover(const GeoShape& shape);

}  // namespace windlass::types
