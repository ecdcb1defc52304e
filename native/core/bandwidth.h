#pragma once

#include <cstddef>

#include "instruction_set.h"

/// The memory bandwidth that kernels are judged by, measured on the very memory that they use.
namespace shiftscope {

/// Bytes per second of one pass over a buffer, by each way of writing that the processor has; 0 where it lacks one.
struct WriteBandwidth {
  double fill = 0;    ///< ordinary vector stores
  double memset = 0;  ///< the C library's
  double string = 0;  ///< `rep stosb`
  double stream = 0;  ///< vector stores past the caches
};

/// Overwrites the buffer, `bytes` long and 4-byte aligned, once in each way, split evenly over the threads.
WriteBandwidth write_bandwidth(void* buffer, std::size_t bytes, std::size_t threads,
                               InstructionSet level = instruction_set());

/// Bytes per second of one pass of wide loads over the buffer, split evenly over the threads.
double read_bandwidth(const void* buffer, std::size_t bytes, std::size_t threads,
                      InstructionSet level = instruction_set());

}  // namespace shiftscope
