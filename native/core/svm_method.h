#pragma once

#include <cstddef>
#include <vector>

#include "svm.h"

namespace shiftscope {

/// One problem on its way to its optimum, in steps between which the training takes scalar products with all samples, for
/// all problems in one pass over the features.
class SvmMethod {
 public:
  virtual ~SvmMethod() = default;

  /// Computes the next step, on so many threads. Returns the vector, [dims rounded up to 8] and zero from dims on, whose
  /// scalar products with all samples are to be given to `accept`. last: no step follows; the vector is the weights.
  virtual const std::vector<double>& next(bool last, std::size_t threads) = 0;

  /// Whether `next` has so much to do that several threads are worth it.
  virtual bool is_heavy() const { return false; }

  /// products: [rows]. What they lead to is `solution`; it has converged only if they were those of the weights.
  virtual void accept(const std::vector<double>& products) = 0;

  /// Whether the solution has converged, or is no longer getting better.
  virtual bool is_done() const = 0;

  virtual const SvmSolution& solution() const = 0;
  virtual const std::vector<double>& weights() const = 0;
};

}  // namespace shiftscope
