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
/// Method: mostly the support vectors are few, so each problem is solved on a working set by means of its Gram matrix, which
/// the problems share, to a tolerance that gets finer with the duality gap; then one pass over the features gives the
/// decision values of all problems, and the samples that the working sets are most wrong about join them
/// (svm_working_set.h). A problem with many support vectors, or whose working set cannot be solved, goes over to Newton's
/// method on all samples (svm_newton.h), whose steps take part in the same passes. A problem has converged when its duality
/// gap is below the tolerance, whatever led there.
///
/// Floor: each pass reads rows·dims·4 bytes and takes `problems` multiply-adds a float in float64, 2.5 a byte for ten
/// problems: about as much as a core with 256-bit vectors can do while the memory delivers it, so that passes are bound by
/// either, and a dozen of them cost no more than the Gram matrix of the m samples that were ever in a working set, m²/2·dims
/// multiply-adds. Features that overlap more take more support vectors, and m³ for Newton's steps.
namespace shiftscope {

struct SvmOptions {
  double C = 1;
  /// A problem is solved when (primal - dual) <= tolerance · primal. The dual value bounds the optimum from below, so the
  /// primal value is then within this fraction of it.
  double tolerance = 1e-6;
  /// Passes over the features after which what has not converged is given back as it is; what gets no better is given back
  /// sooner.
  std::size_t pass_limit = 500;
  /// Bytes of all Gram matrices at most.
  std::size_t gram_bytes = std::size_t{256} << 20;
  std::size_t threads = 1;
  /// Looked at between the steps of each problem; other than 0, the training ends with SvmStopped. May be null.
  const std::atomic<std::int32_t>* stop = nullptr;
};

/// Somebody asked the training to stop; it has no result.
struct SvmStopped : std::runtime_error {
  SvmStopped() : std::runtime_error("the training was stopped") {}
};

struct SvmSolution {
  double intercept = 0;
  double scale = 1;   ///< of the method's weights, the result's being scaled already
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
  /// The first row that holds NaN or an infinity. Nothing else of the result means anything then.
  std::optional<std::size_t> fault;
};

/// Trains all problems and evaluates them on all samples.
///
/// features: [rows, dims], C order. labels: [problems, rows], +1 or -1, or 0 for a sample that is not in the problem's
/// training set. decisions: [problems, rows], filled with f(x_i) for every sample, those with label 0 included.
/// weights: [problems, dims], filled with w, or null.
/// The result does not depend on the number of threads; its last bits depend on the instruction set.
/// C and the tolerance must be positive and finite, and dims not 0. Throws std::invalid_argument for a label other than these
/// and for a problem without samples of both classes; SvmStopped.
SvmResult train_svm(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                    std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

class SvmFeatures;

/// `train_svm` for features that lie wherever they do (svm_features.h); exceptions of these go to the caller.
SvmResult train_svm(const SvmFeatures& features, const std::int8_t* labels, std::size_t problems,
                    const SvmOptions& options, double* decisions, double* weights = nullptr,
                    InstructionSet level = instruction_set());

/// `train_svm` by coordinate-wise ascent of the dual on the full Gram matrix, one problem after the other. Tests
/// compare `train_svm` with it on small problems.
SvmResult svm_reference(const float* features, std::size_t rows, std::size_t dims, const std::int8_t* labels,
                        std::size_t problems, const SvmOptions& options, double* decisions, double* weights = nullptr);

}  // namespace shiftscope
