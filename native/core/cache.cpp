#include "cache.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <vector>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#else
#include <unistd.h>
#endif

namespace shiftscope {
namespace {

constexpr std::size_t kAssumed = std::size_t{16} << 20;

#if defined(_WIN32)

std::size_t ask() {
  DWORD bytes = 0;
  GetLogicalProcessorInformation(nullptr, &bytes);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> entries(bytes / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
  if (entries.empty() || !GetLogicalProcessorInformation(entries.data(), &bytes)) return 0;
  std::size_t largest = 0;
  for (const auto& entry : entries) {
    if (entry.Relationship == RelationCache && entry.Cache.Size > largest) largest = entry.Cache.Size;
  }
  return largest;
}

#elif defined(__APPLE__)

std::size_t ask() {
  for (const char* name : {"hw.l3cachesize", "hw.perflevel0.l2cachesize", "hw.l2cachesize"}) {
    std::size_t value = 0, size = sizeof value;
    if (sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value > 0) return value;
  }
  return 0;
}

#else

std::size_t ask() {
  long largest = 0;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  largest = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (largest <= 0) largest = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return largest > 0 ? static_cast<std::size_t>(largest) : 0;
}

#endif

}  // namespace

std::size_t last_level_cache_bytes() {
  static const std::size_t bytes = [] {
    const std::size_t answer = ask();
    return answer > 0 ? answer : kAssumed;
  }();
  return bytes;
}

}  // namespace shiftscope
