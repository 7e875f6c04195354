// Memory for intermediate results.
#ifndef MOSI_SCRATCH_H
#define MOSI_SCRATCH_H

#include <cstddef>
#include <cstdlib>
#include <new>

#include "Memory.h"

namespace mosi {

/// Uninitialized numbers, aligned to lines of the cache.
class Scratch {
 public:
  explicit Scratch(size_t count) : data_(static_cast<float *>(take_block(count * sizeof(float)))) {
    if (data_ == nullptr) data_ = static_cast<float *>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64));
    if (data_ == nullptr && count > 0) throw std::bad_alloc();
  }
  ~Scratch() {
    if (!give_block(data_)) std::free(data_);
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  float *data() const { return data_; }

 private:
  float *data_;
};

}  // namespace mosi

#endif
