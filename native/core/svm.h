#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "instruction_set.h"

/// Trains linear support vector machines: many problems at once on one matrix of features. A problem is a classifier
/// for two classes, with its own labels.
///
/// Let y_i in {-1, +1} be the label of sample i, and f(x) = <w, x> + b the decision value. Each problem minimises
///   ½|w|² + C Σ max(0, 1 - y_i f(x_i)), without a penalty on b (libsvm's C-SVC, sklearn SVC(kernel='linear')).
///
/// Method: most problems have few support vectors, so each is first solved on a working set of samples
/// (svm_working_set.h). The problems share a Gram matrix of these samples. Then one pass over the features gives the
/// decision values of all problems, and the samples that violate their margins most join the working sets. This is
/// repeated, and the working sets are solved more exactly as the duality gaps shrink.
/// A problem switches to Newton's method on all samples (svm_newton.h) if it has many support vectors or its working
/// set cannot be solved. Both methods share the passes. With either method, a problem has converged when its duality
/// gap is at most the tolerance.
///
/// What limits the speed: a pass reads rows·dims·4 bytes, and each float needs a float64 multiply-add for each problem.
/// With ten problems, this is 2.5 multiply-adds per byte. A core with 256-bit vectors does about 2.5 multiply-adds in
/// the time that the memory needs for a byte. So either the core or the memory can be the limit.
/// The Gram matrix needs m²/2·dims multiply-adds. m is the number of samples that have been in a working set. A dozen
/// passes take no longer than computing this matrix. The more the classes overlap, the more support vectors there are.
/// A Newton step factorises a matrix in time proportional to s³. s is the number of samples with multipliers strictly
/// between 0 and C, or dims if that is less.
namespace shiftscope {

struct SvmOptions {
  double C = 1;
  /// A problem has converged when (primal - dual) <= tolerance · primal. The dual value is a lower bound of the
  /// optimum, so the primal value then exceeds the optimum by at most tolerance · primal.
  double tolerance = 1e-6;
  /// Largest number of passes over the features. A problem that has not converged by then is returned as it is.
  /// Training ends sooner for a problem that no longer improves.
  std::size_t pass_limit = 500;
  /// Memory limit of all Gram matrices together, in bytes.
  std::size_t gram_bytes = std::size_t{256} << 20;
  std::size_t threads = 1;
  /// If this becomes nonzero, `train_svm` soon throws SvmStopped. May be null.
  const std::atomic<std::int32_t>* stop = nullptr;
};

/// Thrown if SvmOptions::stop was set.
struct SvmStopped : std::runtime_error {
  SvmStopped() : std::runtime_error("the training was stopped") {}
};

struct SvmSolution {
  double intercept = 0;
  double scale = 1;   ///< factor of the weights: w = scale · SvmMethod::weights()
  double primal = 0;  ///< objective at (w, b)
  double dual = 0;    ///< dual objective, a lower bound of the optimum
  std::size_t support_vectors = 0;
  std::size_t bounded = 0;  ///< support vectors whose multiplier is C
  bool converged = false;
};

struct SvmResult {
  std::vector<SvmSolution> solutions;  ///< one solution for each problem
  std::size_t passes = 0;              ///< number of passes over the features
  std::size_t gram_samples = 0;        ///< number of samples, summed over all Gram matrices
  /// The first row of features with NaN or an infinity. If it is set, the rest of the result is meaningless.
  std::optional<std::size_t> fault;
};

/// Trains all problems and evaluates them on all samples.
///
/// features: [rows, dims], C order.
/// labels: [problems, rows]. A label is +1 or -1, or 0 if the sample is not in the problem's training set.
/// decisions: [problems, rows], filled with f(x_i) for every sample, also for those with label 0.
/// weights: [problems, dims], filled with w; may be null.
/// The result does not depend on the number of threads. Its last bits depend on the instruction set.
/// C and the tolerance must be positive and finite, and dims must not be 0. Throws std::invalid_argument for a label
/// other than +1, -1 or 0, or if a problem has no samples of one of the classes. Throws SvmStopped after `options.stop`
/// was set.
SvmResult train_svm(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                    std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

class SvmFeatures;

/// The same training on features in other memory, such as a CUDA device's. It rethrows the exceptions of `features`.
SvmResult train_svm(const SvmFeatures& features, const std::int8_t* labels, std::size_t problems,
                    const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

/// Solves the problems one after the other, on the full Gram matrix. Each step changes two multipliers, so that the
/// dual value rises. Tests compare `train_svm` with it on small problems.
SvmResult svm_reference(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                        std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr);

}  // namespace shiftscope
