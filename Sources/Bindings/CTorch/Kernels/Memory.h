// Large blocks of memory that are kept when they are freed.
#ifndef MOSI_MEMORY_H
#define MOSI_MEMORY_H

#include <cstddef>

namespace mosi {

/// Smaller blocks are malloc's business.
constexpr size_t smallest_kept_block = size_t{2} << 20;

/// Makes large blocks be kept from now on.
void keep_freed_memory() noexcept;

/// A block of at least `bytes` bytes, aligned to lines of the cache, from those that are kept or from the system. NULL if it
/// is small, if memory is not kept, or if there is none.
void *take_block(size_t bytes) noexcept;

/// Gives a block back.
///
/// - Returns: false if it is not from `take_block`.
bool give_block(void *block) noexcept;

}  // namespace mosi

#endif
