#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// Partial sums of one sum: as many on every instruction set, so that results agree to the last bit. (A product of two
/// float32 is exact in float64, so that it does not matter either whether it is fused with the addition.)
constexpr std::size_t kCosineLanes = 8;

/// As many neighbouring dims of one anchor, in float64, which spares converting them again for every few rows.
struct alignas(64) CosineLanes {
  double values[kCosineLanes];
};

/// Squared norms of feature rows and their dot products with all anchors, in float64.
///
/// features: [rows, dims]. anchors: [dims / 8 rounded up, anchor_count], zero from dims on.
/// sums: [1 + anchor_count, rows], the squared norms first.
SHIFTSCOPE_DECLARE_LEVELS(void dot_products(const float* features, std::size_t rows, std::size_t dims,
                                            const CosineLanes* anchors, std::size_t anchor_count, double* sums))

}  // namespace shiftscope
