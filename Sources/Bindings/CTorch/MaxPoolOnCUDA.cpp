// Max pooling for CUDA devices and its gradient. libtorch's own copies a batch into another layout and back.

#include <ATen/ATen.h>
#include <ATen/DeviceGuard.h>
#include <torch/library.h>

#include <algorithm>
#include <tuple>

#include "ChannelsLast.h"
#include "MaxPool.h"
#include "VectorsOnCUDA.h"

namespace {

using at::Tensor;
using ctorch::channels_last, ctorch::DeviceProgram, ctorch::empty_channels_last, ctorch::pooled_shape;

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
  const auto pooling = ctorch::pooling_shapes(input, kernel, stride, padding);
  Shapes shapes{};
  for (size_t axis = 0; axis < 3; axis++) {
    shapes.input[axis] = pooling.input[axis];
    shapes.output[axis] = pooling.output[axis];
    shapes.kernel[axis] = pooling.kernel[axis];
    shapes.stride[axis] = pooling.stride[axis];
    shapes.padding[axis] = pooling.padding[axis];
  }
  return shapes;
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
  Tensor output = empty_channels_last(pooled_shape(input.sizes(), kernel, stride, padding), from);
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

}  // namespace

// Pooling.cpp has the schemas and the gradient.
TORCH_LIBRARY_IMPL(mosi, CUDA, library) {
  library.impl("max_pool3d", pool_on_cuda);
  library.impl("max_pool3d_backward", gradient_on_cuda);
}
