#pragma once

#include <cstddef>

#include "instruction_set.h"

/// Cosine similarity of each feature vector (row) with each anchor vector.
///
/// The speed for n rows, d dims and k anchors is limited by memory or by arithmetic. The features, n·d·4 bytes, are
/// read from memory once. Each float needs k+1 multiply-adds in float64, one per anchor and one for the norm. The
/// anchors stay in the caches. A core can start two SIMD multiply-adds per cycle. With five anchors and 512-bit
/// registers, it could process 10.7 bytes of features per cycle. Memory is slower than that, so memory is the limit.
/// With 256-bit registers, a core can process only 5.3 bytes per cycle, so arithmetic is the limit.
///
/// Precision: a product of two float32 values is exact in float64. A sum of d terms has an error of at most d·2^-53,
/// relative to the product of the norms (Cauchy-Schwarz). That is 1e-12 at d = 10,000, far below the final rounding to
/// float32 (3e-8). Squares and sums of finite float32 values neither overflow nor vanish in float64.
namespace shiftscope {

/// The first vector whose cosines are undefined, and the reason. The reason is `none` if there is no such vector.
struct CosineFault {
  enum class Reason { none, zero, not_a_number, infinite };
  Reason reason = Reason::none;
  bool in_anchors = false;  ///< whether the vector is an anchor, not a feature row
  std::size_t index = 0;    ///< row of the vector; anchors are checked before features
};

/// Computes out[a, i] = <anchors[a], features[i]> / (|anchors[a]| |features[i]|) in float64, then rounds to float32.
///
/// features: [rows, dims]. anchors: [anchor_count, dims]. out: [anchor_count, rows]. All are in C order, and `out` must
/// not overlap the others. `rows` and `anchor_count` may be 0; `dims` and `threads` must be at least 1.
/// The result is the same to the last bit for every number of threads and every instruction set, because every sum is
/// split into the same eight partial sums.
/// If a vector is all zero or contains NaN or an infinity, returns the first such vector. `out` is then unspecified.
CosineFault cosine_similarity(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                              std::size_t anchor_count, std::size_t threads, float* out,
                              InstructionSet level = instruction_set());

/// Computes inverse_norms[a] = 1 / |anchors[a]|. If an anchor is all zero or contains NaN or an infinity, returns the
/// first such anchor.
CosineFault invert_norms(const float* anchors, std::size_t anchor_count, std::size_t dims, double* inverse_norms);

/// Does the same as `cosine_similarity`, with one plain float64 sum per scalar product. Tests compare the results of
/// the two functions.
CosineFault cosine_reference(const float* features, std::size_t rows, std::size_t dims, const float* anchors,
                             std::size_t anchor_count, float* out);

}  // namespace shiftscope
