#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"
#include "svm_kernel.h"

namespace shiftscope {

/// The dual of the hinge loss on a set of samples. Multipliers have the label's sign: beta_i = y_i alpha_i.
/// It maximises Σ y_i beta_i - ½ βᵀKβ, subject to low <= beta <= high and a fixed Σ beta.
/// `residuals` also contain the contribution of samples outside the set.
struct HingeDual {
  std::size_t count = 0;
  const double* gram = nullptr;  ///< K, [count, count]
  std::vector<double> labels;     ///< +1, -1
  std::vector<double> low, high;  ///< 0 to C for a positive label, -C to 0 for a negative one
  std::vector<double> multipliers;
  std::vector<double> residuals;  ///< y_i - Σ_j K_ij beta_j, the dual's gradient

  const double* row(std::size_t i) const { return gram + i * count; }
};

/// The intercept b that minimises Σ max(0, 1 - y_i (g_i + b)). If there are several, the middle one is taken.
/// residuals: y_i - g_i of all samples with a label; they are reordered. positives: number of labels that are +1.
double best_intercept(std::vector<double>& residuals, std::size_t positives);

/// The margin between the scores g of two separable classes.
struct Margin {
  double half_width = 0;  ///< 0 if the scores do not separate the classes
  double intercept = 0;   ///< moves the middle of the margin to 0

  /// Factor that makes the half width 1, so that the nearest samples have the score ±1. `half_width` must not be 0.
  double scale() const { return 1 / half_width; }
};

/// residuals: y - g. labels: y; samples with label 0 are ignored.
///
/// If the classes are separable, the objective can be smaller than the rounding errors of the slacks. So (w, b) is
/// scaled until all slacks are 0. The objective is then ½|w|² · scale², which has no such error.
Margin margin_of(const double* residuals, const double* labels, std::size_t count);

/// Sets primal value, intercept and scale of a solution: either of (w, intercept) or of w scaled to `margin`, whichever
/// has the lower objective. half_norm: ½|w|². loss: C Σ slack.
void settle(SvmSolution& solution, double half_norm, double loss, double intercept, const Margin& margin);

/// Raises the dual until the gap is at most tolerance · primal value. It alternates between two kinds of steps. Steps
/// on pairs of multipliers (sequential minimal optimisation with second-order selection: Fan, Chen, Lin 2005) find out
/// which multipliers are free. Newton steps then optimise these.
/// Returns false if the gap no longer shrinks, or after too many rounds.
bool solve(const SvmKernels& kernels, HingeDual& dual, double C, double tolerance);

}  // namespace shiftscope
