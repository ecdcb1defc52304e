#include "svm_working_set.h"

#include <algorithm>
#include <cmath>

#include "svm_hinge.h"

namespace shiftscope {
namespace {

/// A problem switches to Newton's method if its working set would exceed kMostWorking samples. It also switches if too
/// many samples outside the set violate their margins after kTrialPasses passes over all samples. kMostViolating is the
/// limit for their number, as a share of the training samples.
constexpr std::size_t kMostWorking = 2048;
constexpr double kMostViolating = 0.5;
constexpr std::size_t kTrialPasses = 4;

/// Limit for the number of samples that join a working set after a pass: the set's size divided by kJoiningShare, but
/// at least kLeastJoining and at most kMostJoining. A higher limit would save passes, but passes are cheap. It would
/// also enlarge the Gram matrix by samples that never become support vectors.
constexpr std::size_t kLeastJoining = 64;
constexpr std::size_t kMostJoining = 1000;
constexpr std::size_t kJoiningShare = 4;

/// If no sample joins after a pass, the duality gap must now be less than kProgress times the gap before the pass.
/// Otherwise, the problem switches to Newton's method.
constexpr double kProgress = 0.5;

}  // namespace

WorkingSetMethod::WorkingSetMethod(const SvmKernels& kernels, const SvmFeatures& features, const GramMatrix& gram,
                                   const std::int8_t* labels, const SvmOptions& options)
    : kernels_(kernels),
      features_(features),
      gram_(gram),
      labels_(labels),
      options_(options),
      rows_(features.rows()),
      dims_(features.dims()),
      multipliers_(rows_),
      member_(rows_),
      weights_((dims_ + 7) / 8 * 8),
      scores_(rows_) {
  training_ = rows_ - static_cast<std::size_t>(std::count(labels, labels + rows_, std::int8_t{0}));
}

void WorkingSetMethod::join(const Samples& samples) {
  for (std::uint32_t sample : samples) {
    member_count_ += member_[sample] == 0 && labels_[sample] != 0;
    member_[sample] = labels_[sample] != 0;
  }
  joining_.clear();
}

bool WorkingSetMethod::is_outgrown() const {
  const double most_violating = kMostViolating * static_cast<double>(training_);
  return is_stalled_ || member_count_ + joining_.size() > kMostWorking ||
         (passes_ >= kTrialPasses && static_cast<double>(violating_) > most_violating);
}

double WorkingSetMethod::mean_multiplier() const {
  double sum = 0;
  std::size_t count = 0;
  for (double multiplier : multipliers_) {
    sum += std::fabs(multiplier);
    count += multiplier != 0;
  }
  return count == 0 ? options_.C : sum / static_cast<double>(count);
}

const std::vector<double>& WorkingSetMethod::next(bool, std::size_t) {
  const Samples samples = members();
  solve(samples, gram_of(samples));
  make_weights();
  return weights_;
}

Samples WorkingSetMethod::members() const {
  Samples samples;
  for (std::uint32_t sample : gram_.samples()) {
    if (member_[sample]) samples.push_back(sample);
  }
  return samples;
}

std::vector<double> WorkingSetMethod::gram_of(const Samples& samples) const {
  const std::size_t size = samples.size();
  std::vector<double> part(size * size);
  Samples slots;
  for (std::uint32_t sample : samples) slots.push_back(gram_.slot_of(sample));
  for (std::size_t i = 0; i < size; ++i) {
    const double* row = gram_.row(slots[i]);
    double* target = part.data() + i * size;
    for (std::size_t j = 0; j < size; ++j) target[j] = row[slots[j]];
  }
  return part;
}

void WorkingSetMethod::solve(const Samples& samples, const std::vector<double>& products) {
  HingeDual dual;
  dual.count = samples.size();
  dual.gram = products.data();
  for (std::uint32_t sample : samples) {
    const double label = labels_[sample];
    dual.labels.push_back(label);
    dual.low.push_back(label < 0 ? -options_.C : 0);
    dual.high.push_back(label > 0 ? options_.C : 0);
    dual.multipliers.push_back(multipliers_[sample]);
    dual.residuals.push_back(label - scores_[sample]);
  }
  is_solved_ = shiftscope::solve(kernels_, dual, options_.C, working_tolerance_);
  for (std::size_t i = 0; i < samples.size(); ++i) multipliers_[samples[i]] = dual.multipliers[i];
}

void WorkingSetMethod::make_weights() {
  std::vector<SvmTerm> terms;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (multipliers_[row] != 0) terms.push_back({static_cast<std::uint32_t>(row), multipliers_[row]});
  }
  std::fill(weights_.begin(), weights_.end(), 0.0);
  features_.add_rows(terms, weights_.data());
  squared_norm_ = kernels_.dot(weights_.data(), weights_.data(), dims_);
}

void WorkingSetMethod::accept(const std::vector<double>& products) {
  ++passes_;
  scores_ = products;
  evaluate();
  const double before = gap_;
  gap_ = (solution_.primal - solution_.dual) / solution_.primal;
  solution_.converged = gap_ <= options_.tolerance;
  working_tolerance_ = std::max(0.1 * options_.tolerance, std::min(1e-2, 0.03 * gap_));
  choose_joining();
  is_stalled_ = !is_solved_ || (joining_.empty() && !(gap_ < kProgress * before));
}

void WorkingSetMethod::evaluate() {
  intercept_ = evaluate_primal(solution_, scores_, 0, labels_, squared_norm_ / 2, options_.C);
  solution_.dual = -squared_norm_ / 2;
  solution_.support_vectors = solution_.bounded = 0;
  for (double signed_multiplier : multipliers_) {
    const double multiplier = std::fabs(signed_multiplier);
    solution_.dual += multiplier;
    solution_.support_vectors += multiplier > 0;
    solution_.bounded += multiplier == options_.C;
  }
}

/// Returns an intercept for which the working set's multipliers are optimal. Of all such intercepts, it is the nearest
/// to the best intercept for all samples. The optimal intercepts lie between two residuals y - <w, x>: the largest
/// among samples whose multiplier can be raised, and the smallest among samples whose multiplier can be lowered.
double WorkingSetMethod::intercept_of_members() const {
  double raised = -HUGE_VAL, lowered = HUGE_VAL;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (!member_[row]) continue;
    const double label = labels_[row], alpha = label * multipliers_[row], residual = label - scores_[row];
    if (label > 0 ? alpha < options_.C : alpha > 0) raised = std::max(raised, residual);
    if (label > 0 ? alpha > 0 : alpha < options_.C) lowered = std::min(lowered, residual);
  }
  const auto [low, high] = std::minmax(raised, lowered);
  return std::min(std::max(intercept_, low), high);
}

/// Chooses the samples that violate their margins most; these will join the working set. The margins are computed with
/// the intercept of `intercept_of_members`. With the best intercept for all samples, many samples could lie exactly at
/// their margins. These would not be chosen, although the dual problem's solution needs them.
void WorkingSetMethod::choose_joining() {
  joining_.clear();
  violating_ = 0;
  if (solution_.converged) return;
  const double intercept = intercept_of_members();
  std::vector<Violator> violators;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (member_[row] || labels_[row] == 0) continue;
    const double slack = 1 - labels_[row] * (scores_[row] + intercept);
    if (slack > 0) violators.push_back({slack, static_cast<std::uint32_t>(row)});
  }
  violating_ = violators.size();
  const std::size_t most = std::min(violators.size(), most_joining());
  std::partial_sort(violators.begin(), violators.begin() + static_cast<std::ptrdiff_t>(most), violators.end(),
                    [](const Violator& a, const Violator& b) {
                      return a.excess != b.excess ? a.excess > b.excess : a.sample < b.sample;
                    });
  // Violators that are already in the Gram matrix always join, because they do not enlarge it.
  for (std::size_t i = 0; i < violators.size(); ++i) {
    const std::uint32_t sample = violators[i].sample;
    if (i < most || gram_.slot_of(sample) != GramMatrix::kNoSlot) joining_.push_back(sample);
  }
}

std::size_t WorkingSetMethod::most_joining() const {
  return std::clamp(member_count_ / kJoiningShare, kLeastJoining, kMostJoining);
}

}  // namespace shiftscope
