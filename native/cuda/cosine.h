#pragma once

#include <cstddef>

#include "../core/cosine.h"
#include "features.h"

/// Cosine similarity of every position's feature with each anchor's, on a device; the twin of core/cosine.h.
///
/// Floor: the features are read once from the device's memory, at up to 840 billion floats a second (an H100's 3.35 TB/s);
/// five anchors and the norm are six sums, with which float64 keeps up where it runs at half the speed of float32.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// out, anchors and faults as in core/cosine.h: [anchor_count, rows] and [anchor_count, dims] in the processor's memory.
/// Results are within a rounding of the reference's. Throws DeviceError.
CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
