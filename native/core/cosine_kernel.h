#pragma once

#include <cstddef>

#include "levels.h"

namespace shiftscope {

/// Computes the squared norm of each feature row, and its scalar products with all anchors, in float64.
///
/// features: [rows, dims]. anchors: [anchor_count, padded_dims], where padded_dims is dims rounded up to a multiple of
/// 8, and the padding is 0. Anchors are float32, because reading float64 from the second-level cache would be too slow.
/// sums: [rows, 1 + anchor_count]. Each row begins with the squared norm.
SHIFTSCOPE_DECLARE_LEVELS(void dot_products(const float* features, std::size_t rows, std::size_t dims,
                                            const float* anchors, std::size_t anchor_count, std::size_t padded_dims,
                                            double* sums))

}  // namespace shiftscope
