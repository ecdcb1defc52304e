#pragma once

#include <cstddef>

namespace shiftscope {

/// Size of the processor's last-level cache, or 16 MiB if the operating system does not report it. The value is
/// determined once per process.
std::size_t last_level_cache_bytes();

}  // namespace shiftscope
