#pragma once

#include "launch.h"

/// Sums of products of float32 features and float64 vectors, in two ways; a kernel takes the one that its device is
/// faster at. Of what the products come to, all taken positive, a sum of 4096 is off by about 1e-15 in float64 and 5e-14 in pairs
/// of float32 that are settled every few products.
namespace shiftscope::SHIFTSCOPE_CUDA {

struct Float64Sum {
  /// What a feature becomes where it takes part in many products.
  using Element = double;
  static __device__ Element element(float value) { return value; }
  using Operand = double;
  static Operand operand(double value) { return value; }
  static __device__ double value_of(Operand operand) { return operand; }
  /// Whether squares and products of any finite float32 stay in range.
  static constexpr bool kAnyRange = true;

  double sum;
  __device__ void clear() { sum = 0; }
  __device__ void add_product(float x, float y) { add_product(x, static_cast<double>(y)); }
  __device__ void add_product(float x, double y) { add_product(static_cast<double>(x), y); }
  __device__ void add_product(double x, double y) { sum = __fma_rn(x, y, sum); }
  __device__ void settle() {}
  __device__ double value() const { return sum; }
};

/// In pairs of float32: with fused multiply-adds the rounding error of a product is one more operation, that of an addition
/// five, and the errors are summed beside the sum (Ogita, Rump, Oishi 2005, "Accurate sum and dot product", Dot2). Ten
/// operations in float32 are much faster than one in float64 on a device that has few float64 units.
/// Products must stay between 2^-100 and 2^120 or be too small to matter.
struct CompensatedSum {
  using Element = float;
  static __device__ Element element(float value) { return value; }
  struct Operand {
    float high, low;
  };
  static Operand operand(double value) {
    const auto high = static_cast<float>(value);
    return {high, static_cast<float>(value - static_cast<double>(high))};
  }
  static __device__ double value_of(Operand operand) {
    return static_cast<double>(operand.high) + static_cast<double>(operand.low);
  }
  static constexpr bool kAnyRange = false;

  float sum, error;
  __device__ void clear() { sum = error = 0; }
  __device__ void add_product(float x, float y) {
    const float product = __fmul_rn(x, y);
    const float product_error = __fmaf_rn(x, y, -product);
    const float next = __fadd_rn(sum, product);
    const float shift = __fsub_rn(next, sum);
    const float sum_error = __fadd_rn(__fsub_rn(sum, __fsub_rn(next, shift)), __fsub_rn(product, shift));
    error = __fadd_rn(error, __fadd_rn(sum_error, product_error));
    sum = next;
  }
  __device__ void add_product(float x, Operand y) {
    add_product(x, y.high);
    error = __fmaf_rn(x, y.low, error);
  }
  /// Moves as much of the error to the sum as that can hold, without rounding. The error starts small again, and the
  /// smaller it is, the less its additions are rounded.
  __device__ void settle() {
    const float next = __fadd_rn(sum, error);
    error = __fsub_rn(error, __fsub_rn(next, sum));
    sum = next;
  }
  __device__ double value() const { return static_cast<double>(sum) + static_cast<double>(error); }
};

/// The sum over the lanes of a warp, the same on all of them.
inline __device__ double warp_sum(double value) {
#pragma unroll
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) value += __shfl_xor_sync(0xffffffffu, value, lanes);
  return value;
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
