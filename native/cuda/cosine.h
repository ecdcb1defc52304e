#pragma once

#include <cstddef>

#include "../core/cosine.h"
#include "features.h"

/// Cosine similarity on a device; the counterpart of core/cosine.h.
///
/// Lower bound of the time: the features are read once from the device's memory, at up to 840 billion floats per second
/// (an H100's 3.35 TB/s). Five anchors and the norm are six sums per float. Float64 keeps up with the memory if it runs
/// at half the speed of float32.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Parameters and faults as in core/cosine.h. All pointers are to the processor's memory. Results differ from the
/// reference's by at most one rounding. Throws DeviceError.
CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
