#pragma once

#include <cstddef>

namespace shiftscope {

/// Size of the last-level cache; 16 MiB if the operating system does not report it. Determined once per process.
std::size_t last_level_cache_bytes();

}  // namespace shiftscope
