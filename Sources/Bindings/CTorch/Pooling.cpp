// Max pooling as an operator of libtorch, with its gradient. The backward pass needs a byte for each output, where libtorch's
// needs the input and eight bytes.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <tuple>

#include "ChannelsLast.h"
#include "Elements.h"
#include "Kernels/Pooling.h"
#include "MaxPool.h"

namespace {

using at::IntArrayRef;
using at::Tensor;
using ctorch::channels_last, ctorch::elements, ctorch::empty_channels_last, ctorch::pooled_shape;

mosi::PoolingShapes shapes_of(IntArrayRef input, IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding) {
  auto shapes = ctorch::pooling_shapes(input, kernel, stride, padding);
  shapes.threads = at::get_num_threads();
  return shapes;
}

Tensor empty_bytes(IntArrayRef shape, const Tensor &like) {
  return at::empty(shape, like.options().dtype(at::kByte).memory_format(at::MemoryFormat::ChannelsLast3d));
}

// The output, and which place of its window each comes from.
std::tuple<Tensor, Tensor> output_on_cpu(const Tensor &input, IntArrayRef kernel, IntArrayRef stride,
                                         IntArrayRef padding) {
  TORCH_CHECK(input.scalar_type() == at::kFloat, "mosi::max_pool3d needs float32");
  const auto shapes = shapes_of(input.sizes(), kernel, stride, padding);
  const auto shape = pooled_shape(input.sizes(), kernel, stride, padding);
  Tensor output = empty_channels_last(shape, input), chosen = empty_bytes(shape, input);
  const Tensor from = channels_last(input);
  mosi::max_pool(shapes, elements<float>(from), output.mutable_data_ptr<float>(),
                 chosen.mutable_data_ptr<uint8_t>());
  return {output, chosen};
}

Tensor gradient_on_cpu(const Tensor &gradient, const Tensor &chosen, IntArrayRef input_shape, IntArrayRef kernel,
                       IntArrayRef stride, IntArrayRef padding) {
  const auto shapes = shapes_of(input_shape, kernel, stride, padding);
  TORCH_CHECK(gradient.scalar_type() == at::kFloat && chosen.scalar_type() == at::kByte &&
                  gradient.sizes() == chosen.sizes() &&
                  gradient.sizes() == IntArrayRef(pooled_shape(input_shape, kernel, stride, padding)),
              "mosi::max_pool3d_backward: a gradient of another shape or type");
  Tensor result = empty_channels_last(input_shape, gradient);
  const Tensor arriving = channels_last(gradient), positions = channels_last(chosen);
  mosi::max_pool_gradient(shapes, elements<float>(arriving), elements<uint8_t>(positions),
                          result.mutable_data_ptr<float>());
  return result;
}

std::tuple<Tensor, Tensor> output_on_meta(const Tensor &input, IntArrayRef kernel, IntArrayRef stride,
                                          IntArrayRef padding) {
  const auto shape = pooled_shape(input.sizes(), kernel, stride, padding);
  return {empty_channels_last(shape, input), empty_bytes(shape, input)};
}

Tensor gradient_on_meta(const Tensor &gradient, const Tensor &, IntArrayRef input_shape, IntArrayRef, IntArrayRef,
                        IntArrayRef) {
  return empty_channels_last(input_shape, gradient);
}

using Output = std::tuple<Tensor, Tensor>(const Tensor &, IntArrayRef, IntArrayRef, IntArrayRef);
using Gradient = Tensor(const Tensor &, const Tensor &, IntArrayRef, IntArrayRef, IntArrayRef, IntArrayRef);

struct MaxPool : torch::autograd::Function<MaxPool> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext *context, const Tensor &input,
                                                IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding) {
    static const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow("mosi::max_pool3d", "").typed<Output>();
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [output, chosen] = handle.call(input, kernel, stride, padding);
    context->save_for_backward({chosen});
    context->saved_data["shape"] = input.sizes();
    context->saved_data["kernel"] = kernel;
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->mark_non_differentiable({chosen});
    return {output, chosen};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    static const auto handle =
        c10::Dispatcher::singleton().findSchemaOrThrow("mosi::max_pool3d_backward", "").typed<Gradient>();
    if (!gradients[0].defined()) return torch::autograd::variable_list(4);
    const auto list = [&](const char *name) { return context->saved_data[name].toIntVector(); };
    return {handle.call(gradients[0], context->get_saved_variables()[0], list("shape"), list("kernel"), list("stride"),
                        list("padding")),
            Tensor(), Tensor(), Tensor()};
  }
};

std::tuple<Tensor, Tensor> output_with_gradient(const Tensor &input, IntArrayRef kernel, IntArrayRef stride,
                                                IntArrayRef padding) {
  auto results = MaxPool::apply(input, kernel, stride, padding);
  return {results[0], results[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("max_pool3d(Tensor input, int[] kernel, int[] stride, int[] padding) -> (Tensor, Tensor)");
  library.def(
      "max_pool3d_backward(Tensor gradient, Tensor chosen, int[] input_shape, int[] kernel, int[] stride, int[] padding) "
      "-> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, CPU, library) {
  library.impl("max_pool3d", output_on_cpu);
  library.impl("max_pool3d_backward", gradient_on_cpu);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("max_pool3d", output_on_meta);
  library.impl("max_pool3d_backward", gradient_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("max_pool3d", output_with_gradient); }
