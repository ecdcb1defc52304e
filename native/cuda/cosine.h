#pragma once

#include <cstddef>

#include "../core/cosine.h"
#include "features.h"

/// Cosine similarity on a device; the counterpart of core/cosine.h.
///
/// What limits the speed: the features are read once from the device's memory, at up to 840 billion floats per second
/// (an H100's 3.35 TB/s). With five anchors and the norm, each float needs six multiply-adds in float64. They keep up
/// with the memory if the device is half as fast in float64 as in float32.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// Parameters and faults are as in core/cosine.h. All pointers are to host memory. Results differ from those of
/// `cosine_reference` by at most one rounding to float32. Throws DeviceError.
CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
