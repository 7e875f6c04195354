// Winograd's minimal filtering for convolutions with stride 1 that keep the extents, in NDHWC memory and float32.
#ifndef MOSI_WINOGRAD_H
#define MOSI_WINOGRAD_H

#include "Finish.h"

namespace mosi {

/// The shapes of a convolution: input [clips, frames, height, width, inputs], output the same with `outputs` channels,
/// weights [outputs, kernel time, kernel side, kernel side, inputs]. The kernel is 1x3x3, 3x3x3 or 3x1x1, and the padding
/// is half of it, rounded down.
struct ConvolutionShapes {
  int clips, frames, height, width, inputs, outputs;
  int kernel_time, kernel_side;
  /// The number of threads. Only gradients of weights depend on it, in their last bits.
  int threads;
};

/// The output.
void winograd_output(const ConvolutionShapes &shapes, const Finish &finish, const float *input, const float *weights,
                     float *output);
/// The gradient of the input, given that of the output.
void winograd_input_gradient(const ConvolutionShapes &shapes, const float *output_gradient, const float *weights,
                             float *input_gradient);
/// The gradient of the weights, given that of the output.
void winograd_weight_gradient(const ConvolutionShapes &shapes, const float *input, const float *output_gradient,
                              float *weight_gradient);

}  // namespace mosi

#endif
