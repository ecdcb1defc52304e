#pragma once

/// SHIFTSCOPE_DECLARE_LEVELS declares a function once per instruction set, each in a namespace of its own (see
/// SHIFTSCOPE_LEVEL in vector.h). SHIFTSCOPE_LEVEL_TABLE lists these functions in the order of `InstructionSet`, with
/// null for the instruction sets of other architectures.
#if defined(SHIFTSCOPE_X86)
#define SHIFTSCOPE_DECLARE_LEVELS(...)      \
  namespace baseline { __VA_ARGS__; }       \
  namespace avx2 { __VA_ARGS__; }           \
  namespace avx512 { __VA_ARGS__; }
#define SHIFTSCOPE_LEVEL_TABLE(kernel) {baseline::kernel, avx2::kernel, avx512::kernel, nullptr}
#elif defined(SHIFTSCOPE_ARM64)
#define SHIFTSCOPE_DECLARE_LEVELS(...)      \
  namespace baseline { __VA_ARGS__; }       \
  namespace neon { __VA_ARGS__; }
#define SHIFTSCOPE_LEVEL_TABLE(kernel) {baseline::kernel, nullptr, nullptr, neon::kernel}
#else
#define SHIFTSCOPE_DECLARE_LEVELS(...)      \
  namespace baseline { __VA_ARGS__; }
#define SHIFTSCOPE_LEVEL_TABLE(kernel) {baseline::kernel, nullptr, nullptr, nullptr}
#endif
