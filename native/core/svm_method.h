#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"

namespace shiftscope {

/// A method that solves one problem in steps. Between the steps, the training computes scalar products with all
/// samples, for all problems in one pass over the features.
class SvmMethod {
 public:
  virtual ~SvmMethod() = default;

  /// Computes the next step, on at most `threads` threads. Returns a vector, [dims rounded up to 8] and zero from dims
  /// on; `accept` expects its scalar products with all samples. last: no step follows, so the vector is the weights.
  virtual const std::vector<double>& next(bool last, std::size_t threads) = 0;

  /// Whether several threads would make `next` faster.
  virtual bool is_heavy() const { return false; }

  /// Updates `solution` from the scalar products, [rows]. It counts as converged only if they are those of the weights.
  virtual void accept(const std::vector<double>& products) = 0;

  /// Whether the solution has converged, or is no longer getting better.
  virtual bool is_done() const = 0;

  virtual const SvmSolution& solution() const = 0;
  virtual const std::vector<double>& weights() const = 0;
};

}  // namespace shiftscope
