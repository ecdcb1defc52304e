#pragma once

#include <cstddef>

#include "../core/cosine.h"
#include "features.h"
#include "memory.h"
#include "namespace.h"
#include "stream.h"

/// Cosine similarity of every position's feature with each anchor's, on a device; the twin of core/cosine.h.
///
/// Floor: the features are read once from the device's memory, at up to 840 billion floats a second (an H100's 3.35 TB/s);
/// five anchors and the norm are six sums. Where float64 runs at half the speed of float32, sums in float64 keep up with
/// that; elsewhere those of sums.h do.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// out, anchors and faults as in core/cosine.h: [anchor_count, rows] and [anchor_count, dims] in the processor's memory.
/// Results are within a rounding of the reference's; their bits depend on nothing but the features' arithmetic.
/// Throws DeviceError.
CosineFault cosine_similarity(const Features& features, const float* anchors, std::size_t anchor_count, float* out);

/// The same in parts, for one who keeps what is on the device.
class Cosines {
 public:
  /// anchors: [count, dims], in the processor's memory. Looks at them first: `fault` is then set, and nothing else done.
  Cosines(const Features& features, const float* anchors, std::size_t anchor_count);

  /// Queues the computation; features, this and the stream must outlive it.
  void compute(const Stream& stream);

  /// Waits. out: [anchor_count, rows].
  CosineFault result(const Stream& stream, float* out) const;

 private:
  const Features& features_;
  std::size_t anchor_count_, groups_;
  CosineFault fault_;
  Array<char> anchors_;                    ///< operands, [groups · anchors of a group, dims]
  Array<double> inverse_norms_;            ///< [groups · anchors of a group]
  Array<float> similarities_;              ///< [anchor_count, rows]
  Array<unsigned long long> first_fault_;  ///< 4 · row + reason
};

}  // namespace shiftscope::SHIFTSCOPE_CUDA
