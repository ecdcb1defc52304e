#include "svm_factor.h"

#include <algorithm>
#include <cmath>

#include "parallel.h"

namespace shiftscope {
namespace {

constexpr std::size_t kPanel = 64;
constexpr std::size_t kStripRows = 32;

}  // namespace

double* SymmetricFactor::start(std::size_t size) {
  size_ = size;
  stride_ = (size + 7) / 8 * 8;
  columns_.assign(size * stride_, 0.0);
  pivots_.assign(size, 0.0);
  return columns_.data();
}

void SymmetricFactor::factorise(double least_pivot) {
  for (std::size_t begin = 0; begin < size_; begin += kPanel) {
    const std::size_t end = std::min(begin + kPanel, size_);
    factorise_panel(begin, end, least_pivot);
    subtract_panel(begin, end);
  }
}

/// Factorises the columns from `begin` to `end`. `subtract_panel` must have been called for all earlier columns.
void SymmetricFactor::factorise_panel(std::size_t begin, std::size_t end, double least_pivot) {
  for (std::size_t j = begin; j < end; ++j) {
    double* target = column(j);
    std::size_t q = begin;
    for (; q + 4 <= j; q += 4) {
      double scales[4];
      for (std::size_t k = 0; k < 4; ++k) scales[k] = -pivots_[q + k] * column(q + k)[j];
      kernels_.add_four_scaled(target + j, column(q) + j, stride_, scales, size_ - j);
    }
    for (; q < j; ++q) {
      const double* done = column(q);
      kernels_.add_scaled(target + j, done + j, -pivots_[q] * done[j], size_ - j);
    }
    pivots_[j] = std::max(target[j], least_pivot);
    for (std::size_t i = j + 1; i < size_; ++i) target[i] /= pivots_[j];
    target[j] = 1;
  }
}

/// Updates the columns from `end` on: subtracts the outer products of the factorised columns `begin` to `end` - 1.
void SymmetricFactor::subtract_panel(std::size_t begin, std::size_t end) {
  if (end == size_) return;
  scratch_.assign((end - begin) * stride_, 0.0);
  for (std::size_t j = begin; j < end; ++j) {
    const double scale = std::sqrt(pivots_[j]);
    for (std::size_t i = end; i < size_; ++i) {
      scratch_[outer_index(j - begin, i, end - begin)] = scale * column(j)[i];
    }
  }
  for_each_piece(size_ - end, kStripRows, threads_, [&](std::size_t, std::size_t first, std::size_t last) {
    kernels_.add_outer_products(scratch_.data(), end - begin, end + first, end + last, stride_, -1, columns_.data());
  });
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

double SymmetricFactor::solve_with_sum(std::vector<double>& x, std::vector<double>& ones, double total) const {
  solve(x.data());
  solve(ones.data());
  double sum = 0, sum_of_ones = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    sum += x[i];
    sum_of_ones += ones[i];
  }
  const double shift = (total - sum) / sum_of_ones;
  kernels_.add_scaled(x.data(), ones.data(), shift, size_);
  return shift;
}

}  // namespace shiftscope
