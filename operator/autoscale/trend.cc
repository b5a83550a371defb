// Least squares over the means of a dozen stretches, so that noise that is short
// against the whole counts for little. A step, wherever it stands, leaves at most
// three quarters of the variance explained by a line; so more than that is asked for.
#include "operator/autoscale/trend.h"

#include <algorithm>

namespace windlass::autoscale {
namespace {

constexpr size_t kStretches = 12;
constexpr size_t kFewestPoints = 10;
constexpr double kExplained = 0.85;

// The means of consecutive points, by equal stretches of time.
std::vector<Point> Smoothed(const std::vector<Point>& points) {
  const double begin = points.front().at_s;
  const double length = (points.back().at_s - begin) / kStretches;
  std::vector<Point> means;
  size_t next = 0;
  for (size_t stretch = 1; stretch <= kStretches && next < points.size(); ++stretch) {
    const double end = begin + length * static_cast<double>(stretch);
    Point sum;
    size_t count = 0;
    for (; next < points.size() && (points[next].at_s < end || stretch == kStretches); ++next, ++count) {
      sum.at_s += points[next].at_s;
      sum.value += points[next].value;
    }
    if (count > 0) means.push_back({sum.at_s / static_cast<double>(count), sum.value / static_cast<double>(count)});
  }
  return means;
}

}  // namespace

std::optional<Trend> FitTrend(const std::vector<Point>& points) {
  if (points.size() < kFewestPoints || points.back().at_s <= points.front().at_s) return std::nullopt;
  const std::vector<Point> means = Smoothed(points);
  const double count = static_cast<double>(means.size());
  double at = 0, value = 0;
  for (const Point& point : means) {
    at += point.at_s / count;
    value += point.value / count;
  }
  double at_at = 0, at_value = 0, value_value = 0;
  for (const Point& point : means) {
    at_at += (point.at_s - at) * (point.at_s - at);
    at_value += (point.at_s - at) * (point.value - value);
    value_value += (point.value - value) * (point.value - value);
  }
  if (at_at <= 0 || value_value <= 0) return std::nullopt;
  if (at_value * at_value / (at_at * value_value) < kExplained) return std::nullopt;
  const double slope = at_value / at_at;
  return Trend{value + slope * (points.back().at_s - at), slope, points.back().at_s - points.front().at_s};
}

}  // namespace windlass::autoscale
