#pragma once

#include <cstddef>

namespace shiftscope {

/// Size of the last-level cache as the operating system reports it, or 16 MiB. Measured once per process.
std::size_t last_level_cache_bytes();

}  // namespace shiftscope
