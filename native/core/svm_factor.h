#pragma once

#include <cstddef>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// Factors L D Lᵀ of a symmetric positive definite matrix, from which rows and columns can be taken out one by one
/// (Gill, Golub, Murray, Saunders 1974, "Methods for modifying matrix factorizations", method C1).
class SymmetricFactor {
 public:
  explicit SymmetricFactor(const SvmKernels& kernels) : kernels_(kernels) {}

  /// matrix: [size, size], C order; its lower half is read. A pivot below `least_pivot` is replaced by it, which bends
  /// the factors of a matrix that is positive semidefinite but for rounding.
  void factorise(const double* matrix, std::size_t size, double least_pivot);

  /// Takes out row and column `index`: solutions have 0 there from now on. O(size²).
  void remove(std::size_t index);

  /// Replaces the right-hand side x, [size], by the solution; x must be 0 at removed indices.
  void solve(double* x) const;

 private:
  double* column(std::size_t j) { return columns_.data() + j * size_; }
  const double* column(std::size_t j) const { return columns_.data() + j * size_; }

  const SvmKernels& kernels_;
  std::size_t size_ = 0;
  std::vector<double> columns_;  ///< L by columns, unit diagonal
  std::vector<double> pivots_;
  std::vector<double> scratch_;
};

}  // namespace shiftscope
