// What a window of max pooling makes of shapes; the kernels for CPUs and GPUs agree on it.

#pragma once

#include <ATen/ATen.h>

#include <array>

#include "Kernels/Pooling.h"

namespace ctorch {

// The shape [N, C, T', H', W'] of the output for an input [N, C, T, H, W]. Three more paddings are those of the axes' ends,
// if they differ.
inline std::array<int64_t, 5> pooled_shape(
    at::IntArrayRef input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  std::array<int64_t, 5> shape = {input[0], input[1]};
  for (int axis = 0; axis < 3; axis++) {
    const int64_t padded = input[2 + axis] + padding[axis] + padding[padding.size() - 3 + axis];
    TORCH_CHECK(padded >= kernel[axis], "mosi::max_pool3d: a window of ", kernel, " does not fit into ", input);
    shape[2 + axis] = (padded - kernel[axis]) / stride[axis] + 1;
  }
  return shape;
}

// Everything but the number of threads.
inline mosi::PoolingShapes pooling_shapes(
    at::IntArrayRef input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  TORCH_CHECK(input.size() == 5 && kernel.size() == 3 && stride.size() == 3 &&
                  (padding.size() == 3 || padding.size() == 6),
              "mosi::max_pool3d needs an input of rank 5, three extents, and three or six paddings");
  TORCH_CHECK(kernel[0] * kernel[1] * kernel[2] <= 256, "mosi::max_pool3d: a window of ", kernel, " is too large");
  const auto output = pooled_shape(input, kernel, stride, padding);
  mosi::PoolingShapes shapes{static_cast<int>(input[0]), static_cast<int>(input[1])};
  for (int axis = 0; axis < 3; axis++) {
    const int64_t end = padding[padding.size() - 3 + axis];
    TORCH_CHECK(stride[axis] > 0 && kernel[axis] > 0 && 0 <= padding[axis] && 2 * padding[axis] <= kernel[axis] &&
                    0 <= end && end < kernel[axis],
                "mosi::max_pool3d: padding ", padding, " or stride ", stride, " do not suit a window of ", kernel);
    shapes.input[axis] = static_cast<int>(input[2 + axis]);
    shapes.output[axis] = static_cast<int>(output[2 + axis]);
    shapes.kernel[axis] = static_cast<int>(kernel[axis]);
    shapes.stride[axis] = static_cast<int>(stride[axis]);
    shapes.padding[axis] = static_cast<int>(padding[axis]);
  }
  return shapes;
}

}  // namespace ctorch
