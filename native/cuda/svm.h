#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "../core/svm.h"
#include "../core/svm_features.h"
#include "features.h"
#include "namespace.h"
#include "workspace.h"

/// Linear support vector machines over features on a device; the twin of core/svm.h.
///
/// The processor runs the same training: working sets, their small dual problems and the stopping rule. The device does
/// what grows with rows · dims, and only weights, decision values and scalar products of the chosen samples cross the bus.
///
/// Floor: a pass reads the features once for ten problems, 0.11 ms for 22,500 x 4096 at an H100's 3.35 TB/s; uploading them
/// takes 15 to 60 ms and the processor's own share about as long, so that these are what remains.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// labels, options, decisions, weights, result and errors as in core/svm.h, all in the processor's memory. The result is
/// within the same tolerance of the optimum; it does not depend on options.threads. Throws DeviceError.
SvmResult train_svm(const Features& features, const std::int8_t* labels, std::size_t problems, const SvmOptions& options,
                    double* decisions, double* weights = nullptr);

/// What the training asks of the features. All of it throws DeviceError. Calls from several threads have a queue and memory
/// each: they share the device and do not wait for one another's work on the processor.
class DeviceSvmFeatures : public SvmFeatures {
 public:
  /// features must outlive this.
  explicit DeviceSvmFeatures(const Features& features) : features_(features), workspaces_(features.device()) {}

  std::size_t rows() const override { return features_.rows(); }
  std::size_t dims() const override { return features_.dims(); }
  void products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                double* const* out) const override;
  void products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const override;
  void fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads, double* out,
                 std::size_t stride) const override;
  void add_rows(const std::vector<SvmTerm>& terms, double* target) const override;
  void add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads, double* out,
                          std::size_t stride) const override;
  std::optional<std::size_t> first_not_finite() const override;

 private:
  const Features& features_;
  mutable Workspaces workspaces_;
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
