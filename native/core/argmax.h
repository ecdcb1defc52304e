#pragma once

#include <cstddef>
#include <cstdint>

namespace shiftscope {

/// Finds, for each row, the index of its largest value, or of the first one if several are equal. NaN is skipped. If a
/// row has no value above minus infinity, the row's result is 0.
///
/// features: [rows, dims], C order. out: [rows]. dims: 1 to 2^31 - 1. threads: at least 1.
/// If another thread changes the features during the call, any index from 0 to dims - 1 is possible.
/// The features are read from memory once, so the bandwidth of the memory limits the speed.
void argmax(const float* features, std::size_t rows, std::size_t dims, std::size_t threads, std::int32_t* out);

}  // namespace shiftscope
