// The system hands out memory in pages that it fills with zeros, which takes longer than most operators. So blocks are kept
// for later ones of nearly the same size. A heap that keeps everything ends up with two or three times of what is needed: blocks
// of many sizes do not fit into each other's gaps. Here each block is a mapping of its own, and the oldest kept ones go back to
// the system before blocks in use and kept ones together take more than five quarters of what blocks in use have ever taken:
// without the quarter, a step of the tiny network has half as many page faults again and takes 1.07 times as long.

#include "Memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

namespace mosi {
namespace {

// Blocks begin at multiples of this, the size of a huge page, and no other memory that is freed here does.
constexpr size_t alignment = size_t{2} << 20;
constexpr size_t granularity = size_t{64} << 10;

std::atomic<bool> is_keeping = false;

class Blocks {
 public:
  void *take(size_t bytes) {
    const size_t size = (bytes + granularity - 1) / granularity * granularity;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = by_size_.lower_bound(size);
    if (found != by_size_.end() && found->first <= size + size / 8) {
      const Kept kept = *found->second;
      remove(found);
      return use(kept.block, kept.size);
    }
    make_room(size);
    void *block = map(size);
    if (block == nullptr) {
      while (!by_age_.empty()) evict_oldest();
      block = map(size);
    }
    return block == nullptr ? nullptr : use(block, size);
  }

  bool give(void *block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = in_use_.find(block);
    if (found == in_use_.end()) return false;
    const size_t size = found->second;
    in_use_.erase(found);
    used_ -= size;
    kept_ += size;
    by_age_.push_back({block, size, {}});
    const auto kept = std::prev(by_age_.end());
    kept->place = by_size_.emplace(size, kept);
    return true;
  }

 private:
  struct Kept;
  using BySize = std::multimap<size_t, std::list<Kept>::iterator>;
  struct Kept {
    void *block;
    size_t size;
    BySize::iterator place;
  };

  void *use(void *block, size_t size) {
    in_use_[block] = size;
    used_ += size;
    most_used_ = std::max(most_used_, used_);
    return block;
  }

  void make_room(size_t size) {
    const size_t most = std::max(most_used_, used_ + size) / 4 * 5;
    while (!by_age_.empty() && used_ + kept_ + size > most) evict_oldest();
  }

  void remove(BySize::iterator place) {
    kept_ -= place->first;
    by_age_.erase(place->second);
    by_size_.erase(place);
  }

  void evict_oldest() {
    const Kept oldest = by_age_.front();
    remove(oldest.place);
    munmap(oldest.block, oldest.size);
  }

  static void *map(size_t size) {
    void *found = mmap(nullptr, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) return nullptr;
    const auto begin = reinterpret_cast<uintptr_t>(found);
    const uintptr_t block = (begin + alignment - 1) / alignment * alignment;
    if (block > begin) munmap(found, block - begin);
    if (begin + alignment > block) munmap(reinterpret_cast<void *>(block + size), begin + alignment - block);
    void *result = reinterpret_cast<void *>(block);
#if defined(MADV_HUGEPAGE)
    madvise(result, size, MADV_HUGEPAGE);
#endif
    return result;
  }

  std::mutex mutex_;
  std::unordered_map<void *, size_t> in_use_;
  std::list<Kept> by_age_;
  BySize by_size_;
  size_t used_ = 0, kept_ = 0, most_used_ = 0;
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
  return reinterpret_cast<uintptr_t>(block) % alignment == 0 && is_keeping.load(std::memory_order_relaxed) &&
         blocks().give(block);
}

}  // namespace mosi
