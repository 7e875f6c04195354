// What a convolution keeps of its input until the backward pass.
#ifndef MOSI_KEPT_INPUT_H
#define MOSI_KEPT_INPUT_H

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ctorch {

/// What `context` must save of `input`: nothing if it is the output of mosi::batch_norm without a residual. Its node keeps
/// what it was computed from, and computes it again in one pass over memory, with the same bits.
at::Tensor kept_input(torch::autograd::AutogradContext *context, const at::Tensor &input);

/// The input, in the backward pass; `kept` is what `kept_input` returned.
at::Tensor input_again(torch::autograd::AutogradContext *context, const at::Tensor &kept);

}  // namespace ctorch

#endif
