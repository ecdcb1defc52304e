#include "svm_factor.h"

#include <algorithm>

namespace shiftscope {

void SymmetricFactor::factorise(const double* matrix, std::size_t size, double least_pivot) {
  size_ = size;
  columns_.resize(size * size);
  pivots_.resize(size);
  for (std::size_t j = 0; j < size; ++j) {
    double* target = column(j);
    // The matrix is symmetric: its row j read from the diagonal on is its column.
    std::copy(matrix + j * size + j, matrix + (j + 1) * size, target + j);
    std::size_t q = 0;
    for (; q + 4 <= j; q += 4) {
      double scales[4];
      for (std::size_t k = 0; k < 4; ++k) scales[k] = -pivots_[q + k] * column(q + k)[j];
      kernels_.add_four_scaled(target + j, column(q) + j, size, scales, size - j);
    }
    for (; q < j; ++q) {
      const double* done = column(q);
      kernels_.add_scaled(target + j, done + j, -pivots_[q] * done[j], size - j);
    }
    pivots_[j] = std::max(target[j], least_pivot);
    for (std::size_t i = j + 1; i < size; ++i) target[i] /= pivots_[j];
    target[j] = 1;
  }
}

void SymmetricFactor::remove(std::size_t index) {
  for (std::size_t j = 0; j < index; ++j) column(j)[index] = 0;
  double* removed = column(index);
  scratch_.assign(removed, removed + size_);
  std::fill(removed + index + 1, removed + size_, 0.0);
  double weight = pivots_[index];
  pivots_[index] = 1;
  for (std::size_t j = index + 1; j < size_ && weight > 0; ++j) {
    const double p = scratch_[j];
    if (p == 0) continue;
    const double pivot = pivots_[j] + weight * p * p;
    const double share = p * weight / pivot;
    weight *= pivots_[j] / pivot;
    pivots_[j] = pivot;
    double* target = column(j);
    kernels_.add_scaled(scratch_.data() + j + 1, target + j + 1, -p, size_ - j - 1);
    kernels_.add_scaled(target + j + 1, scratch_.data() + j + 1, share, size_ - j - 1);
  }
}

void SymmetricFactor::solve(double* x) const {
  for (std::size_t j = 0; j < size_; ++j) {
    if (x[j] != 0) kernels_.add_scaled(x + j + 1, column(j) + j + 1, -x[j], size_ - j - 1);
  }
  for (std::size_t j = 0; j < size_; ++j) x[j] /= pivots_[j];
  for (std::size_t j = size_; j-- > 0;) x[j] -= kernels_.dot(column(j) + j + 1, x + j + 1, size_ - j - 1);
}

}  // namespace shiftscope
