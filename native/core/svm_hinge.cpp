#include "svm_hinge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "svm_factor.h"

namespace shiftscope {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kNone = ~std::size_t{0};

/// Largest number of free multipliers (those strictly between their bounds) with which Newton steps are taken. With
/// more, a step would cost more than it gains.
constexpr std::size_t kMostFree = 2000;

/// If a Newton step would move at most this many multipliers out of bounds, they are stopped at the bounds one by one.
constexpr std::size_t kFewBlocked = 16;

/// Limit on consecutive calls of `FreeNewton::project`, because each call needs a new factorisation.
constexpr int kProjections = 4;

/// The steps on pairs of multipliers end when the optimality conditions are violated by less than this. Residuals are
/// about 1, so their rounding errors alone can cause smaller violations.
constexpr double kLeastViolation = 1e-14;

/// The search ends after this many rounds in a row that hardly reduce the duality gap.
constexpr int kIdleRounds = 20;

struct Pair {
  std::size_t up, down;
  double violation, curvature;
};

/// Chooses two multipliers for the next step: `up` will be raised, and `down` lowered by the same amount. Among the
/// multipliers that can be raised, `up` has the largest gradient. `down` is chosen to make the dual rise most.
Pair select_pair(const HingeDual& dual, const std::vector<double>& diagonal) {
  const double* residuals = dual.residuals.data();
  Pair pair{kNone, kNone, 0, 0};
  double highest = -kInfinity;
  for (std::size_t i = 0; i < dual.count; ++i) {
    if (residuals[i] > highest && dual.multipliers[i] < dual.high[i]) {
      highest = residuals[i];
      pair.up = i;
    }
  }
  if (pair.up == kNone) return pair;
  const double* row = dual.row(pair.up);
  double gain = 0;
  for (std::size_t j = 0; j < dual.count; ++j) {
    const double difference = highest - residuals[j];
    if (difference <= 0 || !(dual.multipliers[j] > dual.low[j])) continue;
    pair.violation = std::max(pair.violation, difference);
    const double sum = diagonal[pair.up] + diagonal[j];
    const double curvature = std::max(sum - 2 * row[j], 1e-13 * sum + 1e-300);
    // Checks without a division whether difference² / curvature > gain.
    if (difference * difference > gain * curvature) {
      gain = difference * difference / curvature;
      pair.down = j;
      pair.curvature = curvature;
    }
  }
  return pair;
}

/// Takes at most `limit` steps on pairs of multipliers. Returns false if no pair is left that can raise the dual.
bool step_on_pairs(const SvmKernels& kernels, HingeDual& dual, const std::vector<double>& diagonal, std::size_t limit) {
  for (std::size_t step = 0; step < limit; ++step) {
    const Pair pair = select_pair(dual, diagonal);
    if (pair.down == kNone || pair.violation < kLeastViolation) return false;
    const auto [up, down, violation, curvature] = pair;
    double& raised = dual.multipliers[up];
    double& lowered = dual.multipliers[down];
    const double to_high = dual.high[up] - raised, to_low = lowered - dual.low[down];
    const double length = std::min({(dual.residuals[up] - dual.residuals[down]) / curvature, to_high, to_low});
    raised = length == to_high ? dual.high[up] : raised + length;
    lowered = length == to_low ? dual.low[down] : lowered - length;
    kernels.add_scaled_difference(dual.residuals.data(), dual.row(up), dual.row(down), -length, dual.count);
  }
  return true;
}

std::vector<std::size_t> free_multipliers(const HingeDual& dual) {
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < dual.count; ++i) {
    if (dual.multipliers[i] > dual.low[i] && dual.multipliers[i] < dual.high[i]) free.push_back(i);
  }
  return free;
}

/// Newton's method on the free multipliers, those strictly between their bounds. A multiplier that reaches a bound
/// stays there.
class FreeNewton {
 public:
  FreeNewton(const SvmKernels& kernels, HingeDual& dual, const std::vector<std::size_t>& free)
      : kernels_(kernels), dual_(dual), free_(free), size_(free.size()), factor_(kernels) {
    gather();
  }

  /// Checks whether a Newton step would move many multipliers out of bounds. If so, moves all free multipliers towards
  /// `projection()` instead, and stops where the dual is highest. Returns true if they reached `projection()`.
  bool project() {
    if (!find_direction()) return false;
    std::size_t beyond = 0;
    for (std::size_t i = 0; i < size_; ++i) beyond += distance(i) < 1;
    if (beyond <= kFewBlocked) return false;
    const std::vector<double> targets = projection();
    for (std::size_t i = 0; i < size_; ++i) direction_[i] = targets[i] - dual_.multipliers[free_[i]];
    measure_direction();
    if (!(slope_ > 0)) return false;
    const double length = curvature_ > slope_ ? slope_ / curvature_ : 1;
    for (std::size_t i = 0; i < size_; ++i) {
      double& multiplier = dual_.multipliers[free_[i]];
      const double before = multiplier;
      multiplier = length == 1 ? targets[i] : multiplier + length * direction_[i];
      changes_[i] += multiplier - before;
    }
    kernels_.add_scaled(residuals_.data(), products_.data(), -length, size_);
    if (length == 1) scatter();
    return length == 1;
  }

  void run() {
    for (std::size_t left = size_; left >= 2;) {
      if (!find_direction()) break;
      const std::size_t blocked = advance();
      if (blocked == 0) break;
      left -= blocked;
    }
    scatter();
  }

 private:
  /// Copies the Gram matrix of the free samples, centres it about their mean and factorises it. Centring does not
  /// change a step whose elements sum to 0. It improves precision, because it removes the large component that all
  /// features share.
  void gather() {
    gram_.resize(size_ * size_);
    residuals_.resize(size_);
    std::vector<double> means(size_);
    double mean = 0, raw_scale = 0, scale = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const double* row = dual_.row(free_[i]);
      double sum = 0;
      for (std::size_t j = 0; j < size_; ++j) sum += gram_[i * size_ + j] = row[free_[j]];
      means[i] = sum / static_cast<double>(size_);
      mean += means[i] / static_cast<double>(size_);
      raw_scale = std::max(raw_scale, gram_[i * size_ + i]);
      residuals_[i] = dual_.residuals[free_[i]];
    }
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) gram_[i * size_ + j] += mean - means[i] - means[j];
      scale = std::max(scale, gram_[i * size_ + i]);
    }
    // The ridge, a small number on the diagonal, makes the matrix positive definite even if samples are equal or
    // linearly dependent. It changes only the direction of a step, because the length is computed without it.
    const double ridge = 1e-11 * scale + 1e-14 * raw_scale + 1e-300;
    double* matrix = factor_.start(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      double* target = matrix + i * factor_.stride();
      std::copy_n(gram_.data() + i * size_ + i, size_ - i, target + i);
      target[i] += ridge;
    }
    factor_.factorise(ridge);
    changes_.assign(size_, 0);
    fixed_.assign(size_, false);
  }

  /// Finds the direction d of a Newton step: solves K d = residuals - ν with the number ν that makes Σ d = 0. Returns
  /// false if d does not raise the dual.
  bool find_direction() {
    direction_.resize(size_);
    ones_.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      direction_[i] = fixed_[i] ? 0 : residuals_[i];
      ones_[i] = fixed_[i] ? 0 : 1;
    }
    if (!std::isfinite(factor_.solve_with_sum(direction_, ones_, 0))) return false;
    balance();
    measure_direction();
    return slope_ > 0 && std::isfinite(slope_);
  }

  void measure_direction() {
    slope_ = kernels_.dot(direction_.data(), residuals_.data(), size_);
    products_.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      products_[i] = kernels_.dot(gram_.data() + i * size_, direction_.data(), size_);
    }
    curvature_ = kernels_.dot(direction_.data(), products_.data(), size_);
  }

  /// Returns the point nearest to the end of a full Newton step, among all points that are within the bounds and keep
  /// the sum of the multipliers. To find it, all multipliers at the end of the step are lowered by the same shift and
  /// clipped to their bounds. Bisection finds the shift that keeps the sum.
  std::vector<double> projection() const {
    std::vector<double> point(size_);
    double sum = 0, widest = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      sum += dual_.multipliers[free_[i]];
      widest = std::max(widest, std::fabs(direction_[i]) + dual_.high[free_[i]] - dual_.low[free_[i]]);
    }
    double low = -widest, high = widest;
    constexpr int kBisections = 100;
    for (int step = 0; step < kBisections; ++step) {
      const double shift = (low + high) / 2;
      double shifted = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        point[i] = std::clamp(dual_.multipliers[free_[i]] + direction_[i] - shift, dual_.low[free_[i]], dual_.high[free_[i]]);
        shifted += point[i];
      }
      (shifted > sum ? low : high) = shift;
    }
    return point;
  }

  /// Shifts the direction so that its elements sum to 0. Otherwise, rounding errors of the sum would accumulate.
  void balance() {
    double sum = 0;
    std::size_t moving = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      sum += direction_[i];
      moving += !fixed_[i];
    }
    for (std::size_t i = 0; i < size_; ++i) {
      if (!fixed_[i]) direction_[i] -= sum / static_cast<double>(moving);
    }
  }

  /// Moves the multipliers along the direction, to the maximum of the dual or until a multiplier reaches a bound.
  /// Returns the number of multipliers that reached a bound.
  std::size_t advance() {
    double length = curvature_ > 0 ? slope_ / curvature_ : kInfinity;
    double to_bound = kInfinity;
    for (std::size_t i = 0; i < size_; ++i) to_bound = std::min(to_bound, distance(i));
    const bool blocked = to_bound <= length;
    length = std::min(length, to_bound);
    if (!std::isfinite(length)) return 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (fixed_[i]) continue;
      double& multiplier = dual_.multipliers[free_[i]];
      const double before = multiplier;
      if (blocked && distance(i) <= length) {
        multiplier = direction_[i] > 0 ? dual_.high[free_[i]] : dual_.low[free_[i]];
        fixed_[i] = true;
        factor_.remove(i);
        ++count;
      } else {
        multiplier += length * direction_[i];
      }
      changes_[i] += multiplier - before;
    }
    kernels_.add_scaled(residuals_.data(), products_.data(), -length, size_);
    return count;
  }

  /// Length of the step that takes multiplier i to a bound; infinite if the direction does not move it.
  double distance(std::size_t i) const {
    if (fixed_[i] || direction_[i] == 0) return kInfinity;
    const double bound = direction_[i] > 0 ? dual_.high[free_[i]] : dual_.low[free_[i]];
    return std::max(0.0, (bound - dual_.multipliers[free_[i]]) / direction_[i]);
  }

  void scatter() {
    for (std::size_t i = 0; i < size_; ++i) {
      if (changes_[i] == 0) continue;
      kernels_.add_scaled(dual_.residuals.data(), dual_.row(free_[i]), -changes_[i], dual_.count);
    }
  }

  const SvmKernels& kernels_;
  HingeDual& dual_;
  const std::vector<std::size_t>& free_;
  std::size_t size_;
  SymmetricFactor factor_;
  std::vector<double> gram_, residuals_, direction_, ones_, products_, changes_;
  std::vector<bool> fixed_;
  double slope_ = 0, curvature_ = 0;
};

void step_on_free(const SvmKernels& kernels, HingeDual& dual) {
  for (int projection = 0; projection <= kProjections; ++projection) {
    const std::vector<std::size_t> free = free_multipliers(dual);
    if (free.size() < 2 || free.size() > kMostFree) return;
    FreeNewton newton(kernels, dual, free);
    if (projection < kProjections && newton.project()) continue;
    newton.run();
    return;
  }
}

/// The duality gap divided by the primal value.
double relative_gap(const HingeDual& dual, double C) {
  std::vector<double> residuals(dual.residuals);
  const double intercept = best_intercept(residuals, std::count(dual.labels.begin(), dual.labels.end(), 1.0));
  double slacks = 0, gap = 0, squared_norm = 0, sum = 0;
  for (std::size_t i = 0; i < dual.count; ++i) {
    const double excess = dual.residuals[i] - intercept;
    const double slack = std::max(0.0, dual.labels[i] * excess);
    slacks += slack;
    gap += C * slack - dual.multipliers[i] * excess;
    squared_norm += dual.multipliers[i] * (dual.labels[i] - dual.residuals[i]);
    sum += std::fabs(dual.multipliers[i]);
  }
  const double primal = std::fabs(squared_norm / 2 + C * slacks);
  const Margin margin = margin_of(dual.residuals.data(), dual.labels.data(), dual.count);
  if (margin.half_width > 0) {
    const double scaled = std::fabs(squared_norm) / 2 * margin.scale() * margin.scale();
    if (scaled < primal) return std::max(0.0, scaled + squared_norm / 2 - sum) / scaled;
  }
  return gap > 0 ? gap / primal : 0;
}

}  // namespace

Margin margin_of(const double* residuals, const double* labels, std::size_t count) {
  double negative = -kInfinity, positive = kInfinity;
  for (std::size_t i = 0; i < count; ++i) {
    const double score = labels[i] - residuals[i];
    if (labels[i] > 0) positive = std::min(positive, score);
    if (labels[i] < 0) negative = std::max(negative, score);
  }
  const double width = positive - negative;
  if (!(width > 0 && width < kInfinity)) return {};
  return {width / 2, -(positive + negative) / 2};
}

double best_intercept(std::vector<double>& residuals, std::size_t positives) {
  const auto begin = residuals.begin();
  if (positives == 0) return *std::min_element(begin, residuals.end());
  const auto lower = begin + static_cast<std::ptrdiff_t>(positives - 1);
  std::nth_element(begin, lower, residuals.end());
  if (lower + 1 == residuals.end()) return *lower;
  return (*lower + *std::min_element(lower + 1, residuals.end())) / 2;
}

double evaluate_primal(SvmSolution& solution, const std::vector<double>& decisions, double intercept,
                       const std::int8_t* labels, double half_norm, double C) {
  std::vector<double> residuals, residuals_of_scores, trained_labels;
  std::size_t positives = 0;
  for (std::size_t row = 0; row < decisions.size(); ++row) {
    const double label = labels[row];
    if (label == 0) continue;
    residuals.push_back(label - decisions[row]);
    residuals_of_scores.push_back(label - (decisions[row] - intercept));
    trained_labels.push_back(label);
    positives += label > 0;
  }
  const Margin margin = margin_of(residuals_of_scores.data(), trained_labels.data(), trained_labels.size());
  const double shift = best_intercept(residuals, positives);
  double slacks = 0;
  for (std::size_t row = 0; row < decisions.size(); ++row) {
    if (labels[row] != 0) slacks += std::max(0.0, 1 - labels[row] * (decisions[row] + shift));
  }
  const double best = intercept + shift;
  solution.primal = half_norm + C * slacks;
  solution.intercept = best;
  solution.scale = 1;
  if (!(margin.half_width > 0)) return best;
  const double scaled = half_norm * margin.scale() * margin.scale();
  if (!(scaled < solution.primal)) return best;
  solution.primal = scaled;
  solution.scale = margin.scale();
  solution.intercept = margin.intercept * margin.scale();
  return best;
}

bool solve(const SvmKernels& kernels, HingeDual& dual, double C, double tolerance) {
  std::vector<double> diagonal(dual.count);
  for (std::size_t i = 0; i < dual.count; ++i) diagonal[i] = dual.row(i)[i];
  constexpr int kRounds = 400;
  double best = kInfinity;
  for (int round = 0, idle = 0; round < kRounds && idle < kIdleRounds; ++round) {
    const std::size_t free = free_multipliers(dual).size();
    const std::size_t steps_for_a_factor = free * free * free / (24 * dual.count + 1);
    const bool more = step_on_pairs(kernels, dual, diagonal, dual.count + steps_for_a_factor + 20);
    double gap = relative_gap(dual, C);
    if (!more || gap <= tolerance) return true;
    step_on_free(kernels, dual);
    gap = relative_gap(dual, C);
    if (gap <= tolerance) return true;
    idle = gap < 0.99 * best ? 0 : idle + 1;
    best = std::min(best, gap);
  }
  return false;
}

}  // namespace shiftscope
