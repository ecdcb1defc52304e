#pragma once

// The CUDA language and runtime: NVIDIA's, or what the tests put in their place.

#include "namespace.h"

#if defined(SHIFTSCOPE_EMULATED_CUDA)
#include "emulation.h"
#else
#include <cuda_runtime.h>
#endif
