#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"
#include "svm_kernel.h"

namespace shiftscope {

/// The dual of the hinge loss on a set of samples, with multipliers that carry the label's sign, beta_i = y_i alpha_i:
/// maximise Σ y_i beta_i - ½ βᵀKβ with low <= beta <= high and the sum of beta kept. `residuals` also contain the
/// contribution of other samples to the decision values.
struct HingeDual {
  std::size_t count = 0;
  const double* gram = nullptr;  ///< K, [count, count]
  std::vector<double> labels;     ///< +1, -1
  std::vector<double> low, high;  ///< 0 to C for a positive label, -C to 0 for a negative one
  std::vector<double> multipliers;
  std::vector<double> residuals;  ///< y_i - Σ_j K_ij beta_j, the dual's gradient

  const double* row(std::size_t i) const { return gram + i * count; }
};

/// The intercept that minimises Σ max(0, 1 - y_i (g_i + b)), given the residuals y_i - g_i of the samples with a label:
/// the middle of the interval of minimisers.
/// residuals: those of all samples with a label; the call reorders them. positives: how many of their labels are +1.
double best_intercept(std::vector<double>& residuals, std::size_t positives);

/// The widest margin between the scores g of the two classes.
struct Margin {
  double half_width = 0;  ///< 0: the scores do not separate the classes
  double intercept = 0;   ///< puts the middle of the margin at 0

  /// The factor of g that moves the samples next to the margin to a distance of 1 from its middle. `half_width` must
  /// not be 0.
  double scale() const { return 1 / half_width; }
};

/// residuals, labels: y - g and y of `count` samples; those with label 0 are left out.
///
/// If the classes are separable, the objective may be so small that the slacks' rounding errors exceed it. Scaled until
/// no slack is left, (w, b) has the objective ½|w|² · scale², which is exact.
Margin margin_of(const double* residuals, const double* labels, std::size_t count);

/// Sets the primal value, intercept and scale of a solution. Takes either (w, intercept) with its slacks or w scaled to
/// `margin`, whichever has the lower objective. half_norm: ½|w|². loss: C Σ slack.
void settle(SvmSolution& solution, double half_norm, double loss, double intercept, const Margin& margin);

/// Ascends until the gap is at most tolerance · primal value. Steps on pairs of multipliers (sequential minimal
/// optimisation with second-order selection: Fan, Chen, Lin 2005) find which multipliers are free. They alternate with
/// Newton steps on the free ones. Returns false if it ran out of rounds first or the gap no longer shrank.
bool solve(const SvmKernels& kernels, HingeDual& dual, double C, double tolerance);

}  // namespace shiftscope
