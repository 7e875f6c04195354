// Convolutions by Winograd's algorithm as operators of libtorch, with their gradients.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ChannelsLast.h"
#include "Convolutions.h"
#include "Elements.h"
#include "Kernels/Winograd.h"
#include "KeptInput.h"

#include <array>
#include <optional>

namespace {

using at::Tensor;
using ctorch::channels_last, ctorch::elements, ctorch::empty_channels_last, ctorch::extent, ctorch::finish_of;

mosi::ConvolutionShapes shapes_of(const Tensor &input, const Tensor &weight) {
  TORCH_CHECK(input.dim() == 5 && weight.dim() == 5, "mosi::winograd needs input and weight of rank 5");
  TORCH_CHECK(input.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat,
              "mosi::winograd needs float32");
  TORCH_CHECK(input.size(1) == weight.size(1), "mosi::winograd: an input of ", input.size(1), " channels and a weight of ",
              weight.size(1));
  const int64_t time = weight.size(2), side = weight.size(3);
  TORCH_CHECK(side == weight.size(4) && ((side == 3 && (time == 1 || time == 3)) || (side == 1 && time == 3)),
              "mosi::winograd: a kernel of ", weight.sizes().slice(2));
  TORCH_CHECK(input.size(1) <= 8192 && weight.size(0) <= 8192, "mosi::winograd takes at most 8192 channels");
  return {extent(input.size(0)), extent(input.size(2)),  extent(input.size(3)), extent(input.size(4)),
          extent(input.size(1)), extent(weight.size(0)), extent(time),          extent(side),
          at::get_num_threads()};
}

std::array<int64_t, 5> output_shape(const Tensor &input, const Tensor &weight) {
  return {input.size(0), weight.size(0), input.size(2), input.size(3), input.size(4)};
}

Tensor output_of(const Tensor &input, const Tensor &weight, const mosi::Finish &finish) {
  const mosi::ConvolutionShapes shapes = shapes_of(input, weight);
  Tensor output = empty_channels_last(output_shape(input, weight), input);
  if (output.numel() == 0) return output;
  const Tensor from = channels_last(input), weights = channels_last(weight);
  mosi::winograd_output(shapes, finish, elements<float>(from), elements<float>(weights),
                       output.mutable_data_ptr<float>());
  return output;
}

Tensor output_on_cpu(const Tensor &input, const Tensor &weight) { return output_of(input, weight, {}); }

Tensor normalized_on_cpu(const Tensor &input, const Tensor &weight, const Tensor &scale, const Tensor &shift,
                         const std::optional<Tensor> &residual, bool relu) {
  const auto [added, finish] = finish_of(scale, shift, residual, relu, output_shape(input, weight));
  return output_of(input, weight, finish);
}

Tensor output_on_meta(const Tensor &input, const Tensor &weight) {
  return empty_channels_last(output_shape(input, weight), input);
}

Tensor normalized_on_meta(const Tensor &input, const Tensor &weight, const Tensor &, const Tensor &,
                          const std::optional<Tensor> &, bool) {
  return output_on_meta(input, weight);
}

std::array<int64_t, 5> input_shape(const Tensor &gradient, const Tensor &weight) {
  return {gradient.size(0), weight.size(1), gradient.size(2), gradient.size(3), gradient.size(4)};
}

Tensor input_gradient_on_cpu(const Tensor &gradient, const Tensor &weight) {
  Tensor result = empty_channels_last(input_shape(gradient, weight), gradient);
  const mosi::ConvolutionShapes shapes = shapes_of(result, weight);
  if (result.numel() == 0) return result;
  const Tensor arriving = channels_last(gradient), weights = channels_last(weight);
  mosi::winograd_input_gradient(shapes, elements<float>(arriving), elements<float>(weights),
                               result.mutable_data_ptr<float>());
  return result;
}

Tensor weight_gradient_on_cpu(const Tensor &gradient, const Tensor &input, const Tensor &weight) {
  const mosi::ConvolutionShapes shapes = shapes_of(input, weight);
  Tensor result = empty_channels_last(weight.sizes(), weight);
  if (input.numel() == 0) return result.zero_();
  const Tensor arriving = channels_last(gradient), from = channels_last(input);
  mosi::winograd_weight_gradient(shapes, elements<float>(from), elements<float>(arriving),
                                result.mutable_data_ptr<float>());
  return result;
}

Tensor input_gradient_on_meta(const Tensor &gradient, const Tensor &weight) {
  return empty_channels_last(input_shape(gradient, weight), gradient);
}

Tensor weight_gradient_on_meta(const Tensor &, const Tensor &, const Tensor &weight) {
  return empty_channels_last(weight.sizes(), weight);
}

Tensor output_below_autograd(const Tensor &input, const Tensor &weight) {
  static const auto handle = c10::Dispatcher::singleton()
                                 .findSchemaOrThrow("mosi::winograd", "")
                                 .typed<Tensor(const Tensor &, const Tensor &)>();
  at::AutoDispatchBelowADInplaceOrView guard;
  return handle.call(input, weight);
}

struct Winograd : torch::autograd::Function<Winograd> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &input, const Tensor &weight) {
    context->save_for_backward({ctorch::kept_input(context, input), weight});
    return output_below_autograd(input, weight);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    static const auto input_gradient = c10::Dispatcher::singleton()
                                           .findSchemaOrThrow("mosi::winograd_input_gradient", "")
                                           .typed<Tensor(const Tensor &, const Tensor &)>();
    static const auto weight_gradient = c10::Dispatcher::singleton()
                                            .findSchemaOrThrow("mosi::winograd_weight_gradient", "")
                                            .typed<Tensor(const Tensor &, const Tensor &, const Tensor &)>();
    torch::autograd::variable_list results(2);
    if (!gradients[0].defined()) return results;
    const auto saved = context->get_saved_variables();
    // In this order, an input that is computed again is gone before there is a gradient of it.
    if (context->needs_input_grad(1)) {
      results[1] = weight_gradient.call(gradients[0], ctorch::input_again(context, saved[0]), saved[1]);
    }
    if (context->needs_input_grad(0)) results[0] = input_gradient.call(gradients[0], saved[1]);
    return results;
  }
};

Tensor output_with_gradients(const Tensor &input, const Tensor &weight) { return Winograd::apply(input, weight); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("winograd(Tensor input, Tensor weight) -> Tensor");
  library.def(
      "normalized_winograd(Tensor input, Tensor weight, Tensor scale, Tensor shift, Tensor? residual, bool relu) -> Tensor");
  library.def("winograd_input_gradient(Tensor gradient, Tensor weight) -> Tensor");
  library.def("winograd_weight_gradient(Tensor gradient, Tensor input, Tensor weight) -> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, CPU, library) {
  library.impl("winograd", output_on_cpu);
  library.impl("normalized_winograd", normalized_on_cpu);
  library.impl("winograd_input_gradient", input_gradient_on_cpu);
  library.impl("winograd_weight_gradient", weight_gradient_on_cpu);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("winograd", output_on_meta);
  library.impl("normalized_winograd", normalized_on_meta);
  library.impl("winograd_input_gradient", input_gradient_on_meta);
  library.impl("winograd_weight_gradient", weight_gradient_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("winograd", output_with_gradients); }
