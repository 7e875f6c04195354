#include "Processors.h"

namespace mosi {

#if defined(__x86_64__)
namespace avx512 {
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define MOSI_LANES 16
#define MOSI_NARROW_LANES 8
#define MOSI_ROWS 14
#include "VectorCode.h"
#undef MOSI_LANES
#undef MOSI_NARROW_LANES
#undef MOSI_ROWS
#pragma clang attribute pop
}  // namespace avx512

namespace avx2 {
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define MOSI_LANES 8
#define MOSI_NARROW_LANES 8
#define MOSI_ROWS 6
#include "VectorCode.h"
#undef MOSI_LANES
#undef MOSI_NARROW_LANES
#undef MOSI_ROWS
#pragma clang attribute pop
}  // namespace avx2
#endif

namespace plain {
#define MOSI_LANES 4
#define MOSI_NARROW_LANES 4
#if defined(__aarch64__)
#define MOSI_ROWS 12
#else
#define MOSI_ROWS 6
#endif
#include "VectorCode.h"
#undef MOSI_LANES
#undef MOSI_NARROW_LANES
#undef MOSI_ROWS
}  // namespace plain

const Processor &best_processor() {
#if defined(__x86_64__)
  static const Processor &best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq")
          ? avx512::processor
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2::processor
                                                                        : plain::processor;
  return best;
#else
  return plain::processor;
#endif
}

}  // namespace mosi
