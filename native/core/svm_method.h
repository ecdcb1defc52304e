#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"

namespace shiftscope {

/// A method that solves one problem in steps. In each step, `next` returns a vector. Then the caller computes the
/// scalar products of this vector with all samples, and gives them to `accept`. It does so for all problems at the same
/// time, so that it reads the features only once per step.
class SvmMethod {
 public:
  virtual ~SvmMethod() = default;

  /// Computes the next step on at most `threads` threads. Returns the vector whose scalar products `accept` needs:
  /// [dims rounded up to a multiple of 8], padded with zeros.
  /// last: whether this is the last step. The vector must then be the weights.
  virtual const std::vector<double>& next(bool last, std::size_t threads) = 0;

  /// Whether `next` is faster with several threads.
  virtual bool is_heavy() const { return false; }

  /// Updates `solution` from the scalar products, [rows]. The solution can have converged only if `next` returned the
  /// weights.
  virtual void accept(const std::vector<double>& products) = 0;

  /// Whether the solution has converged or no longer improves.
  virtual bool is_done() const = 0;

  virtual const SvmSolution& solution() const = 0;
  virtual const std::vector<double>& weights() const = 0;
};

}  // namespace shiftscope
