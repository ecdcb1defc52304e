#pragma once

// The CUDA language and runtime: NVIDIA's, or what the tests put in their place.

#include "namespace.h"

#if defined(SHIFTSCOPE_EMULATED_CUDA)
#include "emulation.h"
#else
#include <cuda_runtime.h>
#if defined(__CUDACC__)
#include <cuda_pipeline_primitives.h>
#endif
#endif
