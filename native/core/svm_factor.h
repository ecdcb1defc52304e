#pragma once

#include <cstddef>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// LDLᵀ factors of a symmetric positive definite matrix. Rows and columns can be removed one by one (Gill, Golub,
/// Murray, Saunders 1974, "Methods for modifying matrix factorizations", method C1).
class SymmetricFactor {
 public:
  explicit SymmetricFactor(const SvmKernels& kernels, std::size_t threads = 1) : kernels_(kernels), threads_(threads) {}

  /// Returns a zero matrix, [size, stride()]. The caller fills in the elements on and right of the diagonal.
  double* start(std::size_t size);
  std::size_t stride() const { return stride_; }

  /// Replaces the matrix by its factors, in size³/6 multiply-adds. Pivots below `least_pivot` are raised to it, because
  /// rounding errors can make pivots of a positive semidefinite matrix negative.
  void factorise(double least_pivot);

  /// Removes row and column `index` in O(size²) time. From then on, solutions are 0 at this index.
  void remove(std::size_t index);

  /// Solves A y = x for the factorised matrix A. Replaces x, [size], by the solution y. x must be 0 at removed indices.
  void solve(double* x) const;

  /// Solves A x' = x + shift · ones with the shift that makes Σ x' = total. Replaces x by x' and returns the shift.
  /// `ones` must be 0 at removed indices and 1 elsewhere; it is overwritten.
  double solve_with_sum(std::vector<double>& x, std::vector<double>& ones, double total) const;

 private:
  void factorise_panel(std::size_t begin, std::size_t end, double least_pivot);
  void subtract_panel(std::size_t begin, std::size_t end);

  double* column(std::size_t j) { return columns_.data() + j * stride_; }
  const double* column(std::size_t j) const { return columns_.data() + j * stride_; }

  const SvmKernels& kernels_;
  std::size_t threads_, size_ = 0, stride_ = 0;
  /// The columns of L, whose diagonal is 1.
  std::vector<double> columns_;
  std::vector<double> pivots_;
  std::vector<double> scratch_;
};

}  // namespace shiftscope
