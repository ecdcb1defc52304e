#pragma once

#include <cstddef>

#include "instruction_set.h"

/// Cosine similarity of every position's feature with each anchor's.
///
/// Lower bound of the time, for n positions, d dims and k anchors: n·d·4 bytes of features are read once, with k+1
/// multiply-adds per float (6 for five anchors). The anchors stay in the caches. So the memory-read bandwidth is the
/// limit, as long as a core's float64 multiply-adds keep up with it. At two vectors per cycle, they consume 10.7 bytes
/// per cycle with 512-bit vectors. With 256 bits it is 5.3 bytes, and arithmetic is the limit.
///
/// Precision: a product of two float32 is exact in float64 and sums over d terms add at most d·2^-53 relative to the
/// product of the norms (Cauchy-Schwarz), 1e-12 at d = 10,000; so the result's rounding to float32 (3e-8) dominates.
/// The range of float64 holds the squares and sums of all finite float32 values, so nothing overflows or vanishes.
namespace shiftscope {

/// Why a cosine does not exist.
struct CosineFault {
  enum class Reason { none, zero, not_a_number, infinite };
  Reason reason = Reason::none;
  bool in_anchors = false;  ///< else in the features
  std::size_t index = 0;    ///< first row at fault; anchors are checked before features
};

/// out[a, i] = <anchors[a], features[i]> / (|anchors[a]| |features[i]|), rounded to float32 from float64.
///
/// features: [rows, dims], C order. anchors: [anchor_count, dims], C order. out: [anchor_count, rows], C order,
/// overlapping neither. rows and anchor_count may be 0; dims must not be.
/// threads: at least 1. The bits of the result depend neither on it nor on the instruction set, because every sum is
/// split into the same eight partial sums.
/// Returns the first vector that is all zero or not finite as the fault; `out` is then unspecified.
CosineFault cosine_similarity(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                              std::size_t anchor_count, std::size_t threads, float* out,
                              InstructionSet level = instruction_set());

/// inverse_norms[a] = 1 / |anchors[a]|. Returns the first anchor that has no direction; the inverses are then unspecified.
CosineFault invert_norms(const float* anchors, std::size_t anchor_count, std::size_t dims, double* inverse_norms);

/// `cosine_similarity` with one plain float64 sum per result. Tests compare the kernels with it.
CosineFault cosine_reference(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                             std::size_t anchor_count, float* out);

}  // namespace shiftscope
