#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "instruction_set.h"
#include "svm_kernel.h"

namespace shiftscope {

/// The kernels for an instruction set, which this machine must support.
SvmKernels svm_kernels(InstructionSet level);

/// One term of a weighted sum of samples: a row of features and its factor.
struct SvmTerm {
  std::uint32_t sample;
  double factor;
};

/// A matrix of features, and the operations on it that take most of the time of training. The features can be in host
/// memory or on a device. Sums are as accurate as in float64. Their last bits depend on the implementation, but not on
/// the number of threads.
/// Several threads may use one object at the same time. The implementation for a device (cuda/svm.h) throws
/// DeviceError.
class SvmFeatures {
 public:
  virtual ~SvmFeatures() = default;

  virtual std::size_t rows() const = 0;
  virtual std::size_t dims() const = 0;

  /// Computes out[v][i] = <vectors[v], x_i> for every sample i, where x_i is row i of the features.
  /// vectors: [count, stride]. stride: a multiple of 8; the elements from `dims` to `stride` must be 0.
  /// out: `count` pointers to arrays, each [rows].
  virtual void products(const double* vectors, std::size_t count, std::size_t stride, std::size_t threads,
                        double* const* out) const = 0;

  /// Computes the scalar product of one vector with each of the given samples: out[i] = <vector, x_s> with s =
  /// samples[i].
  /// vector: [dims rounded up to a multiple of 8]; elements from `dims` on must be 0.
  virtual void products_of(const std::vector<std::uint32_t>& samples, const double* vector, double* out) const = 0;

  /// Fills the Gram matrix of the samples, from row and column `begin` on. Its elements (i, j) and (j, i) are the
  /// scalar product of samples[i] and samples[j], at out[i · stride + j] and out[j · stride + i].
  /// Elements for which both i and j are less than `begin` stay unchanged.
  virtual void fill_gram(const std::vector<std::uint32_t>& samples, std::size_t begin, std::size_t threads, double* out,
                         std::size_t stride) const = 0;

  /// Adds a weighted sum of samples: target += Σ factor · x over the terms. target: [dims].
  virtual void add_rows(const std::vector<SvmTerm>& terms, double* target) const = 0;

  /// Adds the outer products of samples with themselves: out[i · stride + j] += scale · Σ z_i z_j for i <= j <= dims.
  /// The sum is over the samples, and z = (x, 1) is a sample x followed by a 1.
  /// The other elements of `out` are unspecified. stride: a multiple of 8, at least dims + 1.
  virtual void add_outer_products(const std::vector<std::uint32_t>& samples, double scale, std::size_t threads,
                                  double* out, std::size_t stride) const = 0;

  /// The first row that contains NaN or an infinity; nothing if there is none.
  virtual std::optional<std::size_t> first_not_finite() const = 0;
};

class HostFeatures : public SvmFeatures {
 public:
  /// features: [rows, dims], which must outlive this object.
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
