#include "svm_primal.h"

#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "svm_factor.h"
#include "svm_squared_hinge.h"

namespace shiftscope {
namespace {

constexpr std::size_t kPieceRows = 128;
constexpr std::size_t kStripRows = 32;

std::size_t padded(std::size_t count) { return (count + 7) / 8 * 8; }

class PrimalNewton {
 public:
  PrimalNewton(const SvmKernels& kernels, const PrimalProblem& problem, PrimalPoint& point)
      : kernels_(kernels), problem_(problem), point_(point), size_(problem.dims + 1), stride_(padded(size_)) {
    labels_.assign(problem.labels, problem.labels + problem.rows);
  }

  std::size_t run(std::size_t steps) {
    for (std::size_t step = 0;; ++step) {
      evaluate();
      if (point_.primal - point_.dual <= problem_.tolerance * point_.primal || step == steps) return step;
      make_hessian();
      solve_for_direction();
      advance();
    }
  }

 private:
  /// Objective, gradient and the dual point alpha_i = 2C max(0, 1 - y_i f_i), whose w is gradient_of_losses_.
  void evaluate() {
    inside_.clear();
    multipliers_.clear();
    double squares = 0, sum = 0;
    for (std::size_t row = 0; row < problem_.rows; ++row) {
      const double slack = std::fabs(labels_[row]) - labels_[row] * point_.decisions[row];
      if (slack <= 0) continue;
      inside_.push_back(row);
      multipliers_.push_back(2 * problem_.C * labels_[row] * slack);
      squares += slack * slack;
      sum += 2 * problem_.C * slack;
    }
    dual_weights_.assign(stride_, 0.0);
    for (std::size_t i = 0; i < inside_.size(); ++i) {
      kernels_.add_scaled_floats(dual_weights_.data(), problem_.features + inside_[i] * problem_.dims, multipliers_[i],
                                 problem_.dims);
      dual_weights_[problem_.dims] += multipliers_[i];
    }
    weights_.assign(point_.weights.begin(), point_.weights.begin() + static_cast<std::ptrdiff_t>(problem_.dims));
    weights_.resize(stride_, 0.0);
    weights_[problem_.dims] = point_.intercept;
    point_.primal = kernels_.dot(weights_.data(), weights_.data(), size_) / 2 + problem_.C * squares;
    // Σ alpha²/4C is C Σ slack².
    point_.dual = sum - kernels_.dot(dual_weights_.data(), dual_weights_.data(), size_) / 2 - problem_.C * squares;
    point_.support_vectors = inside_.size();
  }

  /// The lower half of I + 2C Σ x xᵀ over the samples inside, x with a 1 behind; rows of it are dealt to the threads.
  void make_hessian() {
    hessian_.assign(stride_ * stride_, 0.0);
    for (std::size_t i = 0; i < size_; ++i) hessian_[i * stride_ + i] = 1;
    std::vector<double> rows(kPieceRows * stride_);
    for (std::size_t first = 0; first < inside_.size(); first += kPieceRows) {
      const std::size_t count = std::min(kPieceRows, inside_.size() - first);
      for (std::size_t r = 0; r < count; ++r) {
        const float* x = problem_.features + inside_[first + r] * problem_.dims;
        std::copy(x, x + problem_.dims, rows.begin() + static_cast<std::ptrdiff_t>(r * stride_));
        rows[r * stride_ + problem_.dims] = 1;
      }
      for_each_piece(size_, kStripRows, problem_.threads, [&](std::size_t, std::size_t begin, std::size_t end) {
        kernels_.add_outer_products(rows.data(), count, begin, end, stride_, 2 * problem_.C, hessian_.data());
      });
    }
  }

  void solve_for_direction() {
    std::vector<double> matrix(size_ * size_);
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) matrix[i * size_ + j] = matrix[j * size_ + i] = hessian_[i * stride_ + j];
    }
    SymmetricFactor factor(kernels_);
    factor.factorise(matrix.data(), size_, 0.5);
    direction_ = dual_weights_;
    kernels_.add_scaled(direction_.data(), weights_.data(), -1, size_);
    factor.solve(direction_.data());
  }

  void advance() {
    const double intercept = direction_[problem_.dims];
    direction_[problem_.dims] = 0;
    std::vector<double> targets(problem_.rows);
    for_each_piece(problem_.rows, kPieceRows, problem_.threads, [&](std::size_t, std::size_t begin, std::size_t end) {
      kernels_.decision_values(problem_.features + begin * problem_.dims, end - begin, problem_.dims, direction_.data(), 1,
                               stride_, targets.data() + begin);
      for (std::size_t row = begin; row < end; ++row) targets[row] += point_.decisions[row] + intercept;
    });
    direction_[problem_.dims] = intercept;
    const double now = kernels_.dot(weights_.data(), weights_.data(), size_);
    const double along = kernels_.dot(weights_.data(), direction_.data(), size_);
    const double norms[3] = {now, now + along, now + 2 * along + kernels_.dot(direction_.data(), direction_.data(), size_)};
    const double length = line_minimum(labels_.data(), point_.decisions.data(), targets.data(), problem_.rows, norms, problem_.C);
    kernels_.add_scaled(point_.weights.data(), direction_.data(), length, problem_.dims);
    point_.intercept += length * intercept;
    for (std::size_t row = 0; row < problem_.rows; ++row) {
      point_.decisions[row] += length * (targets[row] - point_.decisions[row]);
    }
  }

  const SvmKernels& kernels_;
  const PrimalProblem& problem_;
  PrimalPoint& point_;
  std::size_t size_, stride_;
  std::vector<double> labels_;
  std::vector<std::size_t> inside_;
  std::vector<double> multipliers_, weights_, dual_weights_, hessian_, direction_;
};

}  // namespace

std::size_t solve(const SvmKernels& kernels, const PrimalProblem& problem, std::size_t steps, PrimalPoint& point) {
  return PrimalNewton(kernels, problem, point).run(steps);
}

}  // namespace shiftscope
