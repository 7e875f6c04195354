// libtorch's memory on the CPU, of which large blocks are kept when they are freed.

#include "CTorch.h"
#include "Handles.h"
#include "Kernels/Memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

using namespace ctorch;

namespace {

struct KeepingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void *block = mosi::take_block(bytes);
    // It throws if memory is short.
    if (block == nullptr) block = c10::alloc_cpu(bytes);
    return {block, block, release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return release; }

  void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }

 private:
  static void release(void *block) {
    if (!mosi::give_block(block)) c10::free_cpu(block);
  }
};

}  // namespace

extern "C" ct_error *ct_keep_freed_memory(void) {
  return guarded([] {
    static auto &allocator = *new KeepingAllocator;
    mosi::keep_freed_memory();
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
  });
}
