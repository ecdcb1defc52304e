#include "shared_memory.h"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#if defined(__linux__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace shiftscope {
namespace {

std::string described(std::size_t bytes) { return std::to_string(bytes) + " bytes of shared memory"; }

[[noreturn]] void fail(const std::string& what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

#if defined(__linux__)

/// Refuses what could get shorter, as files do: whoever reads where one was cut off is killed.
std::size_t length_of(int descriptor) {
  const std::string name = "descriptor " + std::to_string(descriptor);
  struct stat status {};
  if (fstat(descriptor, &status) != 0) fail(name);
  const int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) throw std::invalid_argument(name + " is not shared memory");
  return static_cast<std::size_t>(status.st_size);
}

#endif

}  // namespace

#if defined(__linux__)

std::optional<int> create_shared_memory() {
  const int descriptor = memfd_create("shiftscope", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) {
    if (errno == ENOSYS || errno == EPERM || errno == EACCES) return std::nullopt;
    fail("shared memory");
  }
  if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
    const int error = errno;
    close(descriptor);
    fail("shared memory", error);
  }
  return descriptor;
}

void grow_shared_memory(int descriptor, std::size_t bytes) {
  if (length_of(descriptor) >= bytes) return;
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) fail(described(bytes));
}

SharedMapping::SharedMapping(int descriptor, std::size_t bytes) : bytes_(bytes) {
  const std::size_t length = length_of(descriptor);
  if (bytes == 0 || bytes > length)
    throw std::out_of_range(described(bytes) + " were asked for, descriptor " + std::to_string(descriptor) + " has " +
                            std::to_string(length));
  data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (data_ == MAP_FAILED) fail(described(bytes));
}

void SharedMapping::unmap() {
  if (data_ != nullptr) munmap(data_, bytes_);
  data_ = nullptr;
}

#else

std::optional<int> create_shared_memory() { return std::nullopt; }

void grow_shared_memory(int, std::size_t bytes) { fail(described(bytes), ENOSYS); }

SharedMapping::SharedMapping(int, std::size_t bytes) { fail(described(bytes), ENOSYS); }

void SharedMapping::unmap() {}

#endif

SharedMapping::~SharedMapping() { unmap(); }

}  // namespace shiftscope
