#pragma once

/// Everything in this folder lies in one namespace, `cuda`, but when the tests compile it for the emulation of a device
/// (native/test/emulation.h), so that one program can hold both.
#if defined(SHIFTSCOPE_EMULATED_CUDA)
#define SHIFTSCOPE_CUDA emulated_cuda
#else
#define SHIFTSCOPE_CUDA cuda
#endif
