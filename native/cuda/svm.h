#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "../core/svm.h"
#include "../core/svm_features.h"
#include "features.h"

/// Linear support vector machines over features on a device; the twin of core/svm.h.
///
/// The processor runs the same training: working sets, their small dual problems, the systems of Newton's method and
/// the stopping rule. The device does what grows with rows · dims, and only weights, decision values and scalar
/// products of the chosen samples cross the bus.
///
/// Floor: a pass reads the features once for ten problems, 0.11 ms for 22,500 x 4096 at an H100's 3.35 TB/s; uploading them
/// takes 15 to 60 ms and the processor's own share about as long, so that these are what remains.
namespace shiftscope::SHIFTSCOPE_CUDA {

/// labels, options, decisions, weights, result and errors as in core/svm.h, all in the processor's memory. The result is
/// within the same tolerance of the optimum; it does not depend on options.threads. Throws DeviceError.
SvmResult train_svm(const Features& features, const std::int8_t* labels, std::size_t problems, const SvmOptions& options,
                    double* decisions, double* weights = nullptr);

/// What the training asks of the features, which must outlive it. All of it throws DeviceError. Calls from several threads
/// have a queue and memory each: they share the device and do not wait for one another's work on the processor.
std::unique_ptr<SvmFeatures> svm_features(const Features& features);

}  // namespace shiftscope::SHIFTSCOPE_CUDA
