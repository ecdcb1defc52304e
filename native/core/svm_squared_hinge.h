#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// The squared hinge on a working set, w = Σ beta_j (x_j, 1): Newton's method on the primal objective with an exact
/// search along each step (Chapelle 2007). The samples inside their margins determine a step: a ridge regression on
/// them, solved by their Gram matrix.
struct SquaredHingeSet {
  std::size_t count = 0;
  const double* gram = nullptr;  ///< scalar products of the x alone, row i at gram + i · stride
  std::size_t stride = 0;
  std::vector<double> labels;       ///< +1, -1; 0 for a sample that stays out
  std::vector<double> multipliers;  ///< beta
  std::vector<double> decisions;    ///< f = (K + 1) beta

  const double* row(std::size_t i) const { return gram + i * stride; }
};

/// Iterates until the samples inside their margins are the same after a whole step, where the objective is least and
/// beta_i = 2C (y_i - f_i) for them, 0 for others. Returns false if the limit of steps came first.
bool solve(const SvmKernels& kernels, SquaredHingeSet& set, double C);

}  // namespace shiftscope
