#include "stream.h"

#include "device.h"
#include "platform.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

Stream::Stream() { check("cudaStreamCreateWithFlags", cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking)); }

Stream::~Stream() { cudaStreamDestroy(handle_); }

void Stream::synchronise() const { check("cudaStreamSynchronize", cudaStreamSynchronize(handle_)); }

void Stream::drain() const noexcept { cudaStreamSynchronize(handle_); }

Event::Event() { check("cudaEventCreate", cudaEventCreate(&handle_)); }

Event::~Event() { cudaEventDestroy(handle_); }

void Event::record(const Stream& stream) { check("cudaEventRecord", cudaEventRecord(handle_, stream.handle())); }

double Event::since(const Event& earlier) const {
  float milliseconds = 0;
  check("cudaEventSynchronize", cudaEventSynchronize(handle_));
  check("cudaEventElapsedTime", cudaEventElapsedTime(&milliseconds, earlier.handle_, handle_));
  return milliseconds / 1e3;
}

}  // namespace shiftscope::SHIFTSCOPE_CUDA
