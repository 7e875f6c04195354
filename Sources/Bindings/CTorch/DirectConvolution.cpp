// libtorch's convolution, with gradients that need not keep a normalized input.

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ChannelsLast.h"
#include "KeptInput.h"

#include <array>
#include <optional>
#include <tuple>

namespace {

using at::Tensor;
using ctorch::empty_channels_last;

constexpr std::array<int64_t, 3> ones = {1, 1, 1}, zeros = {0, 0, 0};

Tensor direct_output(const Tensor &input, const Tensor &weight, const std::optional<Tensor> &bias,
                     at::IntArrayRef stride, at::IntArrayRef padding) {
  return at::convolution(input, weight, bias, stride, padding, ones, false, zeros, 1);
}

// libtorch's own does not compute 3D convolutions on the meta device.
Tensor direct_on_meta(const Tensor &input, const Tensor &weight, const std::optional<Tensor> &, at::IntArrayRef stride,
                      at::IntArrayRef padding) {
  std::array<int64_t, 5> shape = {input.size(0), weight.size(0)};
  for (size_t axis = 0; axis < 3; axis++) {
    shape[2 + axis] = (input.size(2 + axis) + 2 * padding[axis] - weight.size(2 + axis)) / stride[axis] + 1;
  }
  return empty_channels_last(shape, input);
}

struct Direct : torch::autograd::Function<Direct> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &input, const Tensor &weight,
                        const std::optional<Tensor> &bias, at::IntArrayRef stride, at::IntArrayRef padding) {
    context->save_for_backward({ctorch::kept_input(context, input), weight});
    context->saved_data["has_bias"] = bias.has_value();
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    static const auto handle =
        c10::Dispatcher::singleton()
            .findSchemaOrThrow("mosi::convolution", "")
            .typed<Tensor(const Tensor &, const Tensor &, const std::optional<Tensor> &, at::IntArrayRef, at::IntArrayRef)>();
    at::AutoDispatchBelowADInplaceOrView guard;
    return handle.call(input, weight, bias, stride, padding);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    torch::autograd::variable_list results(5);
    if (!gradients[0].defined()) return results;
    const auto saved = context->get_saved_variables();
    const Tensor &weight = saved[1];
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const std::array<int64_t, 1> bias = {weight.size(0)};
    const Tensor input = ctorch::input_again(context, saved[0]);
    const bool of_input = context->needs_input_grad(0), of_weight = context->needs_input_grad(1);
    const bool of_bias = has_bias && context->needs_input_grad(2);
    const auto gradients_of = [&](at::ScalarType type, std::array<bool, 3> wanted) {
      return at::convolution_backward(gradients[0].to(type), input.to(type), weight.to(type),
                                      has_bias ? at::OptionalIntArrayRef(bias) : std::nullopt,
                                      context->saved_data["stride"].toIntVector(),
                                      context->saved_data["padding"].toIntVector(), ones, false, zeros, 1, wanted);
    };
    const at::ScalarType type = gradients[0].scalar_type();
    if (type == at::kBFloat16 && gradients[0].device().is_cpu()) {
      // oneDNN's gradients of bfloat16 weights read memory that nobody has written: seen as NaN with libtorch 2.13 on a CPU
      // with AVX512_BF16, in one call of ten.
      Tensor unused;
      if (of_input) std::tie(results[0], unused, unused) = gradients_of(type, {true, false, false});
      if (of_weight || of_bias) {
        std::tie(unused, results[1], results[2]) = gradients_of(at::kFloat, {false, of_weight, of_bias});
        if (of_weight) results[1] = results[1].to(type);
        if (of_bias) results[2] = results[2].to(type);
      }
    } else {
      std::tie(results[0], results[1], results[2]) = gradients_of(type, {of_input, of_weight, of_bias});
    }
    return results;
  }
};

Tensor direct_output_with_gradients(const Tensor &input, const Tensor &weight, const std::optional<Tensor> &bias,
                                    at::IntArrayRef stride, at::IntArrayRef padding) {
  return Direct::apply(input, weight, bias, stride, padding);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding) -> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) { library.impl("convolution", direct_on_meta); }

TORCH_LIBRARY_IMPL(mosi, CompositeExplicitAutograd, library) { library.impl("convolution", direct_output); }

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("convolution", direct_output_with_gradients); }
