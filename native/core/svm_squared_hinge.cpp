#include "svm_squared_hinge.h"

#include <algorithm>
#include <cmath>

#include "svm_factor.h"

namespace shiftscope {
namespace {

std::vector<std::size_t> inside_margins(const SquaredHingeSet& set) {
  std::vector<std::size_t> inside;
  for (std::size_t i = 0; i < set.count; ++i) {
    if (set.labels[i] * set.decisions[i] < std::fabs(set.labels[i])) inside.push_back(i);
  }
  return inside;
}

/// The multipliers of the ridge regression on the samples inside: (K + 1 + I / 2C) beta = y.
std::vector<double> ridge_multipliers(const SvmKernels& kernels, const SquaredHingeSet& set,
                                      const std::vector<std::size_t>& inside, double C) {
  const std::size_t size = inside.size();
  std::vector<double> matrix(size * size), multipliers(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double* row = set.row(inside[i]);
    for (std::size_t j = 0; j < size; ++j) matrix[i * size + j] = row[inside[j]] + 1;
    matrix[i * size + i] += 1 / (2 * C);
    multipliers[i] = set.labels[inside[i]];
  }
  SymmetricFactor factor(kernels);
  factor.factorise(matrix.data(), size, 1e-300);
  factor.solve(multipliers.data());
  return multipliers;
}

}  // namespace

double line_minimum(const double* labels, const double* f, const double* g, std::size_t count, const double norms[3],
                    double C) {
  // Slope and curvature of a convex function that is piecewise quadratic: Newton's method with a bracket.
  const double constant = norms[1] - norms[0], curvature_of_norm = norms[0] - 2 * norms[1] + norms[2];
  double low = 0, high = HUGE_VAL, t = 1;
  for (int step = 0; step < 100; ++step) {
    double slope = constant + t * curvature_of_norm, curvature = curvature_of_norm;
    for (std::size_t i = 0; i < count; ++i) {
      const double change = g[i] - f[i];
      const double slack = std::fabs(labels[i]) - labels[i] * (f[i] + t * change);
      if (slack <= 0) continue;
      slope -= 2 * C * slack * labels[i] * change;
      curvature += 2 * C * change * change;
    }
    (slope < 0 ? low : high) = t;
    if (!(curvature > 0)) return t;
    double next = t - slope / curvature;
    if (!(next > low && next < high)) next = std::isfinite(high) ? (low + high) / 2 : 2 * t;
    if (std::fabs(next - t) <= 1e-13 * t) return next;
    t = next;
  }
  return t;
}

bool solve(const SvmKernels& kernels, SquaredHingeSet& set, double C) {
  constexpr int kSteps = 100;
  std::vector<std::size_t> inside = inside_margins(set);
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<double> next = ridge_multipliers(kernels, set, inside, C);
    std::vector<double> decisions(set.count, 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      kernels.add_scaled(decisions.data(), set.row(inside[i]), next[i], set.count);
      sum += next[i];
    }
    for (double& decision : decisions) decision += sum;
    double norms[3] = {kernels.dot(set.multipliers.data(), set.decisions.data(), set.count), 0, 0};
    for (std::size_t i = 0; i < inside.size(); ++i) {
      norms[1] += next[i] * set.decisions[inside[i]];
      norms[2] += next[i] * decisions[inside[i]];
    }
    const double length = line_minimum(set.labels.data(), set.decisions.data(), decisions.data(), set.count, norms, C);
    const bool whole = std::fabs(length - 1) < 1e-9;
    for (double& multiplier : set.multipliers) multiplier *= whole ? 0 : 1 - length;
    for (std::size_t i = 0; i < inside.size(); ++i) set.multipliers[inside[i]] += (whole ? 1 : length) * next[i];
    for (std::size_t i = 0; i < set.count; ++i) {
      set.decisions[i] = whole ? decisions[i] : set.decisions[i] + length * (decisions[i] - set.decisions[i]);
    }
    std::vector<std::size_t> now_inside = inside_margins(set);
    if (whole && now_inside == inside) return true;
    inside = std::move(now_inside);
  }
  return false;
}

}  // namespace shiftscope
