#pragma once

#include <cstddef>

namespace shiftscope {

/// Bytes of the last-level cache, from the operating system; 16 MiB where it does not say. Read once per process.
std::size_t last_level_cache_bytes();

}  // namespace shiftscope
