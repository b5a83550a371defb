// Where a load is heading: a straight line through what was measured.
#pragma once

#include <optional>
#include <vector>

namespace windlass::autoscale {

struct Point {
  double at_s = 0;
  double value = 0;
};

struct Trend {
  double level = 0;        // of the line, at the last point
  double per_second = 0;   // how fast it rises; negative: falls
  double span_s = 0;       // of the points it was read from
  double After(double seconds) const { return level + per_second * seconds; }
};

// Nothing unless the points lie on a line well enough: a step and mere noise are no
// trend. REQUIRES: points in the order of time.
std::optional<Trend> FitTrend(const std::vector<Point>& points);

}  // namespace windlass::autoscale
