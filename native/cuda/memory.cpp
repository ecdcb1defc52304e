#include "memory.h"

#include "device.h"
#include "platform.h"
#include "twin.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  check("cudaMalloc", cudaMalloc(&memory, bytes));
  return memory;
}

void release(void* memory) noexcept { cudaFree(memory); }

void* allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  check("cudaMallocHost", cudaMallocHost(&memory, bytes));
  return memory;
}

void release_pinned(void* memory) noexcept {
  if (memory != nullptr) cudaFreeHost(memory);
}

void upload(void* device, const void* host, std::size_t bytes, const Stream& stream) {
  if (bytes > 0) check("cudaMemcpyAsync", cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream.handle()));
}

void download(void* host, const void* device, std::size_t bytes, const Stream& stream) {
  if (bytes > 0) check("cudaMemcpyAsync", cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream.handle()));
}

void fill(void* device, unsigned char byte, std::size_t bytes, const Stream& stream) {
  if (bytes > 0) check("cudaMemsetAsync", cudaMemsetAsync(device, byte, bytes, stream.handle()));
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
