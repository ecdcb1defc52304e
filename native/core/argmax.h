#pragma once

#include <cstddef>
#include <cstdint>

namespace shiftscope {

/// out[i] = index of the largest value of features[i]; of several equal ones, the first. NaN is skipped. A row without
/// a value above minus infinity gives 0.
///
/// features: [rows, dims], C order. out: [rows]. dims: from 1 to 2^31 - 1. threads: at least 1.
/// If another thread changes the features meanwhile, the index may be any from 0 to dims - 1.
/// Lower bound of the time: the features are read once.
void argmax(const float* features, std::size_t rows, std::size_t dims, std::size_t threads, std::int32_t* out);

}  // namespace shiftscope
