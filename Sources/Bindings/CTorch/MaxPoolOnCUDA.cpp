// Max pooling for CUDA devices as an operator of libtorch, with its gradient. libtorch's own copies a batch into another
// layout and back.

#include <ATen/ATen.h>
#include <ATen/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "ChannelsLast.h"
#include "VectorsOnCUDA.h"

namespace {

using at::Tensor;
using ctorch::channels_last, ctorch::DeviceProgram, ctorch::empty_channels_last;

// A thread has V channels of a point. A choice is the place of the largest number in its window.
constexpr const char *kernels = R"cuda(
struct Shapes {
  int input[3], output[3], kernel[3], stride[3], padding[3];
};

template <int size> struct RawBytes { typedef unsigned char Type; };
template <> struct RawBytes<2> { typedef unsigned short Type; };
template <> struct RawBytes<4> { typedef unsigned Type; };
template <> struct RawBytes<8> { typedef uint2 Type; };

union Choices {
  RawBytes<V>::Type raw;
  unsigned char values[V];
};

struct Point {
  int clip, at[3];
};

__device__ Point point(long long index, const int *extents) {
  Point result;
  for (int axis = 2; axis >= 0; axis--) {
    result.at[axis] = index % extents[axis];
    index /= extents[axis];
  }
  result.clip = index;
  return result;
}

__device__ long long offset(int clip, int t, int y, int x, const int *extents, int channels) {
  return ((((long long)clip * extents[0] + t) * extents[1] + y) * extents[2] + x) * channels;
}

extern "C" __global__ void pool(
    const Element *input, Element *output, unsigned char *choices, Shapes shapes, long long points, int channels) {
  const int lanes = channels / V;
  const long long step = (long long)gridDim.x * blockDim.x;
  for (long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x; index < points * lanes; index += step) {
    const int channel = index % lanes * V;
    const Point to = point(index / lanes, shapes.output);
    Numbers largest;
    Choices choice;
    bool isFirst = true;
    unsigned char place = 0;
    for (int i = 0; i < shapes.kernel[0]; i++) {
      for (int j = 0; j < shapes.kernel[1]; j++) {
        for (int k = 0; k < shapes.kernel[2]; k++, place++) {
          const int t = to.at[0] * shapes.stride[0] - shapes.padding[0] + i;
          const int y = to.at[1] * shapes.stride[1] - shapes.padding[1] + j;
          const int x = to.at[2] * shapes.stride[2] - shapes.padding[2] + k;
          if (t < 0 || y < 0 || x < 0 || t >= shapes.input[0] || y >= shapes.input[1] || x >= shapes.input[2]) continue;
          const Numbers values = load(input + offset(to.clip, t, y, x, shapes.input, channels) + channel);
          for (int v = 0; v < V; v++) {
            const float value = values.values[v];
            // A NaN wins.
            if (isFirst || value > largest.values[v] || value != value) {
              largest.values[v] = value;
              choice.values[v] = place;
            }
          }
          isFirst = false;
        }
      }
    }
    store(output + index / lanes * channels + channel, largest);
    *(RawBytes<V>::Type *)(choices + index / lanes * channels + channel) = choice.raw;
  }
}

extern "C" __global__ void input_gradients(
    const Element *gradient, const unsigned char *choices, Element *input_gradient, Shapes shapes, long long points,
    int channels) {
  const int lanes = channels / V;
  const long long step = (long long)gridDim.x * blockDim.x;
  for (long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x; index < points * lanes; index += step) {
    const int channel = index % lanes * V;
    const Point from = point(index / lanes, shapes.input);
    Numbers sum = {};
    unsigned char place = 0;
    // The windows that contain the point.
    for (int i = 0; i < shapes.kernel[0]; i++) {
      for (int j = 0; j < shapes.kernel[1]; j++) {
        for (int k = 0; k < shapes.kernel[2]; k++, place++) {
          const int t = from.at[0] + shapes.padding[0] - i, y = from.at[1] + shapes.padding[1] - j;
          const int x = from.at[2] + shapes.padding[2] - k;
          if (t < 0 || y < 0 || x < 0 || t % shapes.stride[0] || y % shapes.stride[1] || x % shapes.stride[2]) continue;
          const int to_t = t / shapes.stride[0], to_y = y / shapes.stride[1], to_x = x / shapes.stride[2];
          if (to_t >= shapes.output[0] || to_y >= shapes.output[1] || to_x >= shapes.output[2]) continue;
          const long long at = offset(from.clip, to_t, to_y, to_x, shapes.output, channels) + channel;
          Choices choice;
          choice.raw = *(const RawBytes<V>::Type *)(choices + at);
          const Numbers arriving = load(gradient + at);
          for (int v = 0; v < V; v++) {
            if (choice.values[v] == place) sum.values[v] += arriving.values[v];
          }
        }
      }
    }
    store(input_gradient + index / lanes * channels + channel, sum);
  }
}
)cuda";

// As the kernels have it.
struct Shapes {
  int32_t input[3], output[3], kernel[3], stride[3], padding[3];
};

Shapes shapes_of(at::IntArrayRef input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  TORCH_CHECK(input.size() == 5 && kernel.size() == 3 && stride.size() == 3 && padding.size() == 3,
              "mosi::max_pool needs an input of rank 5 and three extents");
  TORCH_CHECK(kernel[0] * kernel[1] * kernel[2] <= 256, "mosi::max_pool: a kernel of ", kernel, " is too large");
  Shapes shapes{};
  for (size_t axis = 0; axis < 3; axis++) {
    const int64_t padded = input[axis + 2] + 2 * padding[axis] - kernel[axis];
    TORCH_CHECK(kernel[axis] > 0 && stride[axis] > 0 && 2 * padding[axis] <= kernel[axis] && padded >= 0,
                "mosi::max_pool: no window of ", kernel, " with padding ", padding, " fits ", input);
    shapes.input[axis] = static_cast<int32_t>(input[axis + 2]);
    shapes.output[axis] = static_cast<int32_t>(padded / stride[axis] + 1);
    shapes.kernel[axis] = static_cast<int32_t>(kernel[axis]);
    shapes.stride[axis] = static_cast<int32_t>(stride[axis]);
    shapes.padding[axis] = static_cast<int32_t>(padding[axis]);
  }
  return shapes;
}

std::array<int64_t, 5> output_shape(at::IntArrayRef input, const Shapes &shapes) {
  return {input[0], input[1], shapes.output[0], shapes.output[1], shapes.output[2]};
}

// A thread for each vector, and several if there are too many.
DeviceProgram::Grid grid(int64_t threads) {
  return {static_cast<unsigned>(std::clamp<int64_t>((threads + 255) / 256, 1, 1 << 20)), 1, 256};
}

// The output, and where it comes from.
std::tuple<Tensor, Tensor> pool_on_cuda(
    const Tensor &input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  const at::DeviceGuard guard(input.device());
  Shapes shapes = shapes_of(input.sizes(), kernel, stride, padding);
  const Tensor from = channels_last(input);
  Tensor output = empty_channels_last(output_shape(input.sizes(), shapes), from);
  Tensor choices = at::empty(
      output.sizes(), from.options().dtype(at::kByte).memory_format(at::MemoryFormat::ChannelsLast3d));
  if (output.numel() == 0) return {output, choices};
  auto channels = static_cast<int32_t>(input.size(1));
  int64_t points = output.numel() / channels;
  const int64_t vector = ctorch::vector_size(from.scalar_type(), channels);
  const void *x = from.const_data_ptr();
  void *y = output.mutable_data_ptr(), *c = choices.mutable_data_ptr();
  ctorch::vector_program(kernels, from.scalar_type(), vector)
      .launch("pool", input.device(), grid(output.numel() / vector), {&x, &y, &c, &shapes, &points, &channels});
  return {output, choices};
}

Tensor gradient_on_cuda(
    const Tensor &gradient, const Tensor &choices, at::IntArrayRef input, at::IntArrayRef kernel, at::IntArrayRef stride,
    at::IntArrayRef padding) {
  const at::DeviceGuard guard(gradient.device());
  Shapes shapes = shapes_of(input, kernel, stride, padding);
  const Tensor arriving = channels_last(gradient), chosen = channels_last(choices);
  Tensor result = empty_channels_last(input, arriving);
  if (result.numel() == 0) return result;
  auto channels = static_cast<int32_t>(input[1]);
  int64_t points = result.numel() / channels;
  const int64_t vector = ctorch::vector_size(arriving.scalar_type(), channels);
  const void *g = arriving.const_data_ptr(), *c = chosen.const_data_ptr();
  void *x = result.mutable_data_ptr();
  ctorch::vector_program(kernels, arriving.scalar_type(), vector)
      .launch("input_gradients", gradient.device(), grid(result.numel() / vector),
              {&g, &c, &x, &shapes, &points, &channels});
  return result;
}

using Pool = std::tuple<Tensor, Tensor>(const Tensor &, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef);
using Gradient = Tensor(const Tensor &, const Tensor &, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef);

struct MaxPool : torch::autograd::Function<MaxPool> {
  static torch::autograd::variable_list forward(
      torch::autograd::AutogradContext *context, const Tensor &input, at::IntArrayRef kernel, at::IntArrayRef stride,
      at::IntArrayRef padding) {
    static const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow("mosi::max_pool", "").typed<Pool>();
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [output, choices] = handle.call(input, kernel, stride, padding);
    context->save_for_backward({choices});
    context->saved_data["shape"] = input.sizes();
    context->saved_data["kernel"] = kernel;
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->mark_non_differentiable({choices});
    return {output, choices};
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
    static const auto handle =
        c10::Dispatcher::singleton().findSchemaOrThrow("mosi::max_pool_backward", "").typed<Gradient>();
    torch::autograd::variable_list results(4);
    if (!gradients[0].defined()) return results;
    auto extents = [&](const char *name) { return context->saved_data[name].toIntVector(); };
    results[0] = handle.call(
        gradients[0], context->get_saved_variables()[0], extents("shape"), extents("kernel"), extents("stride"),
        extents("padding"));
    return results;
  }
};

std::tuple<Tensor, Tensor> pool_with_gradient(
    const Tensor &input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  auto results = MaxPool::apply(input, kernel, stride, padding);
  return {results[0], results[1]};
}

std::tuple<Tensor, Tensor> pool_on_meta(
    const Tensor &input, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  const auto shape = output_shape(input.sizes(), shapes_of(input.sizes(), kernel, stride, padding));
  Tensor output = empty_channels_last(shape, input);
  return {output, at::empty_like(output, at::kByte)};
}

Tensor gradient_on_meta(
    const Tensor &gradient, const Tensor &, at::IntArrayRef input, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef) {
  return empty_channels_last(input, gradient);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("max_pool(Tensor input, int[] kernel, int[] stride, int[] padding) -> (Tensor, Tensor)");
  library.def(
      "max_pool_backward(Tensor gradient, Tensor choices, int[] input, int[] kernel, int[] stride, int[] padding) -> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, CUDA, library) {
  library.impl("max_pool", pool_on_cuda);
  library.impl("max_pool_backward", gradient_on_cuda);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("max_pool", pool_on_meta);
  library.impl("max_pool_backward", gradient_on_meta);
}

TORCH_LIBRARY_IMPL(mosi, Autograd, library) { library.impl("max_pool", pool_with_gradient); }
