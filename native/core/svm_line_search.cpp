#include "svm_line_search.h"

#include <algorithm>
#include <cmath>

namespace shiftscope {
namespace {

struct Derivatives {
  double first, second;
};

Derivatives derivatives_at(const LineSearch& search, double t, double slope, double curvature) {
  Derivatives at{slope + t * curvature, curvature};
  for (std::size_t i = 0; i < search.count; ++i) {
    const double label = search.labels[i], change = search.changes[i];
    if (label == 0) continue;
    const double slack = 1 - label * (search.decisions[i] + t * change);
    const double multiplier = search.base[i] + search.stiffness * slack;
    if (multiplier <= 0) continue;
    at.first -= std::min(multiplier, search.limit) * label * change;
    if (multiplier < search.limit) at.second += search.stiffness * change * change;
  }
  return at;
}

}  // namespace

double line_minimum(const LineSearch& search, double slope, double curvature) {
  // Convex and piecewise quadratic: Newton's method with a bracket.
  double low = 0, high = HUGE_VAL, t = 1;
  for (int step = 0; step < 100; ++step) {
    const Derivatives at = derivatives_at(search, t, slope, curvature);
    (at.first < 0 ? low : high) = t;
    double next = at.second > 0 ? t - at.first / at.second : HUGE_VAL;
    if (!(next > low && next < high)) next = std::isfinite(high) ? (low + high) / 2 : 2 * t;
    if (std::fabs(next - t) <= 1e-13 * t) return next;
    t = next;
  }
  return t;
}

}  // namespace shiftscope
