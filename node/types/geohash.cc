// See geohash.h.
#include "node/types/geohash.h"

#include <algorithm>
#include <cmath>

namespace windlass::types {
namespace {

constexpr int kFinest = 26;  // halvings of each coordinate
constexpr double kEarthRadiusMeters = 6372797.560856;
constexpr double kHalfMercatorMeters = 20037726.37;
constexpr uint64_t kEven = 0x5555555555555555;  // latitude
constexpr uint64_t kOdd = 0xaaaaaaaaaaaaaaaa;   // longitude

double Radians(double degrees) { return degrees * (M_PI / 180); }
double Degrees(double radians) { return radians / (M_PI / 180); }

// Bits spread to the even places, and back.
uint64_t Spread(uint32_t bits) {
  uint64_t x = bits;
  x = (x | x << 16) & 0x0000ffff0000ffff;
  x = (x | x << 8) & 0x00ff00ff00ff00ff;
  x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
  x = (x | x << 2) & 0x3333333333333333;
  return (x | x << 1) & kEven;
}

uint32_t Gather(uint64_t x) {
  x &= kEven;
  x = (x | x >> 1) & 0x3333333333333333;
  x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
  x = (x | x >> 4) & 0x00ff00ff00ff00ff;
  x = (x | x >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(x | x >> 16);
}

// A cell: `step` halvings of each coordinate.
struct Cell {
  uint64_t bits = 0;
  int step = 0;
  bool operator==(const Cell& other) const { return bits == other.bits && step == other.step; }
};

struct Area {
  double min_longitude;
  double max_longitude;
  double min_latitude;
  double max_latitude;
};

Cell CellOf(GeoPoint point, int step, double most_latitude = kMostLatitude) {
  const double cells = static_cast<double>(uint64_t{1} << step);
  const double latitude = (point.latitude + most_latitude) / (2 * most_latitude) * cells;
  const double longitude = (point.longitude + kMostLongitude) / (2 * kMostLongitude) * cells;
  return {Spread(static_cast<uint32_t>(latitude)) | Spread(static_cast<uint32_t>(longitude)) << 1, step};
}

Area AreaOf(Cell cell) {
  const double cells = static_cast<double>(uint64_t{1} << cell.step);
  const auto at = [cells](uint32_t index, double most) { return -most + index * 1.0 / cells * (most - -most); };
  const uint32_t latitude = Gather(cell.bits);
  const uint32_t longitude = Gather(cell.bits >> 1);
  return {at(longitude, kMostLongitude), at(longitude + 1, kMostLongitude), at(latitude, kMostLatitude),
          at(latitude + 1, kMostLatitude)};
}

// The neighbour so many cells to the east and north; around the world at its ends. A
// coordinate that does not move keeps what it may have beyond the last cell, as 180
// degrees have.
Cell Moved(Cell cell, int east, int north) {
  const uint64_t used = ~uint64_t{0} >> (64 - cell.step * 2);
  uint64_t x = cell.bits & kOdd;
  uint64_t y = cell.bits & kEven;
  // Filling the other coordinate's places lets a carry or borrow run across them.
  const uint64_t x_gaps = kEven & used;
  const uint64_t y_gaps = kOdd & used;
  if (east != 0) x = (east > 0 ? x + (x_gaps + 1) : (x | x_gaps) - (x_gaps + 1)) & kOdd & used;
  if (north != 0) y = (north > 0 ? y + (y_gaps + 1) : (y | y_gaps) - (y_gaps + 1)) & kEven & used;
  return {x | y, cell.step};
}

GeoRange RangeOf(Cell cell) {
  const int shift = 2 * (kFinest - cell.step);
  return {cell.bits << shift, (cell.bits + 1) << shift};
}

double LatitudeDistance(double a, double b) { return kEarthRadiusMeters * std::fabs(Radians(b) - Radians(a)); }

// The degrees that hold the shape.
Area BoundsOf(const GeoShape& shape) {
  const bool circle = shape.kind == GeoShape::Kind::kCircle;
  const double height = circle ? shape.radius_m : shape.height_m / 2;
  const double width = circle ? shape.radius_m : shape.width_m / 2;
  const double latitude = shape.center.latitude;
  const double latitudes = Degrees(height / kEarthRadiusMeters);
  // Nearer to the pole a meter is more degrees.
  const double nearer_pole = latitude < 0 ? latitude - latitudes : latitude + latitudes;
  const double longitudes = Degrees(width / kEarthRadiusMeters / std::cos(Radians(nearer_pole)));
  return {shape.center.longitude - longitudes, shape.center.longitude + longitudes, latitude - latitudes,
          latitude + latitudes};
}

// How fine the cells are of which nine cover a radius.
int StepFor(double radius_m, double latitude) {
  if (radius_m == 0) return kFinest;
  int step = 1;
  while (radius_m < kHalfMercatorMeters) {
    radius_m *= 2;
    ++step;
  }
  step -= 2;
  if (std::fabs(latitude) > 66) --step;
  if (std::fabs(latitude) > 80) --step;
  return std::clamp(step, 1, kFinest);
}

}  // namespace

uint64_t GeoEncode(GeoPoint point) { return CellOf(point, kFinest).bits; }

GeoPoint GeoDecode(uint64_t bits) {
  const Area area = AreaOf({bits, kFinest});
  const auto middle = [](double min, double max, double most) { return std::clamp((min + max) / 2, -most, most); };
  return {middle(area.min_longitude, area.max_longitude, kMostLongitude),
          middle(area.min_latitude, area.max_latitude, kMostLatitude)};
}

// The common geohash counts latitude from pole to pole, and 52 bits do not fill the
// last character.
std::string GeoText(uint64_t bits) {
  constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const uint64_t common = CellOf(GeoDecode(bits), kFinest, 90).bits;
  std::string text;
  for (int shift = 2 * kFinest - 5; shift >= 0; shift -= 5) text.push_back(kAlphabet[common >> shift & 31]);
  text.push_back('0');
  return text;
}

double GeoDistanceMeters(GeoPoint a, GeoPoint b) {
  const double v = std::sin((Radians(b.longitude) - Radians(a.longitude)) / 2);
  if (v == 0) return LatitudeDistance(a.latitude, b.latitude);
  const double from = Radians(a.latitude);
  const double to = Radians(b.latitude);
  const double u = std::sin((to - from) / 2);
  return 2.0 * kEarthRadiusMeters * std::asin(std::sqrt(u * u + std::cos(from) * std::cos(to) * v * v));
}

bool GeoContains(const GeoShape& shape, GeoPoint point, double* distance_m) {
  if (shape.kind == GeoShape::Kind::kBox) {
    if (LatitudeDistance(point.latitude, shape.center.latitude) > shape.height_m / 2) return false;
    const GeoPoint across{shape.center.longitude, point.latitude};
    if (GeoDistanceMeters(point, across) > shape.width_m / 2) return false;
    *distance_m = GeoDistanceMeters(shape.center, point);
    return true;
  }
  *distance_m = GeoDistanceMeters(shape.center, point);
  return *distance_m <= shape.radius_m;
}

std::vector<GeoRange> GeoCover(const GeoShape& shape) {
  const Area bounds = BoundsOf(shape);
  const double radius = shape.kind == GeoShape::Kind::kCircle
                            ? shape.radius_m
                            : std::sqrt(shape.width_m / 2 * (shape.width_m / 2) + shape.height_m / 2 * (shape.height_m / 2));
  Cell own = CellOf(shape.center, StepFor(radius, shape.center.latitude));
  // Near the edge of a cell its neighbour may be too small after all.
  const bool too_fine = AreaOf(Moved(own, 0, 1)).max_latitude < bounds.max_latitude ||
                        AreaOf(Moved(own, 0, -1)).min_latitude > bounds.min_latitude ||
                        AreaOf(Moved(own, 1, 0)).max_longitude < bounds.max_longitude ||
                        AreaOf(Moved(own, -1, 0)).min_longitude > bounds.min_longitude;
  if (own.step > 1 && too_fine) own = CellOf(shape.center, own.step - 1);
  const Area area = AreaOf(own);
  // Neighbours on a side that the shape does not reach are of no use; with the coarsest
  // cells they may be reached around the world.
  const bool drops = own.step >= 2;
  const bool no_south = drops && area.min_latitude < bounds.min_latitude;
  const bool no_north = drops && area.max_latitude > bounds.max_latitude;
  const bool no_west = drops && area.min_longitude < bounds.min_longitude;
  const bool no_east = drops && area.max_longitude > bounds.max_longitude;
  constexpr int kAround[9][2] = {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  std::vector<GeoRange> ranges;
  Cell last;
  for (const auto& [east, north] : kAround) {
    if ((north > 0 && no_north) || (north < 0 && no_south) || (east > 0 && no_east) || (east < 0 && no_west)) continue;
    const Cell cell = Moved(own, east, north);
    if (!ranges.empty() && cell == last) continue;  // so coarse that two neighbours are one
    ranges.push_back(RangeOf(cell));
    last = cell;
  }
  return ranges;
}

}  // namespace windlass::types
