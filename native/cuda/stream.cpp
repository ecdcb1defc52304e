#include "stream.h"

#include "device.h"
#include "platform.h"

namespace shiftscope::SHIFTSCOPE_CUDA {

Stream::Stream() { check("cudaStreamCreateWithFlags", cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking)); }

Stream::~Stream() { cudaStreamDestroy(handle_); }

void Stream::synchronise() const { check("cudaStreamSynchronize", cudaStreamSynchronize(handle_)); }

void Stream::drain() const noexcept { cudaStreamSynchronize(handle_); }

}  // namespace shiftscope::SHIFTSCOPE_CUDA
