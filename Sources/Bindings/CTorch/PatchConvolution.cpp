// Convolutions as products with patches, as operators of libtorch, with their gradients.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ChannelsLast.h"
#include "Convolutions.h"
#include "Elements.h"
#include "Kernels/Patches.h"
#include "KeptInput.h"

#include <algorithm>
#include <array>
#include <optional>

namespace {

using at::Tensor;
using ctorch::channels_last, ctorch::elements, ctorch::empty_channels_last, ctorch::extent, ctorch::finish_of;

// `input` is the shape [N, Cin, T, H, W].
mosi::PatchShapes shapes_of(at::IntArrayRef input, const Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  TORCH_CHECK(input.size() == 5 && weight.dim() == 5 && stride.size() == 3 && padding.size() == 3,
              "mosi::patch_convolution needs input and weight of rank 5, stride and padding of three axes");
  TORCH_CHECK(weight.scalar_type() == at::kFloat, "mosi::patch_convolution needs float32");
  TORCH_CHECK(input[1] == weight.size(1), "mosi::patch_convolution: an input of ", input[1], " channels and a weight of ",
              weight.size(1));
  mosi::PatchShapes shapes = {extent(input[0]), extent(input[1]), extent(weight.size(0)), {}, {}, {}, {},
                              at::get_num_threads()};
  int64_t rows = std::max<int64_t>(input[0], 1), places = rows, row = std::max<int64_t>(weight.size(0), input[1]);
  for (int axis = 0; axis < 3; axis++) {
    shapes.extents[axis] = extent(input[2 + axis]);
    shapes.kernel[axis] = extent(weight.size(2 + axis));
    shapes.stride[axis] = extent(stride[axis]);
    shapes.padding[axis] = extent(padding[axis]);
    TORCH_CHECK(shapes.kernel[axis] > 0 && shapes.stride[axis] > 0 && shapes.padding[axis] >= 0 &&
                    shapes.extents[axis] + 2 * shapes.padding[axis] >= shapes.kernel[axis],
                "mosi::patch_convolution: a kernel of ", weight.sizes().slice(2), " for an input of ", input.slice(2));
    places *= shapes.extents[axis];
    rows *= shapes.output_extent(axis);
    row *= shapes.kernel[axis];
    // Rows are counted, and the numbers of a row indexed, in 32 bits.
    extent(places);
    extent(rows);
    extent(row * 1024);
  }
  return shapes;
}

std::array<int64_t, 5> output_shape(const mosi::PatchShapes &shapes) {
  return {shapes.clips, shapes.outputs, shapes.output_extent(0), shapes.output_extent(1), shapes.output_extent(2)};
}

Tensor output_of(const Tensor &input, const Tensor &weight, const mosi::PatchShapes &shapes,
                 const mosi::Finish &finish) {
  TORCH_CHECK(input.scalar_type() == at::kFloat, "mosi::patch_convolution needs float32");
  Tensor output = empty_channels_last(output_shape(shapes), input);
  if (output.numel() == 0) return output;
  const Tensor from = channels_last(input), weights = channels_last(weight);
  mosi::patch_output(shapes, finish, elements<float>(from), elements<float>(weights), output.mutable_data_ptr<float>());
  return output;
}

Tensor output_on_cpu(const Tensor &input, const Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  return output_of(input, weight, shapes_of(input.sizes(), weight, stride, padding), {});
}

Tensor normalized_on_cpu(const Tensor &input, const Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding,
                         const Tensor &scale, const Tensor &shift, const std::optional<Tensor> &residual,
                         bool relu) {
  const mosi::PatchShapes shapes = shapes_of(input.sizes(), weight, stride, padding);
  const auto [added, finish] = finish_of(scale, shift, residual, relu, output_shape(shapes));
  return output_of(input, weight, shapes, finish);
}

Tensor output_on_meta(const Tensor &input, const Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  return empty_channels_last(output_shape(shapes_of(input.sizes(), weight, stride, padding)), input);
}

Tensor normalized_on_meta(const Tensor &input, const Tensor &weight, at::IntArrayRef stride,
                          at::IntArrayRef padding, const Tensor &, const Tensor &, const std::optional<Tensor> &,
                          bool) {
  return output_on_meta(input, weight, stride, padding);
}

// `input` is the shape of the result.
Tensor input_gradient_on_cpu(const Tensor &gradient, const Tensor &weight, at::IntArrayRef input,
                             at::IntArrayRef stride, at::IntArrayRef padding) {
  const mosi::PatchShapes shapes = shapes_of(input, weight, stride, padding);
  TORCH_CHECK(gradient.scalar_type() == at::kFloat && gradient.sizes() == at::IntArrayRef(output_shape(shapes)),
              "mosi::patch_input_gradient: a gradient of another shape or type");
  Tensor result = empty_channels_last(input, gradient);
  if (result.numel() == 0) return result;
  const Tensor arriving = channels_last(gradient), weights = channels_last(weight);
  mosi::patch_input_gradient(shapes, elements<float>(arriving), elements<float>(weights), result.mutable_data_ptr<float>());
  return result;
}

Tensor weight_gradient_on_cpu(const Tensor &gradient, const Tensor &input, const Tensor &weight,
                              at::IntArrayRef stride, at::IntArrayRef padding) {
  const mosi::PatchShapes shapes = shapes_of(input.sizes(), weight, stride, padding);
  TORCH_CHECK(input.scalar_type() == at::kFloat && gradient.scalar_type() == at::kFloat &&
                  gradient.sizes() == at::IntArrayRef(output_shape(shapes)),
              "mosi::patch_weight_gradient: a gradient of another shape or type");
  Tensor result = empty_channels_last(weight.sizes(), weight);
  if (gradient.numel() == 0 || weight.numel() == 0) return result.zero_();
  const Tensor arriving = channels_last(gradient), from = channels_last(input);
  mosi::patch_weight_gradient(shapes, elements<float>(from), elements<float>(arriving), result.mutable_data_ptr<float>());
  return result;
}

Tensor input_gradient_on_meta(const Tensor &gradient, const Tensor &, at::IntArrayRef input, at::IntArrayRef,
                              at::IntArrayRef) {
  return empty_channels_last(input, gradient);
}

Tensor weight_gradient_on_meta(const Tensor &, const Tensor &, const Tensor &weight, at::IntArrayRef,
                               at::IntArrayRef) {
  return empty_channels_last(weight.sizes(), weight);
}

struct Patches : torch::autograd::Function<Patches> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &input, const Tensor &weight,
                        at::IntArrayRef stride, at::IntArrayRef padding) {
    context->save_for_backward({ctorch::kept_input(context, input), weight});
    context->saved_data["input"] = input.sizes();
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    static const auto handle = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("mosi::patch_convolution", "")
                                   .typed<Tensor(const Tensor &, const Tensor &, at::IntArrayRef, at::IntArrayRef)>();
    at::AutoDispatchBelowADInplaceOrView guard;
    return handle.call(input, weight, stride, padding);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    static const auto input_gradient =
        c10::Dispatcher::singleton()
            .findSchemaOrThrow("mosi::patch_input_gradient", "")
            .typed<Tensor(const Tensor &, const Tensor &, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef)>();
    static const auto weight_gradient =
        c10::Dispatcher::singleton()
            .findSchemaOrThrow("mosi::patch_weight_gradient", "")
            .typed<Tensor(const Tensor &, const Tensor &, const Tensor &, at::IntArrayRef, at::IntArrayRef)>();
    torch::autograd::variable_list results(4);
    if (!gradients[0].defined()) return results;
    const auto saved = context->get_saved_variables();
    const auto shape = context->saved_data["input"].toIntVector(), stride = context->saved_data["stride"].toIntVector(),
               padding = context->saved_data["padding"].toIntVector();
    // In this order, an input that is computed again is gone before there is a gradient of it.
    if (context->needs_input_grad(1)) {
      results[1] = weight_gradient.call(gradients[0], ctorch::input_again(context, saved[0]), saved[1], stride, padding);
    }
    if (context->needs_input_grad(0)) results[0] = input_gradient.call(gradients[0], saved[1], shape, stride, padding);
    return results;
  }
};

Tensor output_with_gradients(const Tensor &input, const Tensor &weight, at::IntArrayRef stride, at::IntArrayRef padding) {
  return Patches::apply(input, weight, stride, padding);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("patch_convolution(Tensor input, Tensor weight, int[] stride, int[] padding) -> Tensor");
  library.def(
      "normalized_patch_convolution(Tensor input, Tensor weight, int[] stride, int[] padding, Tensor scale, Tensor shift, "
      "Tensor? residual, bool relu) -> Tensor");
  library.def("patch_input_gradient(Tensor gradient, Tensor weight, int[] input, int[] stride, int[] padding) -> Tensor");
  library.def(
      "patch_weight_gradient(Tensor gradient, Tensor input, Tensor weight, int[] stride, int[] padding) -> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, CPU, library) {
  library.impl("patch_convolution", output_on_cpu);
  library.impl("normalized_patch_convolution", normalized_on_cpu);
  library.impl("patch_input_gradient", input_gradient_on_cpu);
  library.impl("patch_weight_gradient", weight_gradient_on_cpu);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("patch_convolution", output_on_meta);
  library.impl("normalized_patch_convolution", normalized_on_meta);
  library.impl("patch_input_gradient", input_gradient_on_meta);
  library.impl("patch_weight_gradient", weight_gradient_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("patch_convolution", output_with_gradients); }
