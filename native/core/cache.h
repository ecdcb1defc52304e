#pragma once

#include <cstddef>

namespace shiftscope {

/// Bytes of the last-level cache, as the operating system reports them; 16 MiB if it does not. Read once per process.
std::size_t last_level_cache_bytes();

}  // namespace shiftscope
