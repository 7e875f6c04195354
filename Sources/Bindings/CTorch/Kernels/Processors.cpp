#include "Processors.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <type_traits>

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

Vectors widest_vectors() {
#if defined(__x86_64__)
  static const Vectors widest =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq")
          ? Vectors::avx512
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Vectors::avx2
                                                                        : Vectors::plain;
  return widest;
#else
  return Vectors::plain;
#endif
}

namespace {

Vectors vectors_of_environment() {
  const char *name = std::getenv("MOSI_VECTORS");
  if (name == nullptr) return widest_vectors();
  if (std::strcmp(name, "plain") == 0) return Vectors::plain;
  if (std::strcmp(name, "avx2") == 0) return std::min(Vectors::avx2, widest_vectors());
  return widest_vectors();
}

thread_local std::optional<Vectors> vectors_of_thread;

}  // namespace

Vectors current_vectors() {
  static const Vectors usual = vectors_of_environment();
  return vectors_of_thread.value_or(usual);
}

void use_vectors(Vectors vectors) { vectors_of_thread = std::min(vectors, widest_vectors()); }

const Processor &current_processor() {
  switch (current_vectors()) {
#if defined(__x86_64__)
    case Vectors::avx512:
      return avx512::processor;
    case Vectors::avx2:
      return avx2::processor;
#endif
    default:
      return plain::processor;
  }
}

}  // namespace mosi
