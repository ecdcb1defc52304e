#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "instruction_set.h"
#include "svm_kernel.h"

namespace shiftscope {

/// The kernels of this level, which must be available.
SvmKernels svm_kernels(InstructionSet level);

/// A row of features and its factor in a sum.
struct SvmTerm {
  std::uint32_t sample;
  double factor;
};

/// A matrix of features, and the operations on it that take most of a training's time. The features can be in host
/// memory or on a device. Sums are as accurate as in float64. Their last bits depend on the implementation, but not on
/// the number of threads.
/// Several threads may call one object at the same time. The implementation for a device (cuda/svm.h) throws
/// DeviceError.
class SvmFeatures {
 public:
  virtual ~SvmFeatures() = default;

  virtual std::size_t rows() const = 0;
  virtual std::size_t dims() const = 0;

  /// out[v][i] = <vectors[v], x_i> for every sample i.
  /// vectors: [count, stride]. stride: a multiple of 8; the elements from `dims` to `stride` must be 0.
  /// out: [count] pointers to [rows].
  virtual void products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                        double* const* out) const = 0;

  /// out[i] = <vector, x_samples[i]>. vector: [dims rounded up to a multiple of 8]; elements from `dims` on must be 0.
  virtual void products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const = 0;

  /// out[i · stride + j] = out[j · stride + i] = <x_samples[i], x_samples[j]> for i >= begin and j <= i.
  /// Products between two of the first `begin` samples are not computed again.
  virtual void fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads, double* out,
                         std::size_t stride) const = 0;

  /// target += Σ factor · x. target: [dims].
  virtual void add_rows(const std::vector<SvmTerm>& terms, double* target) const = 0;

  /// out[i · stride + j] += scale · Σ z_i z_j over the samples, with z = (x, 1), for i <= dims and i <= j <= dims.
  /// Other elements of a row are unspecified. stride: a multiple of 8, at least dims + 1.
  virtual void add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads,
                                  double* out, std::size_t stride) const = 0;

  /// The first row that contains NaN or an infinity.
  virtual std::optional<std::size_t> first_not_finite() const = 0;
};

class HostFeatures : public SvmFeatures {
 public:
  /// features: [rows, dims], which must outlive this.
  HostFeatures(const float* features, std::size_t rows, std::size_t dims, const SvmKernels& kernels)
      : features_(features), rows_(rows), dims_(dims), kernels_(kernels) {}

  std::size_t rows() const override { return rows_; }
  std::size_t dims() const override { return dims_; }
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
  const float* row(std::size_t sample) const { return features_ + sample * dims_; }

  const float* features_;
  std::size_t rows_, dims_;
  const SvmKernels kernels_;
};

}  // namespace shiftscope
