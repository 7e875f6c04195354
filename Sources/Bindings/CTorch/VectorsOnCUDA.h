#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

#include "DeviceProgram.h"

namespace ctorch {

// The number of consecutive channels that a thread reads at once: as many as fit into 16 bytes and divide the channels.
int64_t vector_size(c10::ScalarType type, int64_t channels);

// Kernels for vectors of `size` elements of a type: float32, bfloat16 or float16. The kernels, a literal, may use
//   V                                  the size
//   Element                            a stored number
//   Numbers                            V float32 numbers, `values`
//   load(from), store(to, numbers)     of V elements at an address that V divides
DeviceProgram &vector_program(const char *kernels, c10::ScalarType type, int64_t size);

}  // namespace ctorch
