#pragma once

#include <memory>

#include "../core/svm_features.h"
#include "features.h"

/// Linear support vector machines on features in device memory.
///
/// The processor runs the same training as without a device: working sets, their small dual problems, the systems of
/// Newton's method and the stopping rule. The device does the work that grows with rows · dims. Only weights, decision
/// values and scalar products of chosen samples cross the bus.
///
/// What limits the speed: a pass reads the features once for ten problems, which takes 0.11 ms for 22,500 x 4096 at an
/// H100's 3.35 TB/s. The upload takes 15 to 60 ms, and the processor's share of the work about as long. So these two
/// take most of the time.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// The operations that a training needs (core/svm_features.h), on features in device memory. `features` must outlive
/// the result. The functions of the result throw DeviceError. Each call uses a stream and memory of its own, so threads
/// that call at the same time need not wait for each other.
std::unique_ptr<SvmFeatures> svm_features(const Features& features);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
