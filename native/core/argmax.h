#pragma once

#include <cstddef>
#include <cstdint>

namespace shiftscope {

/// out[i] = index of the largest value of features[i], the first one if several are equal. NaN is skipped. If no value
/// is above minus infinity, the index is 0.
///
/// features: [rows, dims], C order. out: [rows]. dims: 1 to 2^31 - 1. threads: at least 1.
/// If another thread changes the features meanwhile, any index from 0 to dims - 1 is possible.
/// The features are read once, so the limit is the bandwidth of the memory.
void argmax(const float* features, std::size_t rows, std::size_t dims, std::size_t threads, std::int32_t* out);

}  // namespace shiftscope
