#pragma once

#include <cstddef>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// The dual of the hinge loss on a set of samples, with multipliers that carry the label's sign, beta_i = y_i alpha_i:
/// maximise Σ y_i beta_i - ½ βᵀKβ under low <= beta <= high, the sum of beta staying as it is. What other samples
/// contribute to the decision values is part of `residuals`.
struct HingeDual {
  std::size_t count = 0;
  const double* gram = nullptr;  ///< K, row i at gram + i · stride
  std::size_t stride = 0;
  std::vector<double> labels;     ///< +1, -1; 0 for a sample that stays out (low = high = 0)
  std::vector<double> low, high;  ///< 0 to C for a positive label, -C to 0 for a negative one
  std::vector<double> multipliers;
  std::vector<double> residuals;  ///< y_i - Σ_j K_ij beta_j, the dual's gradient

  const double* row(std::size_t i) const { return gram + i * stride; }
};

/// What an intercept costs.
struct HingeValue {
  double intercept = 0;
  double slack = 0;  ///< Σ max(0, 1 - y f)
  double gap = 0;    ///< C · slack - Σ beta (residual - intercept), the share of these samples in the duality gap
};

/// The intercept that minimises Σ max(0, 1 - y_i (g_i + b)), given the residuals y_i - g_i of the samples with a label:
/// the middle of the interval of minimisers.
/// residuals: [count] of all samples with a label, reordered. positives: how many of their labels are +1.
double best_intercept(std::vector<double>& residuals, std::size_t positives);

/// Ascends until the gap is at most tolerance · primal value, by steps on pairs of multipliers (sequential minimal
/// optimisation with second-order selection: Fan, Chen, Lin 2005) that find which multipliers are free, in turn with
/// Newton steps on those. Returns false if the limit of steps came first.
bool solve(const SvmKernels& kernels, HingeDual& dual, double C, double tolerance);

}  // namespace shiftscope
