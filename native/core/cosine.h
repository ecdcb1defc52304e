#pragma once

#include <cstddef>

#include "instruction_set.h"

/// Cosine similarity of each feature vector (row) with each anchor.
///
/// Lower bound of the time, for n rows, d dims and k anchors: n·d·4 bytes of features are read once, with k+1
/// multiply-adds per float. The anchors stay in the caches. The limit is the memory-read bandwidth as long as a core's
/// float64 multiply-adds keep up with it. At two vectors per cycle, they consume 10.7 bytes per cycle with 512-bit
/// vectors (k = 5). With 256-bit vectors, it is 5.3 bytes, and arithmetic is the limit.
///
/// Precision: a product of two float32 is exact in float64. A sum over d terms adds an error of at most d·2^-53,
/// relative to the product of the norms (Cauchy-Schwarz). That is 1e-12 at d = 10,000, far below the final rounding to
/// float32 (3e-8). Squares and sums of finite float32 values neither overflow nor vanish in float64.
namespace shiftscope {

/// Why a vector has no cosine.
struct CosineFault {
  enum class Reason { none, zero, not_a_number, infinite };
  Reason reason = Reason::none;
  bool in_anchors = false;  ///< otherwise in the features
  std::size_t index = 0;    ///< first such row; anchors are checked before features
};

/// out[a, i] = <anchors[a], features[i]> / (|anchors[a]| |features[i]|), computed in float64 and rounded to float32.
///
/// features: [rows, dims], C order. anchors: [anchor_count, dims], C order. out: [anchor_count, rows], C order,
/// overlapping neither. rows and anchor_count may be 0, but not dims.
/// The bits of the result depend neither on `threads` (at least 1) nor on the instruction set, because every sum is
/// split into the same eight partial sums.
/// Returns the first vector that is all zero or not finite as a fault. In that case, `out` is unspecified.
CosineFault cosine_similarity(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                              std::size_t anchor_count, std::size_t threads, float* out,
                              InstructionSet level = instruction_set());

/// inverse_norms[a] = 1 / |anchors[a]|. Returns the first anchor that is zero or not finite as a fault.
CosineFault invert_norms(const float* anchors, std::size_t anchor_count, std::size_t dims, double* inverse_norms);

/// `cosine_similarity` with one plain float64 sum per result. Tests compare the kernels with it.
CosineFault cosine_reference(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                             std::size_t anchor_count, float* out);

}  // namespace shiftscope
