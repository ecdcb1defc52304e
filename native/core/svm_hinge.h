#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "svm.h"
#include "svm_kernel.h"

namespace shiftscope {

/// The dual problem of training with hinge loss on a set of samples: maximise Σ y_i β_i - ½ βᵀKβ, while Σ β stays
/// constant and low <= β <= high. A multiplier β_i = y_i alpha_i has the sign of its label.
/// `residuals` may also contain the contribution of samples outside the set.
struct HingeDual {
  std::size_t count = 0;
  const double* gram = nullptr;  ///< K, [count, count]
  std::vector<double> labels;       ///< y_i, each +1 or -1
  std::vector<double> low, high;    ///< bounds: 0 to C for label +1, -C to 0 for label -1
  std::vector<double> multipliers;  ///< β_i
  std::vector<double> residuals;    ///< y_i - Σ_j K_ij β_j, the dual's gradient

  const double* row(std::size_t i) const { return gram + i * count; }
};

/// The intercept b that minimises Σ max(0, 1 - y_i (g_i + b)), where g_i = <w, x_i> is the score of sample i. If there
/// are several, the middle one is taken.
/// residuals: y_i - g_i of all samples with a label; they are reordered.
/// positives: number of labels that are +1.
double best_intercept(std::vector<double>& residuals, std::size_t positives);

/// The gap between the scores <w, x> of the two classes, if the scores separate the classes.
struct Margin {
  double half_width = 0;  ///< 0 if the scores do not separate the classes
  double intercept = 0;   ///< intercept that moves the middle of the margin to 0

  /// Factor that makes the half width 1, so that the nearest samples have the score ±1. `half_width` must not be 0.
  double scale() const { return 1 / half_width; }
};

/// Returns the margin of the scores g_i = <w, x_i>.
/// residuals: y_i - g_i. labels: y_i; samples with label 0 are ignored.
///
/// If the scores separate the classes, the objective can be tiny, smaller than rounding errors of the slacks
/// max(0, 1 - y_i (g_i + b)). So `evaluate_primal` also tries (w, b) scaled until all slacks are 0. The objective is
/// then ½|w|² · scale².
Margin margin_of(const double* residuals, const double* labels, std::size_t count);

/// Sets primal value, intercept and scale of a solution. There are two candidates: w with the best intercept, and w
/// scaled until its margin has half width 1. The one with the lower objective is taken. Returns the best intercept for
/// w without scaling.
/// decisions: <w, x> + intercept for each sample. labels: +1 or -1; 0 if a sample is ignored. half_norm: ½|w|².
double evaluate_primal(SvmSolution& solution, const std::vector<double>& decisions, double intercept,
                       const std::int8_t* labels, double half_norm, double C);

/// Raises the dual value until the duality gap is at most tolerance · primal value. It alternates between two kinds of
/// steps. Steps on pairs of multipliers (sequential minimal optimisation with second-order selection: Fan, Chen, Lin
/// 2005) find out which multipliers are free, that is, strictly between their bounds. Newton steps then optimise these.
/// Returns false if the gap no longer shrinks, or after too many rounds.
bool solve(const SvmKernels& kernels, HingeDual& dual, double C, double tolerance);

}  // namespace shiftscope
