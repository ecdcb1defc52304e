#pragma once

// Emulates a CUDA device on the processor: the parts of the language and of the runtime that native/cuda uses. Tests
// compile the sources of its kernels as plain C++ and run them.
//
// The emulation tests the kernels' arithmetic, their indices, and their use of shared memory and warps:
// - Every thread of a block has its own stack, and threads continue in random order. A missing __syncthreads often
//   makes a test fail. One that not all threads reach always does.
// - Memory starts as NaN. Queued work, including copies from and to pinned memory, is done only when somebody waits
//   for it.
// - The address sanitizer finds every access outside an array. Access to a misaligned vector is an error.
// It cannot test speed, races within a warp, or the code that nvcc generates.
//
// Environment variables configure the emulated machine (defaults in brackets):
// - EMULATED_CUDA_DEVICES: number of devices (1)
// - EMULATED_CUDA_MEMORY: bytes of all devices together (1 GiB)
// - EMULATED_CUDA_DRIVER: version of the driver as the runtime reports it; 0: no driver (13000)
// - EMULATED_CUDA_BROKEN: index of a device that cannot be used (none)
// - EMULATED_CUDA_LOST_AT: number of the runtime call at which all devices are lost, from 1 (none)

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct float2 {
  float x, y;
};

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorLaunchFailure = 719,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
constexpr unsigned cudaStreamNonBlocking = 1;
struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major, minor;
};
struct CUstream_st;
using cudaStream_t = CUstream_st*;

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);

/// The same as in CUDA, for the emulated thread that is running.
extern thread_local dim3 threadIdx, blockIdx, gridDim;

void __syncthreads();

namespace emulation {

cudaError_t run(dim3 grid, dim3 block, std::function<void()> thread, cudaStream_t stream);

/// Asynchronous copies to shared memory, in batches. `copy_later` adds a copy to the current batch, and `commit_copies`
/// ends the batch. `wait_for_copies` waits until at most `batches_left` batches are unfinished. Until a copy is
/// finished, its target contains NaN.
void copy_later(void* to, const void* from, std::size_t bytes);
void commit_copies();
void wait_for_copies(std::size_t batches_left);

/// Gives 8 bytes to the other lanes of the warp. Returns the bytes of the lane whose number is (own number XOR
/// lane_bits).
std::uint64_t exchange(std::uint64_t value, int lane_bits);

/// Makes a call of the runtime fail: from now on, call number `call` returns `error`. Calls count from 1; with 0, none
/// fails. If `lost`, all later calls fail, too.
void fail(long call, cudaError_t error, bool lost);

/// Number of calls of the runtime since the last `fail`, except calls that never fail.
long calls();

/// Number of arrays and streams that are not freed yet.
long live();

}  // namespace emulation

template <class T>
T __shfl_xor_sync(unsigned, T value, int lane_bits) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulation::exchange(bits, lane_bits);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// This needs no atomic operation, because only one emulated thread runs at a time, and none is interrupted here.
template <class T>
T atomicMin(T* at, T value) {
  const T before = *at;
  *at = std::min(before, value);
  return before;
}

/// Aborts if the address is not a multiple of the vector's size. A real device would report an error.
template <class T>
void insist_on_alignment(const T* address) {
  if (reinterpret_cast<std::uintptr_t>(address) % sizeof(T) == 0) return;
  std::fprintf(stderr, "a kernel's access of %zu bytes at %p is misaligned\n", sizeof(T), static_cast<const void*>(address));
  std::abort();
}

template <class T>
T __ldcs(const T* from) {
  insist_on_alignment(from);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Starts a copy to shared memory. The thread does not wait for it.
inline void __pipeline_memcpy_async(void* to, const void* from, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(to) % bytes != 0 || reinterpret_cast<std::uintptr_t>(from) % bytes != 0) {
    std::fprintf(stderr, "a kernel's copy of %zu bytes from %p to %p is misaligned\n", bytes, from, to);
    std::abort();
  }
  emulation::copy_later(to, from, bytes);
}
inline void __pipeline_commit() { emulation::commit_copies(); }
inline void __pipeline_wait_prior(std::size_t batches) { emulation::wait_for_copies(batches); }

inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

using std::isinf;
using std::min;
using std::sqrt;
