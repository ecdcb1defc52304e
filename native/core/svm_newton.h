#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "svm_features.h"
#include "svm_gram.h"
#include "svm_kernel.h"
#include "svm_method.h"

namespace shiftscope {

/// A problem with too many support vectors for a working set. It is solved on all samples at once.
struct LargeProblem {
  const SvmFeatures& features;
  const std::int8_t* labels = nullptr;  ///< [rows]: +1 or -1; 0 if a sample is ignored
  double C = 1, tolerance = 1e-6;
  std::size_t gram_samples = 0;  ///< largest number of samples in the Gram matrix
  /// Rough mean of the support vectors' multipliers, or C if there are no support vectors. With a bad estimate,
  /// the method only takes more steps.
  double typical_multiplier = 1;
};

/// Solves a problem for (w, b) on all samples at once, by the augmented Lagrangian method (Yan, Li 2020, "An efficient
/// augmented Lagrangian method for support vector machine"). It minimises a sequence of smoothed hinge losses, each by
/// Newton's method with an exact line search. With respect to the slack s, such a loss has the derivative clamp(base +
/// stiffness · s, 0, C), which is the multiplier of the sample. At the minimum, the multipliers become the next base,
/// and the stiffness grows.
/// Only samples with multipliers strictly between 0 and C enter the matrix of a step. Samples with a multiplier of C
/// add nothing to the cost of this matrix, however many there are.
class NewtonMethod : public SvmMethod {
 public:
  /// Starts from w = 0, b = 0. problem.features and problem.labels must outlive this object.
  NewtonMethod(const SvmKernels& kernels, const LargeProblem& problem);

  const std::vector<double>& next(bool last, std::size_t threads) override;
  bool is_heavy() const override;
  void accept(const std::vector<double>& products) override;
  bool is_done() const override { return exact_ && (solution_.converged || gave_up_); }

  const SvmSolution& solution() const override { return solution_; }
  const std::vector<double>& weights() const override { return weights_; }

 private:
  double gap() const { return solution_.primal - solution_.dual; }
  bool is_solved() const { return std::isfinite(gap()) && gap() <= problem_.tolerance * solution_.primal; }
  const std::vector<double>& refresh();
  const std::vector<double>& give_up();
  double norm(const std::vector<double>& x) const { return kernels_.dot(x.data(), x.data(), dims_); }

  void evaluate();
  void update_multipliers();
  void update_gradient();
  double balanced_dual() const;
  double find_direction(std::size_t threads);
  void solve_in_dims(std::size_t threads);
  void solve_in_samples(std::size_t threads);
  void fill_products(double* matrix, std::size_t stride, std::size_t threads);
  void advance(const std::vector<double>& products);

  const SvmKernels& kernels_;
  const LargeProblem problem_;
  const std::size_t rows_, dims_;
  GramMatrix gram_;
  std::vector<double> labels_, weights_, decisions_;
  double intercept_ = 0;
  double stiffness_;
  std::vector<double> base_;                       ///< of the smoothed loss: multipliers at the last minimum
  std::vector<double> alpha_;                      ///< the current multipliers
  std::array<std::vector<double>, 2> class_sums_;  ///< Σ alpha_ x over negative samples, and over positive samples
  std::array<double, 2> alpha_sums_{};
  std::vector<std::uint32_t> between_;             ///< samples whose multipliers are strictly between 0 and C
  std::vector<double> gradient_, direction_;
  double intercept_gradient_ = 0, intercept_direction_ = 0;
  bool exact_ = true;  ///< whether the last call of `next` returned the weights, not a direction
  double least_gap_ = HUGE_VAL;  ///< smallest relative gap so far
  int idle_ = 0;                 ///< number of consecutive calls of `accept` that hardly reduced the gap
  bool gave_up_ = false;
  SvmSolution solution_;
};

}  // namespace shiftscope
