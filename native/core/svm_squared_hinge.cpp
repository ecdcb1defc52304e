#include "svm_squared_hinge.h"

#include <algorithm>
#include <cmath>

#include "svm_factor.h"
#include "svm_line_search.h"

namespace shiftscope {
namespace {

/// Of the largest diagonal element: what is left of smaller pivots is rounding.
constexpr double kLeastPivot = 1e-16;

std::vector<std::size_t> inside_margins(const std::vector<double>& labels, const std::vector<double>& decisions) {
  std::vector<std::size_t> inside;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] * decisions[i] < std::fabs(labels[i])) inside.push_back(i);
  }
  return inside;
}

/// The multipliers of the ridge regression on the samples inside: (K + 1 + I / 2C) beta = y.
std::vector<double> ridge_multipliers(const SvmKernels& kernels, const SquaredHingeSet& set,
                                      const std::vector<std::size_t>& inside, double C) {
  const std::size_t size = inside.size();
  std::vector<double> multipliers(size);
  SymmetricFactor factor(kernels);
  double* matrix = factor.start(size);
  double largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double* row = set.row(inside[i]);
    double* target = matrix + i * factor.stride();
    for (std::size_t j = i; j < size; ++j) target[j] = row[inside[j]] + 1;
    target[i] += 1 / (2 * C);
    largest = std::max(largest, target[i]);
    multipliers[i] = set.labels[inside[i]];
  }
  factor.factorise(kLeastPivot * largest);
  factor.solve(multipliers.data());
  return multipliers;
}

}  // namespace

bool solve(const SvmKernels& kernels, SquaredHingeSet& set, double C) {
  constexpr int kSteps = 100;
  std::vector<std::size_t> inside = inside_margins(set.labels, set.decisions);
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<double> next = ridge_multipliers(kernels, set, inside, C);
    std::vector<double> decisions(set.count, 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      kernels.add_scaled(decisions.data(), set.row(inside[i]), next[i], set.count);
      sum += next[i];
    }
    for (double& decision : decisions) decision += sum;
    // Features so large, or a C, that the ridge vanishes beside them.
    if (!std::all_of(decisions.begin(), decisions.end(), [](double decision) { return std::isfinite(decision); })) return false;
    // The optimum, without a search, whose rounding errors are all that is left of the step near it.
    if (inside_margins(set.labels, decisions) == inside) {
      std::fill(set.multipliers.begin(), set.multipliers.end(), 0.0);
      for (std::size_t i = 0; i < inside.size(); ++i) set.multipliers[inside[i]] = next[i];
      set.decisions = std::move(decisions);
      return true;
    }
    double norms[3] = {kernels.dot(set.multipliers.data(), set.decisions.data(), set.count), 0, 0};
    for (std::size_t i = 0; i < inside.size(); ++i) {
      norms[1] += next[i] * set.decisions[inside[i]];
      norms[2] += next[i] * decisions[inside[i]];
    }
    std::vector<double> changes = decisions;
    kernels.add_scaled(changes.data(), set.decisions.data(), -1, set.count);
    const LineSearch search{set.labels.data(), set.decisions.data(), changes.data(), nullptr, set.count, 2 * C, HUGE_VAL};
    const double length = line_minimum(search, norms[1] - norms[0], norms[0] - 2 * norms[1] + norms[2]);
    for (double& multiplier : set.multipliers) multiplier *= 1 - length;
    for (std::size_t i = 0; i < inside.size(); ++i) set.multipliers[inside[i]] += length * next[i];
    kernels.add_scaled(set.decisions.data(), changes.data(), length, set.count);
    inside = inside_margins(set.labels, set.decisions);
  }
  return false;
}

}  // namespace shiftscope
