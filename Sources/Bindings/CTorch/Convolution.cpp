// Convolutions as operators of libtorch, with their gradients: by Winograd's algorithm, and as libtorch computes them.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ChannelsLast.h"
#include "Elements.h"
#include "Kernels/Winograd.h"
#include "KeptInput.h"

#include <array>
#include <limits>
#include <optional>
#include <tuple>

namespace {

using at::Tensor;
using ctorch::channels_last, ctorch::elements, ctorch::empty_channels_last;

int32_t extent(int64_t value) {
  TORCH_CHECK(value <= std::numeric_limits<int32_t>::max(), "mosi::winograd: an extent of ", value, " is too large");
  return static_cast<int32_t>(value);
}

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
  for (const Tensor &tensor : {scale, shift}) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.numel() == weight.size(0) && tensor.is_contiguous(),
                "mosi::normalized_winograd needs a float32 scale and shift of ", weight.size(0), " channels");
  }
  Tensor added;
  if (residual) {
    TORCH_CHECK(residual->scalar_type() == at::kFloat && residual->sizes() == at::IntArrayRef(output_shape(input, weight)),
                "mosi::normalized_winograd: a residual of another shape or type");
    added = channels_last(*residual);
  }
  return output_of(input, weight,
                   {elements<float>(scale), elements<float>(shift),
                    added.defined() ? elements<float>(added) : nullptr, relu});
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

// --- Direct convolution --------------------------------------------------------------------------------------

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
  library.def("winograd(Tensor input, Tensor weight) -> Tensor");
  library.def(
      "normalized_winograd(Tensor input, Tensor weight, Tensor scale, Tensor shift, Tensor? residual, bool relu) -> Tensor");
  library.def("convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding) -> Tensor");
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
  library.impl("convolution", direct_on_meta);
  library.impl("normalized_winograd", normalized_on_meta);
  library.impl("winograd_input_gradient", input_gradient_on_meta);
  library.impl("winograd_weight_gradient", weight_gradient_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, CompositeExplicitAutograd, library) { library.impl("convolution", direct_output); }

TORCH_LIBRARY_IMPL(mosi, Autograd, library) {
  library.impl("winograd", output_with_gradients);
  library.impl("convolution", direct_output_with_gradients);
}
