// Max pooling over time, height and width in NDHWC memory and float32.
#ifndef MOSI_POOLING_H
#define MOSI_POOLING_H

#include <array>
#include <cstdint>

namespace mosi {

/// Input [clips, ...input, channels], output [clips, ...output, channels]; extents are time, height and width. A window has at
/// most 256 places and overlaps the input. `threads` does not change results.
struct PoolingShapes {
  int clips, channels;
  std::array<int, 3> input, output, kernel, stride, padding;
  int threads;
};

/// The greatest number of each window, and its position in the window, counted in the order of memory.
void max_pool(const PoolingShapes &shapes, const float *input, float *output, uint8_t *chosen);

/// The gradient of the input, given that of the output.
void max_pool_gradient(const PoolingShapes &shapes, const float *gradient, const uint8_t *chosen, float *input_gradient);

}  // namespace mosi

#endif
