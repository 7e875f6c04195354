// The system hands out memory in pages that it fills with zeros, which takes longer than most operators. So freed blocks are
// kept. Most fit no later block, and a heap that keeps everything ends up with two or three times of what is needed: blocks of
// many sizes do not fit into each other's gaps. But only addresses have gaps, pages have none: a new block is composed of the
// pages of kept ones, which the system moves to new addresses without touching them. So the process never has more than the
// blocks in use took together at their peak, and only new peaks take pages from the system.

#include "Memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace mosi {
namespace {

// Blocks begin at multiples of this, the size of a huge page, and no other memory that is freed here does. Their sizes are
// multiples of it, too, so that huge pages move whole.
constexpr size_t unit = size_t{2} << 20;

std::atomic<bool> is_keeping = false;

// Addresses that the system can move at once: none of its mappings ends inside.
struct Piece {
  char *begin;
  size_t size;
};

// Pieces that follow each other without gaps.
struct Block {
  char *begin;
  size_t size;
  std::vector<Piece> pieces;
};

class Blocks {
 public:
  void *take(size_t bytes) {
    const size_t size = (bytes + unit - 1) / unit * unit;
    const std::lock_guard<std::mutex> lock(mutex_);
    // The newest ones are in the caches.
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(), [&](const Block &block) { return block.size == size; });
    if (found != kept_.rend()) {
      Block block = std::move(*found);
      kept_.erase(std::next(found).base());
      return use(std::move(block));
    }
    char *begin = map(size);
    if (begin == nullptr) {
      give_kept_back();
      begin = map(size);
    }
    return begin == nullptr ? nullptr : use(composed(begin, size));
  }

  bool give(void *begin) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = in_use_.find(begin);
    if (found == in_use_.end()) return false;
    kept_.push_back(std::move(found->second));
    in_use_.erase(found);
    return true;
  }

 private:
  void *use(Block block) {
    void *begin = block.begin;
    in_use_[begin] = std::move(block);
    return begin;
  }

  // Fills new addresses with the pages of the oldest kept blocks, as far as there are any.
  Block composed(char *begin, size_t size) {
    Block block{begin, size, {}};
    size_t filled = 0;
    while (filled < size && !kept_.empty()) {
      Block &oldest = kept_.front();
      Piece &source = oldest.pieces.back();
      const size_t moved = std::min(source.size, size - filled);
      move(source.begin + source.size - moved, moved, begin + filled);
      block.pieces.push_back({begin + filled, moved});
      filled += moved;
      source.size -= moved;
      oldest.size -= moved;
      if (source.size == 0) oldest.pieces.pop_back();
      if (oldest.size == 0) kept_.pop_front();
    }
    if (filled < size) block.pieces.push_back({begin + filled, size - filled});
    return block;
  }

  void give_kept_back() {
    for (const Block &block : kept_) munmap(block.begin, block.size);
    kept_.clear();
  }

  // If pages cannot be moved, they go back to the system, and `to` gets new ones when it is touched.
  static void move(char *from, size_t size, char *to) {
#if defined(__linux__)
    if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) return;
#endif
    munmap(from, size);
  }

  static char *map(size_t size) {
    void *found = mmap(nullptr, size + unit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) return nullptr;
    const auto begin = reinterpret_cast<uintptr_t>(found);
    const uintptr_t block = (begin + unit - 1) / unit * unit;
    if (block > begin) munmap(found, block - begin);
    if (begin + unit > block) munmap(reinterpret_cast<void *>(block + size), begin + unit - block);
    void *result = reinterpret_cast<void *>(block);
#if defined(MADV_HUGEPAGE)
    madvise(result, size, MADV_HUGEPAGE);
#endif
    return static_cast<char *>(result);
  }

  std::mutex mutex_;
  std::unordered_map<void *, Block> in_use_;
  // The oldest one comes first.
  std::list<Block> kept_;
};

// Never destroyed: tensors may be freed while the process ends.
Blocks &blocks() {
  static Blocks &all = *new Blocks;
  return all;
}

}  // namespace

void keep_freed_memory() noexcept { is_keeping.store(true, std::memory_order_relaxed); }

void *take_block(size_t bytes) noexcept {
  if (bytes < smallest_kept_block || !is_keeping.load(std::memory_order_relaxed)) return nullptr;
  return blocks().take(bytes);
}

bool give_block(void *block) noexcept {
  return reinterpret_cast<uintptr_t>(block) % unit == 0 && is_keeping.load(std::memory_order_relaxed) && blocks().give(block);
}

}  // namespace mosi
