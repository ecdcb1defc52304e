#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "svm_features.h"
#include "svm_gram.h"
#include "svm_method.h"

namespace shiftscope {

using Samples = std::vector<std::uint32_t>;

/// Solves a problem on a working set of samples. Samples that violate their margins join it (Joachims 1998, "Making
/// large-scale SVM learning practical"). Scalar products come from a Gram matrix that several problems share. The
/// caller adds the samples of `joining` to this matrix, then calls `join`.
class WorkingSetMethod : public SvmMethod {
 public:
  /// labels: [rows]. `features`, `gram` and `labels` must outlive this object.
  WorkingSetMethod(const SvmKernels& kernels, const SvmFeatures& features, const GramMatrix& gram,
                   const std::int8_t* labels, const SvmOptions& options);

  /// Solves the problem on the working set. The tolerance is reduced as the duality gap on all samples shrinks.
  const std::vector<double>& next(bool last, std::size_t threads) override;

  void accept(const std::vector<double>& products) override;
  bool is_done() const override { return solution_.converged; }
  const SvmSolution& solution() const override { return solution_; }
  const std::vector<double>& weights() const override { return weights_; }

  /// Samples that `accept` has chosen to join the working set. They need slots in the Gram matrix before `join`.
  const Samples& joining() const { return joining_; }

  /// Adds samples to the working set, except those with label 0. All given samples must have slots in the Gram matrix.
  void join(const Samples& samples);

  /// Whether the problem should switch to Newton's method: it has too many support vectors, or no longer improves.
  bool is_outgrown() const;

  /// Mean multiplier of the support vectors; C if there are none.
  double mean_multiplier() const;

 private:
  struct Violator {
    double excess;
    std::uint32_t sample;
  };

  Samples members() const;
  std::vector<double> gram_of(const Samples& samples) const;
  void solve(const Samples& samples, const std::vector<double>& products);
  void make_weights();
  void evaluate();
  double intercept_of_members() const;
  void choose_joining();
  std::size_t most_joining() const;

  const SvmKernels& kernels_;
  const SvmFeatures& features_;
  const GramMatrix& gram_;
  const std::int8_t* labels_;
  const SvmOptions options_;
  const std::size_t rows_, dims_;
  std::size_t training_ = 0;          ///< number of samples with label +1 or -1
  std::vector<double> multipliers_;   ///< [rows], multiplier times label; 0 outside the working set
  std::vector<std::uint8_t> member_;  ///< [rows], whether a sample is in the working set
  std::vector<double> weights_;       ///< [dims], padded with zeros
  std::vector<double> scores_;        ///< [rows], <weights, x>
  double squared_norm_ = 0;
  double intercept_ = 0;  ///< optimal for `weights_` and all samples, before the solution is scaled
  double working_tolerance_ = 1e-2;
  std::size_t member_count_ = 0, violating_ = 0, passes_ = 0;
  Samples joining_;
  double gap_ = 1;  ///< duality gap divided by the primal value
  bool is_solved_ = true;  ///< whether the last step solved the problem on the working set
  bool is_stalled_ = false;
  SvmSolution solution_;
};

}  // namespace shiftscope
