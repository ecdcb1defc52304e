#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "instruction_set.h"

/// Linear support vector machines over one matrix of features, many problems at once.
///
/// With y_i in {-1, +1} the label of sample i and f(x) = <w, x> + b, a problem minimises
///   ½|w|² + C Σ max(0, 1 - y_i f(x_i)), b free (libsvm's C-SVC, sklearn SVC(kernel='linear')).
///
/// Method: mostly the support vectors are few, so each problem is solved on a working set of samples
/// (svm_working_set.h), with a Gram matrix that problems share. The tolerance gets finer as the duality gap shrinks.
/// Then one pass over the features gives the decision values of all problems. The samples that violate their margins
/// most join the working set. A problem switches to Newton's method on all samples (svm_newton.h) if it has many
/// support vectors or its working set cannot be solved. Newton's steps take part in the same passes. With either
/// method, a problem has converged when its duality gap is at most the tolerance.
///
/// Lower bound of the time: each pass reads rows·dims·4 bytes and takes `problems` float64 multiply-adds per float,
/// which is 2.5 per byte for ten problems. A core with 256-bit vectors does about that many while the memory delivers
/// the data, so either may be the limit. A dozen passes cost no more than the Gram matrix, which takes m²/2·dims
/// multiply-adds for the m samples that were ever in a working set. Classes that overlap more have more support
/// vectors, and Newton's steps take m³.
namespace shiftscope {

struct SvmOptions {
  double C = 1;
  /// A problem is solved when (primal - dual) <= tolerance · primal. The dual value bounds the optimum from below, so the
  /// primal value is then within this fraction of it.
  double tolerance = 1e-6;
  /// Most passes over the features. Problems that have not converged by then are returned as they are; problems that no
  /// longer improve end sooner.
  std::size_t pass_limit = 500;
  /// Most bytes of all Gram matrices together.
  std::size_t gram_bytes = std::size_t{256} << 20;
  std::size_t threads = 1;
  /// Checked between the steps of each problem. If it is not 0, the training ends with SvmStopped. May be null.
  const std::atomic<std::int32_t>* stop = nullptr;
};

/// Thrown after SvmOptions::stop was set. The training has no result then.
struct SvmStopped : std::runtime_error {
  SvmStopped() : std::runtime_error("the training was stopped") {}
};

struct SvmSolution {
  double intercept = 0;
  double scale = 1;   ///< factor for the method's own weights; the weights of the result are scaled already
  double primal = 0;  ///< objective at (w, b)
  double dual = 0;    ///< objective of a feasible dual point, at most the optimum
  std::size_t support_vectors = 0;
  std::size_t bounded = 0;  ///< support vectors whose multiplier is C
  bool converged = false;
};

struct SvmResult {
  std::vector<SvmSolution> solutions;  ///< one for each problem
  std::size_t passes = 0;              ///< over the features
  std::size_t gram_samples = 0;        ///< samples whose scalar products were taken
  /// The first row that holds NaN or an infinity. If set, everything else in the result is meaningless.
  std::optional<std::size_t> fault;
};

/// Trains all problems and evaluates them on all samples.
///
/// features: [rows, dims], C order. labels: [problems, rows], +1 or -1, or 0 for a sample that is not in the problem's
/// training set. decisions: [problems, rows], filled with f(x_i) for every sample, those with label 0 included.
/// weights: [problems, dims], filled with w, or null.
/// The result does not depend on the number of threads; its last bits depend on the instruction set.
/// C and the tolerance must be positive and finite, and dims not 0. Throws std::invalid_argument for any other label
/// and for a problem without samples of both classes. Throws SvmStopped.
SvmResult train_svm(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                    std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

class SvmFeatures;

/// `train_svm` for features in any memory, such as a device's (svm_features.h). Passes on the exceptions of `features`.
SvmResult train_svm(const SvmFeatures& features, const std::int8_t* labels, std::size_t problems,
                    const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

/// `train_svm` by coordinate-wise ascent of the dual on the full Gram matrix, one problem after the other. Tests
/// compare `train_svm` with it on small problems.
SvmResult svm_reference(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                        std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr);

}  // namespace shiftscope
