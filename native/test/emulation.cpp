#include "emulation.h"

#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

thread_local dim3 threadIdx, blockIdx, gridDim;

namespace {

constexpr std::size_t kStackBytes = 256 << 10;
constexpr unsigned kWarpSize = 32;
constexpr int kRuntimeVersion = 13000;

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atol(text);
}

const long kDevices = setting("EMULATED_CUDA_DEVICES", 1);
const auto kMemoryBytes = static_cast<std::size_t>(setting("EMULATED_CUDA_MEMORY", 1L << 30));
const long kDriverVersion = setting("EMULATED_CUDA_DRIVER", kRuntimeVersion);
const long kBroken = setting("EMULATED_CUDA_BROKEN", -1);
const long kLostAt = setting("EMULATED_CUDA_LOST_AT", 0);

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
};

struct Fiber {
  ucontext_t context{};
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  unsigned index = 0;
  std::vector<std::vector<Copy>> copies{1};  ///< unfinished batches; the last one is not committed yet
};

/// Values that lanes exchange, in two buffers, because one lane can be an exchange ahead of another.
struct Warp {
  std::array<std::array<std::uint64_t, kWarpSize>, 2> values{};
  unsigned arrived = 0, turn = 0;
  std::vector<unsigned> waiting;
};

/// Runs the threads of one block, one at a time.
class Block {
 public:
  void run(dim3 place, unsigned threads, const std::function<void()>& thread) {
    place_ = place;
    thread_ = &thread;
    threads_ = threads;
    finished_ = arrived_ = 0;
    waiting_.clear();
    ready_.clear();
    warps_.assign((threads + kWarpSize - 1) / kWarpSize, {});
    while (fibers_.size() < threads) fibers_.push_back(std::make_unique<Fiber>());
    for (unsigned i = 0; i < threads; ++i) start(*fibers_[i], i);
    while (!ready_.empty()) go_on(next());
    if (finished_ < threads) throw std::logic_error("threads of a kernel wait for one another");
  }

  void wait_for_block() {
    if (++arrived_ == threads_) {
      arrived_ = 0;
      release(waiting_);
    } else {
      wait(waiting_);
    }
  }

  void copy_later(const Copy& copy) {
    std::memset(copy.to, 0xff, copy.bytes);
    current_->copies.back().push_back(copy);
  }

  void commit_copies() { current_->copies.emplace_back(); }

  void wait_for_copies(std::size_t batches_left) {
    auto& copies = current_->copies;
    while (copies.size() > batches_left + 1) {
      for (const auto& [to, from, bytes] : copies.front()) std::memcpy(to, from, bytes);
      copies.erase(copies.begin());
    }
  }

  std::uint64_t exchange(std::uint64_t value, unsigned lane_bits) {
    const unsigned lane = current_->index % kWarpSize;
    Warp& warp = warps_[current_->index / kWarpSize];
    auto& values = warp.values[warp.turn];
    values[lane] = value;
    if (++warp.arrived == kWarpSize) {
      warp.arrived = 0;
      warp.turn = 1 - warp.turn;
      release(warp.waiting);
    } else {
      wait(warp.waiting);
    }
    return values[lane ^ lane_bits];
  }

 private:
  static Block*& running() {
    thread_local Block* block = nullptr;
    return block;
  }

  void start(Fiber& fiber, unsigned index) {
    fiber.index = index;
    fiber.copies.assign(1, {});
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = &scheduler_;
    running() = this;
    makecontext(&fiber.context, [] { running()->work(); }, 0);
    ready_.push_back(index);
  }

  void work() {
    (*thread_)();
    ++finished_;
  }

  unsigned next() {
    std::swap(ready_[random_() % ready_.size()], ready_.back());
    const unsigned index = ready_.back();
    ready_.pop_back();
    return index;
  }

  void go_on(unsigned index) {
    current_ = fibers_[index].get();
    threadIdx = dim3(index, 0, 0);
    blockIdx = place_;
    swapcontext(&scheduler_, &current_->context);
  }

  void wait(std::vector<unsigned>& queue) {
    Fiber& self = *current_;
    queue.push_back(self.index);
    swapcontext(&self.context, &scheduler_);
  }

  void release(std::vector<unsigned>& queue) {
    ready_.insert(ready_.end(), queue.begin(), queue.end());
    queue.clear();
  }

  ucontext_t scheduler_{};
  dim3 place_;
  const std::function<void()>* thread_ = nullptr;
  unsigned threads_ = 0, finished_ = 0, arrived_ = 0;
  std::vector<unsigned> waiting_, ready_;
  std::vector<Warp> warps_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  Fiber* current_ = nullptr;
  std::minstd_rand random_{1};
};

std::recursive_mutex& device() {
  static std::recursive_mutex mutex;
  return mutex;
}

Block& block() {
  static Block one;
  return one;
}

std::atomic<long> calls_made{0}, failing_call{kLostAt}, live_objects{0};
std::atomic<bool> loses{true}, lost{false};
std::atomic<cudaError_t> failure{cudaErrorLaunchFailure};

/// Device memory: address and size in bytes.
std::map<void*, std::size_t>& arrays() {
  static std::map<void*, std::size_t> all;
  return all;
}

/// Pinned host memory: address and size in bytes.
std::map<const char*, std::size_t>& pinned_arrays() {
  static std::map<const char*, std::size_t> all;
  return all;
}

bool is_pinned(const void* address) {
  const auto* byte = static_cast<const char*>(address);
  auto next = pinned_arrays().upper_bound(byte);
  if (next == pinned_arrays().begin()) return false;
  --next;
  return byte < next->first + next->second;
}

std::size_t bytes_in_use() {
  std::size_t sum = 0;
  for (const auto& [memory, bytes] : arrays()) sum += bytes;
  return sum;
}

/// Counts a call of the runtime. Returns an error if this is the call that must fail, or if the devices are lost.
cudaError_t status() {
  const long call = ++calls_made;
  if (lost) return cudaErrorLaunchFailure;
  if (call != failing_call) return cudaSuccess;
  lost = loses.load();
  return failure;
}

}  // namespace

struct CUstream_st {
  std::vector<std::function<void()>> queue;
};

namespace {

std::set<cudaStream_t>& streams() {
  static std::set<cudaStream_t> all;
  return all;
}

void finish(cudaStream_t stream) {
  std::vector<std::function<void()>> queue;
  std::swap(queue, stream->queue);
  if (!lost) {
    for (const auto& work : queue) work();
  }
}

cudaError_t queue(cudaStream_t stream, std::function<void()> work) {
  const std::lock_guard lock(device());
  const cudaError_t error = status();
  if (error == cudaSuccess) stream->queue.push_back(std::move(work));
  return error;
}

}  // namespace

void __syncthreads() { block().wait_for_block(); }

std::uint64_t emulation::exchange(std::uint64_t value, int lane_bits) {
  return block().exchange(value, static_cast<unsigned>(lane_bits));
}

void emulation::copy_later(void* to, const void* from, std::size_t bytes) { block().copy_later({to, from, bytes}); }

void emulation::commit_copies() { block().commit_copies(); }

void emulation::wait_for_copies(std::size_t batches_left) { block().wait_for_copies(batches_left); }

cudaError_t emulation::run(dim3 grid, dim3 threads, std::function<void()> thread, cudaStream_t stream) {
  return queue(stream, [=] {
    gridDim = grid;
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) block().run(dim3(x, y, 0), threads.x, thread);
    }
  });
}

void emulation::fail(long call, cudaError_t error, bool then_lost) {
  calls_made = 0;
  failing_call = call;
  failure = error;
  loses = then_lost;
  lost = false;
}

long emulation::calls() { return calls_made; }

long emulation::live() { return live_objects; }

const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorLaunchFailure";
}

const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "out of memory" : "unspecified launch failure";
}

cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = static_cast<int>(kDriverVersion);
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kRuntimeVersion;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (kDriverVersion < kRuntimeVersion) return cudaErrorInsufficientDriver;
  *count = static_cast<int>(kDevices);
  return status();
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"emulated device", kMemoryBytes, 9, 0};
  return status();
}

cudaError_t cudaSetDevice(int device) { return device == kBroken ? cudaErrorLaunchFailure : status(); }

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const std::lock_guard lock(device());
  const cudaError_t error = status();
  if (error != cudaSuccess) return error;
  if (bytes > kMemoryBytes - bytes_in_use()) return cudaErrorMemoryAllocation;
  *memory = std::malloc(bytes);
  std::memset(*memory, 0xff, bytes);
  arrays()[*memory] = bytes;
  ++live_objects;
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  const std::lock_guard lock(device());
  for (cudaStream_t stream : streams()) finish(stream);
  arrays().erase(memory);
  std::free(memory);
  --live_objects;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  const std::lock_guard lock(device());
  const cudaError_t error = status();
  if (error != cudaSuccess) return error;
  *memory = std::malloc(bytes);
  std::memset(*memory, 0xff, bytes);
  pinned_arrays()[static_cast<const char*>(*memory)] = bytes;
  ++live_objects;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  if (memory == nullptr) return cudaSuccess;
  const std::lock_guard lock(device());
  for (cudaStream_t stream : streams()) finish(stream);
  pinned_arrays().erase(static_cast<const char*>(memory));
  std::free(memory);
  --live_objects;
  return cudaSuccess;
}

/// With pinned memory, the copy waits for its turn in the stream. With other memory, the host's bytes have been read or
/// written when the call returns.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const std::lock_guard lock(device());
  const auto copy = [=] { std::memcpy(to, from, bytes); };
  if (kind == cudaMemcpyDeviceToHost) {
    const bool pinned = is_pinned(to);
    const cudaError_t error = queue(stream, copy);
    if (error == cudaSuccess && !pinned) finish(stream);
    return error;
  }
  if (is_pinned(from)) return queue(stream, copy);
  const auto* begin = static_cast<const char*>(from);
  return queue(stream, [to, values = std::vector<char>(begin, begin + bytes)] {
    std::memcpy(to, values.data(), values.size());
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return queue(stream, [=] { std::memset(memory, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(device());
  const cudaError_t error = status();
  if (error != cudaSuccess) return error;
  *stream = new CUstream_st;
  streams().insert(*stream);
  ++live_objects;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(device());
  finish(stream);
  streams().erase(stream);
  delete stream;
  --live_objects;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(device());
  const cudaError_t error = status();
  if (error == cudaSuccess) finish(stream);
  return error;
}
