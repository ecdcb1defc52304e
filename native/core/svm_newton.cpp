#include "svm_newton.h"

#include <algorithm>
#include <cmath>

#include "svm_factor.h"
#include "svm_hinge.h"

namespace shiftscope {
namespace {

/// Stiffness of the smoothed hinge loss: its first value, growth factor and largest value. The first and the largest
/// value are multiplied by `typical_multiplier`. A stiffer loss is closer to the true hinge loss but takes more steps.
/// If it is far too stiff, rounding errors make the steps inaccurate.
constexpr double kFirstStiffness = 20;
constexpr double kGrowth = 3;
constexpr double kMostStiffness = 1e4;

/// A smoothed problem counts as solved if the next step would lower its objective by less than this share of the
/// allowed duality gap. With a larger share, its multipliers would be too inaccurate for the next smoothed problem.
constexpr double kPromise = 1e-3;

/// With at least this many multipliers strictly between 0 and C, a step takes so long that it uses several threads.
constexpr std::size_t kHeavy = 256;

/// If the features have at most this many dims, a step always solves a system with one unknown per dim, which is cheap.
/// A system with one unknown per sample would be inaccurate if the columns have very different scales.
constexpr std::size_t kFewDims = 256;

/// The method gives up after `kIdlePasses` passes in a row without progress, because the rest of the gap is rounding
/// error. A pass makes progress if the gap falls below `kProgress` times the smallest gap before.
constexpr int kIdlePasses = 40;
constexpr double kProgress = 0.9;

std::size_t padded(std::size_t count) { return (count + 7) / 8 * 8; }

/// Describes the smoothed losses of all samples. A step of length t changes the decision values f to f + t · change. A
/// sample has the slack s = 1 - y f. The derivative of its loss with respect to s is its multiplier, min(max(0, base +
/// stiffness · s), limit).
struct LineSearch {
  const double* labels = nullptr;     ///< [count]; samples with label 0 are ignored
  const double* decisions = nullptr;  ///< decision values f, [count]
  const double* changes = nullptr;    ///< change of f for t = 1, [count]
  const double* base = nullptr;       ///< each sample's multiplier at the last minimum, [count]
  std::size_t count = 0;
  double stiffness = 0, limit = 0;
};

struct Derivatives {
  double first, second;
};

Derivatives derivatives_at(const LineSearch& search, double t, double slope, double curvature) {
  Derivatives at{slope + t * curvature, curvature};
  for (std::size_t i = 0; i < search.count; ++i) {
    const double label = search.labels[i], change = search.changes[i];
    if (label == 0) continue;
    const double slack = 1 - label * (search.decisions[i] + t * change);
    const double multiplier = search.base[i] + search.stiffness * slack;
    if (multiplier <= 0) continue;
    at.first -= std::min(multiplier, search.limit) * label * change;
    if (multiplier < search.limit) at.second += search.stiffness * change * change;
  }
  return at;
}

/// The t > 0 that minimises the losses plus slope · t + ½ curvature · t².
double line_minimum(const LineSearch& search, double slope, double curvature) {
  // The function is convex and piecewise quadratic, so Newton's method finds the minimum. Bisection keeps t within
  // bounds.
  double low = 0, high = HUGE_VAL, t = 1;
  for (int step = 0; step < 100; ++step) {
    const Derivatives at = derivatives_at(search, t, slope, curvature);
    (at.first < 0 ? low : high) = t;
    double next = at.second > 0 ? t - at.first / at.second : HUGE_VAL;
    if (!(next > low && next < high)) next = std::isfinite(high) ? (low + high) / 2 : 2 * t;
    if (std::fabs(next - t) <= 1e-13 * t) return next;
    t = next;
  }
  return t;
}

}  // namespace

NewtonMethod::NewtonMethod(const SvmKernels& kernels, const LargeProblem& problem)
    : kernels_(kernels),
      problem_(problem),
      rows_(problem.features.rows()),
      dims_(problem.features.dims()),
      gram_(problem.features, problem.gram_samples),
      labels_(problem.labels, problem.labels + rows_),
      weights_(padded(dims_)),
      decisions_(rows_),
      stiffness_(kFirstStiffness * problem.typical_multiplier),
      base_(rows_),
      alpha_(rows_) {
  for (std::vector<double>& sum : class_sums_) sum.resize(padded(dims_));
  evaluate();
}

/// Makes `next` return the weights. `accept` then computes the decision values anew, from scalar products of weights
/// and samples. This removes the rounding errors that the steps accumulated.
const std::vector<double>& NewtonMethod::refresh() {
  exact_ = true;
  return weights_;
}

/// Ends the method with a last `refresh`. If the numbers overflowed, the weights are first reset to zero.
const std::vector<double>& NewtonMethod::give_up() {
  gave_up_ = true;
  if (!std::isfinite(gap())) {
    std::fill(weights_.begin(), weights_.end(), 0.0);
    intercept_ = 0;
  }
  return refresh();
}

const std::vector<double>& NewtonMethod::next(bool last, std::size_t threads) {
  if (idle_ >= kIdlePasses || !std::isfinite(gap())) return give_up();
  if (last || is_solved()) return refresh();
  double promise = find_direction(threads);
  if (promise <= kPromise * problem_.tolerance * solution_.primal) {
    stiffness_ = std::min(stiffness_ * kGrowth, kMostStiffness * problem_.typical_multiplier);
    base_ = alpha_;
    evaluate();
    if (is_solved()) return refresh();
    promise = find_direction(threads);
  }
  // No step improves the solution, but `refresh` still removes rounding errors.
  if (!(promise > 0)) return refresh();
  exact_ = false;
  return direction_;
}

void NewtonMethod::accept(const std::vector<double>& products) {
  if (exact_) {
    for (std::size_t row = 0; row < rows_; ++row) decisions_[row] = products[row] + intercept_;
    std::fill(alpha_.begin(), alpha_.end(), 0.0);
    for (std::vector<double>& sum : class_sums_) std::fill(sum.begin(), sum.end(), 0.0);
  } else {
    advance(products);
  }
  evaluate();
  solution_.converged = exact_ && is_solved();
  const double relative_gap = gap() / solution_.primal;
  idle_ = relative_gap < kProgress * least_gap_ ? 0 : idle_ + 1;
  least_gap_ = std::min(least_gap_, relative_gap);
}

bool NewtonMethod::is_heavy() const { return between_.size() >= kHeavy; }

void NewtonMethod::advance(const std::vector<double>& products) {
  std::vector<double> changes(products);
  for (double& change : changes) change += intercept_direction_;
  const double slope = kernels_.dot(weights_.data(), direction_.data(), dims_);
  const double curvature = norm(direction_);
  const double length = line_minimum(
      {labels_.data(), decisions_.data(), changes.data(), base_.data(), rows_, stiffness_, problem_.C}, slope, curvature);
  kernels_.add_scaled(weights_.data(), direction_.data(), length, dims_);
  intercept_ += length * intercept_direction_;
  kernels_.add_scaled(decisions_.data(), changes.data(), length, rows_);
}

void NewtonMethod::evaluate() {
  update_multipliers();
  update_gradient();
  evaluate_primal(solution_, decisions_, intercept_, problem_.labels, norm(weights_) / 2, problem_.C);
  solution_.dual = balanced_dual();
}

/// Computes all multipliers from the decision values, and updates `class_sums_` to match them.
void NewtonMethod::update_multipliers() {
  between_.clear();
  std::array<std::vector<SvmTerm>, 2> changed;
  alpha_sums_ = {};
  solution_.support_vectors = solution_.bounded = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    const double label = labels_[row];
    if (label == 0) continue;
    const double slack = 1 - label * decisions_[row];
    const double raw = base_[row] + stiffness_ * slack;
    const double alpha = std::min(std::max(raw, 0.0), problem_.C);
    const auto sample = static_cast<std::uint32_t>(row);
    if (raw > 0 && raw < problem_.C) between_.push_back(sample);
    if (alpha != alpha_[row]) changed[label > 0].push_back({sample, alpha - alpha_[row]});
    alpha_[row] = alpha;
    alpha_sums_[label > 0] += alpha;
    solution_.support_vectors += alpha > 0;
    solution_.bounded += alpha >= problem_.C;
  }
  for (int positive : {0, 1}) problem_.features.add_rows(changed[positive], class_sums_[positive].data());
}

void NewtonMethod::update_gradient() {
  gradient_ = weights_;
  kernels_.add_scaled(gradient_.data(), class_sums_[1].data(), -1, dims_);
  kernels_.add_scaled(gradient_.data(), class_sums_[0].data(), 1, dims_);
  intercept_gradient_ = alpha_sums_[0] - alpha_sums_[1];
}

/// The dual value, Σ alpha - ½ |Σ alpha y x|². It is defined only if both classes have equal sums of multipliers, so
/// the multipliers of the class with the larger sum are scaled down.
double NewtonMethod::balanced_dual() const {
  const double least = std::min(alpha_sums_[0], alpha_sums_[1]);
  std::vector<double> sum(weights_.size());
  for (int positive : {0, 1}) {
    const double share = alpha_sums_[positive] > 0 ? least / alpha_sums_[positive] : 0;
    kernels_.add_scaled(sum.data(), class_sums_[positive].data(), positive ? share : -share, dims_);
  }
  return 2 * least - norm(sum) / 2;
}

/// Finds the direction of the next Newton step. Returns by how much the step would lower the smoothed objective,
/// according to its quadratic approximation.
double NewtonMethod::find_direction(std::size_t threads) {
  direction_ = gradient_;
  for (double& d : direction_) d = -d;
  intercept_direction_ = -intercept_gradient_;
  if (dims_ <= kFewDims || between_.size() > dims_) {
    solve_in_dims(threads);
  } else if (!between_.empty()) {
    solve_in_samples(threads);
  }
  return -(kernels_.dot(direction_.data(), gradient_.data(), dims_) + intercept_direction_ * intercept_gradient_) / 2;
}

/// Finds the direction by linear equations, with one unknown per dim and one for the intercept:
/// (H + stiffness · Σ z zᵀ) direction = -gradient. H is diagonal, 1 for weights and 0 for the intercept. The sum is
/// over the samples in `between_`, and z = (x, 1).
void NewtonMethod::solve_in_dims(std::size_t threads) {
  std::vector<double> solution(direction_.begin(), direction_.begin() + static_cast<std::ptrdiff_t>(dims_));
  solution.push_back(intercept_direction_);
  SymmetricFactor factor(kernels_, threads);
  double* hessian = factor.start(dims_ + 1);
  const std::size_t stride = factor.stride();
  for (std::size_t i = 0; i < dims_; ++i) hessian[i * stride + i] = 1;
  problem_.features.add_outer_products(between_, stiffness_, threads, hessian, stride);
  factor.factorise(1e-12);
  factor.solve(solution.data());
  std::copy_n(solution.begin(), dims_, direction_.begin());
  intercept_direction_ = solution[dims_];
}

/// Finds the same direction as `solve_in_dims`, by equations with one unknown t_i per sample in `between_`. X: the rows
/// of these samples. K: their scalar products. (d, d_b): the direction of weights and intercept.
/// With t = stiffness · (X d + d_b), the equations are (K + I / stiffness) t = -X gradient + d_b and Σ t = -gradient_b.
/// Then d = -gradient - Xᵀ t.
void NewtonMethod::solve_in_samples(std::size_t threads) {
  const std::size_t size = between_.size();
  std::vector<double> t(size), ones(size, 1.0);
  problem_.features.products_of(between_, direction_.data(), t.data());
  SymmetricFactor factor(kernels_, threads);
  double* matrix = factor.start(size);
  fill_products(matrix, factor.stride(), threads);
  factor.factorise(1e-12 / stiffness_);
  intercept_direction_ = factor.solve_with_sum(t, ones, -intercept_gradient_);
  std::vector<SvmTerm> terms(size);
  for (std::size_t i = 0; i < size; ++i) terms[i] = {between_[i], -t[i]};
  problem_.features.add_rows(terms, direction_.data());
}

/// Fills `matrix`, on and right of the diagonal, with K + I / stiffness. K: scalar products of the samples in
/// `between_`.
void NewtonMethod::fill_products(double* matrix, std::size_t stride, std::size_t threads) {
  // Without enough room in gram_, which keeps scalar products for later steps, all products are computed anew.
  if (between_.size() > gram_.capacity()) {
    problem_.features.fill_gram(between_, 0, threads, matrix, stride);
    for (std::size_t i = 0; i < between_.size(); ++i) matrix[i * stride + i] += 1 / stiffness_;
    return;
  }
  std::vector<std::uint32_t> fresh;
  for (std::uint32_t sample : between_) {
    if (gram_.slot_of(sample) == GramMatrix::kNoSlot) fresh.push_back(sample);
  }
  if (gram_.size() + fresh.size() > gram_.capacity()) {
    gram_.clear();
    fresh = between_;
  }
  gram_.extend(fresh, threads);
  for (std::size_t i = 0; i < between_.size(); ++i) {
    const double* products = gram_.row(gram_.slot_of(between_[i]));
    double* target = matrix + i * stride;
    for (std::size_t j = i; j < between_.size(); ++j) target[j] = products[gram_.slot_of(between_[j])];
    target[i] += 1 / stiffness_;
  }
}

}  // namespace shiftscope
