#pragma once

#include <cstddef>

namespace shiftscope {

/// The losses of all samples along a line f + t · change, each a function of the slack s = 1 - y f whose derivative is the
/// sample's multiplier min(max(0, base + stiffness · s), limit): the hinge smoothed about multipliers
/// (svm_newton.h).
struct LineSearch {
  const double* labels = nullptr;     ///< [count]; 0: a sample that is left out
  const double* decisions = nullptr;  ///< f, [count]
  const double* changes = nullptr;    ///< [count]
  const double* base = nullptr;       ///< [count]
  std::size_t count = 0;
  double stiffness = 0, limit = 0;
};

/// The t > 0 where the losses plus slope · t + ½ curvature · t² are least.
double line_minimum(const LineSearch& search, double slope, double curvature);

}  // namespace shiftscope
