#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"

namespace shiftscope {

/// Solves one problem in steps. Between two steps, the training computes scalar products with all samples, for all
/// problems in one pass over the features.
class SvmMethod {
 public:
  virtual ~SvmMethod() = default;

  /// Computes the next step on at most `threads` threads. Returns a vector, and the caller passes its scalar products
  /// with all samples to `accept`. The vector is [dims rounded up to a multiple of 8], padded with zeros.
  /// last: no step follows, so the vector must be the weights.
  virtual const std::vector<double>& next(bool last, std::size_t threads) = 0;

  /// Whether `next` is faster with several threads.
  virtual bool is_heavy() const { return false; }

  /// Updates `solution` from the scalar products, [rows]. `solution` can converge only if `next` returned the
  /// weights.
  virtual void accept(const std::vector<double>& products) = 0;

  /// Whether the solution has converged or no longer improves.
  virtual bool is_done() const = 0;

  virtual const SvmSolution& solution() const = 0;
  virtual const std::vector<double>& weights() const = 0;
};

}  // namespace shiftscope
