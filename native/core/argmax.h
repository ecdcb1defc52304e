#pragma once

#include <cstddef>
#include <cstdint>

namespace shiftscope {

/// out[i] = index of the largest value of features[i], the first of equal ones; NaN is passed over, and a row that has
/// nothing above minus infinity gives 0.
///
/// features: [rows, dims], C order. out: [rows]. dims: from 1 to 2^31 - 1. threads: at least 1.
/// Where features change meanwhile, the index is any of the row's.
/// Floor: the features are read once.
void argmax(const float* features, std::size_t rows, std::size_t dims, std::size_t threads, std::int32_t* out);

}  // namespace shiftscope
