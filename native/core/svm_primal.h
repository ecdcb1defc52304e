#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// The squared hinge where support vectors outnumber the dims: Newton's method on (w, b) with the Hessian
/// I + 2C Σ x xᵀ over the samples inside their margins and an exact search along each step (Keerthi, DeCoste 2005,
/// "A modified finite Newton method for fast solution of large scale linear SVMs").
struct PrimalProblem {
  const float* features = nullptr;  ///< [rows, dims]
  std::size_t rows = 0, dims = 0;
  const std::int8_t* labels = nullptr;  ///< [rows]
  double C = 1, tolerance = 1e-6;
  std::size_t threads = 1;
};

struct PrimalPoint {
  std::vector<double> weights;    ///< [dims rounded up to 8], zeros after dims
  double intercept = 0;
  std::vector<double> decisions;  ///< [rows], <w, x> + b
  double primal = 0, dual = 0;
  std::size_t support_vectors = 0;
};

/// Improves the point, whose decisions belong to its weights, until (primal - dual) <= tolerance · primal or for `steps`
/// steps. Returns how many steps it took, each of which reads the features three times at most.
std::size_t solve(const SvmKernels& kernels, const PrimalProblem& problem, std::size_t steps, PrimalPoint& point);

}  // namespace shiftscope
