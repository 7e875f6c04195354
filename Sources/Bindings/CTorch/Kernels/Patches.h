// Convolutions of any kernel and stride as products with patches, in NDHWC memory and float32.
#ifndef MOSI_PATCHES_H
#define MOSI_PATCHES_H

#include "Finish.h"
#include "Processors.h"

namespace mosi {

/// The shapes of a convolution: input [clips, extents, inputs], output [clips, extents of the output, outputs], weights
/// [outputs, kernel, inputs]. Axes are time, height and width.
struct PatchShapes {
  int clips, inputs, outputs;
  Triple extents, kernel, stride, padding;
  int threads;

  int output_extent(int axis) const { return (extents[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1; }
  Triple output_extents() const { return {output_extent(0), output_extent(1), output_extent(2)}; }
};

/// The output. Its bits do not depend on the number of threads, and neither do those of the gradients.
void patch_output(const PatchShapes &shapes, const Finish &finish, const float *input, const float *weights,
                  float *output);
/// The gradient of the input, given that of the output.
void patch_input_gradient(const PatchShapes &shapes, const float *output_gradient, const float *weights,
                          float *input_gradient);
/// The gradient of the weights, given that of the output.
void patch_weight_gradient(const PatchShapes &shapes, const float *input, const float *output_gradient,
                           float *weight_gradient);

}  // namespace mosi

#endif
