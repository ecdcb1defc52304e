#pragma once

#include <cstddef>
#include <vector>

#include "svm_kernel.h"

namespace shiftscope {

/// Factors L D Lᵀ of a symmetric positive definite matrix. Rows and columns can be removed one by one
/// (Gill, Golub, Murray, Saunders 1974, "Methods for modifying matrix factorizations", method C1).
class SymmetricFactor {
 public:
  explicit SymmetricFactor(const SvmKernels& kernels, std::size_t threads = 1) : kernels_(kernels), threads_(threads) {}

  /// Returns a matrix [size, stride()] of zeros. The caller fills in the elements on and right of the diagonal.
  double* start(std::size_t size);
  std::size_t stride() const { return stride_; }

  /// Replaces the matrix by its factors. A pivot below `least_pivot` is replaced by it, so that a matrix that is
  /// positive semidefinite except for rounding errors can be factorised too. size³/6 multiply-adds.
  void factorise(double least_pivot);

  /// Takes out row and column `index`: solutions have 0 there from now on. O(size²).
  void remove(std::size_t index);

  /// Replaces the right-hand side x, [size], by the solution; x must be 0 at removed indices.
  void solve(double* x) const;

  /// Solves A x' = x + shift · ones, [size] each, with the shift that makes Σ x' = total. Replaces x by x' and returns
  /// the shift. Newton steps need it, because the sum of the multipliers (or of their changes) is given. `ones` must be
  /// 0 at removed indices and 1 elsewhere; its contents are lost.
  double solve_with_sum(std::vector<double>& x, std::vector<double>& ones, double total) const;

 private:
  void factorise_panel(std::size_t begin, std::size_t end, double least_pivot);
  void subtract_panel(std::size_t begin, std::size_t end);

  double* column(std::size_t j) { return columns_.data() + j * stride_; }
  const double* column(std::size_t j) const { return columns_.data() + j * stride_; }

  const SvmKernels& kernels_;
  std::size_t threads_, size_ = 0, stride_ = 0;
  std::vector<double> columns_;  ///< L by columns, unit diagonal
  std::vector<double> pivots_;
  std::vector<double> scratch_;
};

}  // namespace shiftscope
