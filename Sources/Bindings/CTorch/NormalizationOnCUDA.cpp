// mosi::batch_norm for CUDA devices, in float32, bfloat16 or float16: two passes over memory forward and two backward.

#include <ATen/ATen.h>
#include <ATen/DeviceGuard.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "ChannelsLast.h"
#include "VectorsOnCUDA.h"

namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;
using ctorch::channels_last, ctorch::DeviceProgram, ctorch::empty_channels_last;

// A thread has V channels of its own, which it keeps for all rows (points of N, T, H, W). `wide` threads of a block have
// different channels; the others of the block, and other blocks, have other rows.
constexpr const char *kernels = R"cuda(
__device__ Numbers load_channels(const float *from) {
  Numbers result;
  for (int i = 0; i < V; i++) result.values[i] = from[i];
  return result;
}

struct Place {
  int channel;               // the first of the thread's
  long long first, step;     // rows
  bool exists;
};

__device__ Place place_of_thread(int channels, int wide) {
  const int lane = blockIdx.y * wide + threadIdx.x % wide, tall = blockDim.x / wide;
  return {lane * V, (long long)blockIdx.x * tall + threadIdx.x / wide, (long long)gridDim.x * tall, lane * V < channels};
}

// Adds the sums of the threads of a block that have the same channels and writes them to [2][channels][columns].
__device__ void write_sums(Numbers first, Numbers second, Place place, int channels, int wide, float *sums) {
  __shared__ float shared[2 * V * 256];
  for (int i = 0; i < V; i++) {
    shared[(2 * i) * 256 + threadIdx.x] = first.values[i];
    shared[(2 * i + 1) * 256 + threadIdx.x] = second.values[i];
  }
  __syncthreads();
  if (threadIdx.x >= wide || !place.exists) return;
  for (int i = 0; i < V; i++) {
    float one = 0, other = 0;
    for (int thread = threadIdx.x; thread < blockDim.x; thread += wide) {
      one += shared[(2 * i) * 256 + thread];
      other += shared[(2 * i + 1) * 256 + thread];
    }
    sums[(long long)(place.channel + i) * gridDim.x + blockIdx.x] = one;
    sums[(long long)(channels + place.channel + i) * gridDim.x + blockIdx.x] = other;
  }
}

// Sums of the inputs and of their squares, both less the first row: so the squares are about as large as the variance.
extern "C" __global__ void input_sums(const Element *input, float *sums, long long rows, int channels, int wide) {
  const Place place = place_of_thread(channels, wide);
  Numbers sum = {}, squares = {};
  if (place.exists) {
    const Numbers start = load(input + place.channel);
#pragma unroll 4
    for (long long row = place.first; row < rows; row += place.step) {
      const Numbers values = load(input + row * channels + place.channel);
      for (int i = 0; i < V; i++) {
        const float value = values.values[i] - start.values[i];
        sum.values[i] += value;
        squares.values[i] += value * value;
      }
    }
  }
  write_sums(sum, squares, place, channels, wide, sums);
}

// The sums over the columns, in a block for each channel.
__device__ void total(const float *sums, int columns, int channels, double &first, double &second) {
  __shared__ double shared[2][128];
  first = second = 0;
  for (int column = threadIdx.x; column < columns; column += blockDim.x) {
    first += sums[(long long)blockIdx.x * columns + column];
    second += sums[(long long)(channels + blockIdx.x) * columns + column];
  }
  shared[0][threadIdx.x] = first;
  shared[1][threadIdx.x] = second;
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      shared[0][threadIdx.x] += shared[0][threadIdx.x + half];
      shared[1][threadIdx.x] += shared[1][threadIdx.x + half];
    }
  }
  first = shared[0][0];
  second = shared[1][0];
}

extern "C" __global__ void statistics(
    const Element *input, const float *sums, float *mean, float *inverse_deviation, float *running_mean,
    float *running_variance, long long rows, int channels, int columns, double momentum, double epsilon) {
  double sum, squares;
  total(sums, columns, channels, sum, squares);
  if (threadIdx.x > 0) return;
  const int channel = blockIdx.x;
  const double shifted = sum / rows, variance = fmax(squares / rows - shifted * shifted, 0.0);
  const double center = number(input[channel]) + shifted;
  mean[channel] = center;
  inverse_deviation[channel] = 1 / sqrt(variance + epsilon);
  running_mean[channel] = (1 - momentum) * running_mean[channel] + momentum * center;
  running_variance[channel] =
      (1 - momentum) * running_variance[channel] + momentum * (variance * rows / (rows > 1 ? rows - 1 : 1));
}

// The factors and terms that normalize a thread's channels.
struct Normalization {
  Numbers scale, shift;
};

__device__ Normalization normalization(
    const float *mean, const float *inverse_deviation, const float *weight, const float *bias, int channel) {
  Normalization result;
  for (int i = 0; i < V; i++) {
    result.scale.values[i] = weight[channel + i] * inverse_deviation[channel + i];
    result.shift.values[i] = bias[channel + i] - mean[channel + i] * result.scale.values[i];
  }
  return result;
}

extern "C" __global__ void normalize(
    const Element *input, const Element *residual, const float *mean, const float *inverse_deviation,
    const float *weight, const float *bias, Element *output, long long rows, int channels, int wide, bool relu) {
  const Place place = place_of_thread(channels, wide);
  if (!place.exists) return;
  const Normalization factors = normalization(mean, inverse_deviation, weight, bias, place.channel);
#pragma unroll 4
  for (long long row = place.first; row < rows; row += place.step) {
    const long long at = row * channels + place.channel;
    Numbers values = load(input + at);
    for (int i = 0; i < V; i++) values.values[i] = values.values[i] * factors.scale.values[i] + factors.shift.values[i];
    if (residual != nullptr) {
      const Numbers added = load(residual + at);
      for (int i = 0; i < V; i++) values.values[i] += added.values[i];
    }
    // A NaN stays one.
    if (relu) {
      for (int i = 0; i < V; i++) values.values[i] = values.values[i] < 0 ? 0 : values.values[i];
    }
    store(output + at, values);
  }
}

// What arrives at the normalization: zero where the activation was zero. The output shows that if there is one, else the input.
__device__ Numbers activated(
    Numbers arriving, Numbers values, const Element *output, long long at, Normalization factors, bool relu) {
  if (!relu) return arriving;
  if (output != nullptr) {
    const Numbers results = load(output + at);
    for (int i = 0; i < V; i++) {
      if (results.values[i] <= 0) arriving.values[i] = 0;
    }
  } else {
    for (int i = 0; i < V; i++) {
      if (values.values[i] * factors.scale.values[i] + factors.shift.values[i] <= 0) arriving.values[i] = 0;
    }
  }
  return arriving;
}

// Sums of the gradients, and of their products with the normalized inputs.
extern "C" __global__ void gradient_sums(
    const Element *gradient, const Element *input, const Element *output, const float *mean,
    const float *inverse_deviation, const float *weight, const float *bias, float *sums, long long rows, int channels,
    int wide, bool relu) {
  const Place place = place_of_thread(channels, wide);
  Numbers sum = {}, products = {};
  if (place.exists) {
    const Normalization factors = normalization(mean, inverse_deviation, weight, bias, place.channel);
    const Numbers center = load_channels(mean + place.channel);
    const Numbers inverse = load_channels(inverse_deviation + place.channel);
#pragma unroll 4
    for (long long row = place.first; row < rows; row += place.step) {
      const long long at = row * channels + place.channel;
      const Numbers values = load(input + at);
      const Numbers arriving = activated(load(gradient + at), values, output, at, factors, relu);
      for (int i = 0; i < V; i++) {
        sum.values[i] += arriving.values[i];
        products.values[i] += arriving.values[i] * ((values.values[i] - center.values[i]) * inverse.values[i]);
      }
    }
  }
  write_sums(sum, products, place, channels, wide, sums);
}

extern "C" __global__ void parameter_gradients(
    const float *sums, float *weight_gradient, float *bias_gradient, int channels, int columns) {
  double sum, products;
  total(sums, columns, channels, sum, products);
  if (threadIdx.x > 0) return;
  bias_gradient[blockIdx.x] = sum;
  weight_gradient[blockIdx.x] = products;
}

extern "C" __global__ void input_gradients(
    const Element *gradient, const Element *input, const Element *output, const float *mean,
    const float *inverse_deviation, const float *weight, const float *bias, const float *weight_gradient,
    const float *bias_gradient, Element *input_gradient, Element *residual_gradient, long long rows, int channels,
    int wide, bool relu) {
  const Place place = place_of_thread(channels, wide);
  if (!place.exists) return;
  const Normalization factors = normalization(mean, inverse_deviation, weight, bias, place.channel);
  // The gradient is scale * arriving - slope * input - offset.
  Numbers slope, offset;
  for (int i = 0; i < V; i++) {
    const int channel = place.channel + i;
    const float scale = factors.scale.values[i] / rows;
    slope.values[i] = scale * weight_gradient[channel] * inverse_deviation[channel];
    offset.values[i] = scale * bias_gradient[channel] - slope.values[i] * mean[channel];
  }
#pragma unroll 4
  for (long long row = place.first; row < rows; row += place.step) {
    const long long at = row * channels + place.channel;
    const Numbers values = load(input + at);
    const Numbers arriving = activated(load(gradient + at), values, output, at, factors, relu);
    if (residual_gradient != nullptr) store(residual_gradient + at, arriving);
    if (input_gradient != nullptr) {
      Numbers results;
      for (int i = 0; i < V; i++) {
        results.values[i] = factors.scale.values[i] * arriving.values[i] - slope.values[i] * values.values[i]
                            - offset.values[i];
      }
      store(input_gradient + at, results);
    }
  }
}
)cuda";

// How a batch is distributed over threads.
struct Work {
  int64_t rows;
  int32_t channels, wide, columns;
  DeviceProgram &program;
  DeviceProgram::Grid grid;

  static Work of(const Tensor &input) {
    TORCH_CHECK(input.dim() == 5 && input.numel() > 0, "mosi::batch_norm needs an input of rank 5 that is not empty");
    const at::ScalarType type = input.scalar_type();
    const int64_t channels = input.size(1), rows = input.numel() / channels;
    const int64_t vector = ctorch::vector_size(type, channels);
    constexpr int64_t threads = 256, most_columns = 1024, least_rows = 16;
    const int64_t lanes = channels / vector, wide = std::min(lanes, threads), tall = threads / wide;
    const int64_t columns = std::clamp<int64_t>(rows / (tall * least_rows), 1, most_columns);
    return {rows, static_cast<int32_t>(channels), static_cast<int32_t>(wide), static_cast<int32_t>(columns),
            ctorch::vector_program(kernels, type, vector),
            {static_cast<unsigned>(columns), static_cast<unsigned>((lanes + wide - 1) / wide),
             static_cast<unsigned>(wide * tall)}};
  }

  DeviceProgram::Grid channel_grid() const { return {static_cast<unsigned>(channels), 1, 128}; }

  Tensor empty_sums(const Tensor &mean) const { return at::empty({2, channels, columns}, mean.options()); }
};

const void *data(const Tensor &tensor) { return tensor.defined() ? tensor.const_data_ptr() : nullptr; }

void *mutable_data(Tensor &tensor) { return tensor.defined() ? tensor.mutable_data_ptr() : nullptr; }

Tensor like(const Tensor &tensor) { return empty_channels_last(tensor.sizes(), tensor); }

std::tuple<Tensor, Tensor, Tensor> normalize_on_cuda(
    const Tensor &input, const OptionalTensor &residual, const Tensor &weight, const Tensor &bias,
    Tensor &running_mean, Tensor &running_variance, double momentum, double epsilon, bool relu) {
  const at::DeviceGuard guard(input.device());
  Work work = Work::of(input);
  const Tensor from = channels_last(input), added = residual ? channels_last(*residual) : Tensor();
  TORCH_CHECK(!added.defined() || (added.sizes() == from.sizes() && added.scalar_type() == from.scalar_type()),
              "mosi::batch_norm: a residual of another shape or type");
  for (const Tensor &tensor : {weight, bias, running_mean, running_variance}) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.numel() == work.channels && tensor.is_contiguous(),
                "mosi::batch_norm needs float32 parameters of ", work.channels, " channels");
  }
  Tensor output = like(from), mean = at::empty_like(weight), inverse_deviation = at::empty_like(weight);
  Tensor sums = work.empty_sums(mean);
  const void *x = data(from), *r = data(added), *w = data(weight), *b = data(bias);
  void *y = mutable_data(output), *m = mutable_data(mean), *d = mutable_data(inverse_deviation);
  void *s = mutable_data(sums), *running[] = {mutable_data(running_mean), mutable_data(running_variance)};
  const at::Device device = input.device();
  work.program.launch("input_sums", device, work.grid, {&x, &s, &work.rows, &work.channels, &work.wide});
  work.program.launch("statistics", device, work.channel_grid(),
                      {&x, &s, &m, &d, &running[0], &running[1], &work.rows, &work.channels, &work.columns, &momentum,
                       &epsilon});
  work.program.launch("normalize", device, work.grid,
                      {&x, &r, &m, &d, &w, &b, &y, &work.rows, &work.channels, &work.wide, &relu});
  return {output, mean, inverse_deviation};
}

std::tuple<Tensor, Tensor, Tensor, Tensor> gradients_on_cuda(
    const Tensor &gradient, const Tensor &input, const OptionalTensor &output, const Tensor &weight, const Tensor &bias,
    const Tensor &mean, const Tensor &inverse_deviation, double, bool relu, bool needs_input) {
  const at::DeviceGuard guard(input.device());
  Work work = Work::of(input);
  const Tensor arriving = channels_last(gradient), from = channels_last(input);
  const Tensor to = output ? channels_last(*output) : Tensor();
  TORCH_CHECK(arriving.scalar_type() == from.scalar_type(), "mosi::batch_norm: a gradient of another type");
  Tensor input_gradient, residual_gradient;
  if (needs_input) input_gradient = like(from);
  if (output) residual_gradient = like(from);
  Tensor weight_gradient = at::empty_like(mean), bias_gradient = at::empty_like(mean);
  Tensor sums = work.empty_sums(mean);
  const void *g = data(arriving), *x = data(from), *y = data(to), *m = data(mean), *d = data(inverse_deviation);
  const void *w = data(weight), *b = data(bias);
  void *s = mutable_data(sums), *gw = mutable_data(weight_gradient), *gb = mutable_data(bias_gradient);
  void *gx = mutable_data(input_gradient), *gr = mutable_data(residual_gradient);
  const at::Device device = input.device();
  work.program.launch("gradient_sums", device, work.grid,
                      {&g, &x, &y, &m, &d, &w, &b, &s, &work.rows, &work.channels, &work.wide, &relu});
  work.program.launch("parameter_gradients", device, work.channel_grid(),
                      {&s, &gw, &gb, &work.channels, &work.columns});
  if (needs_input || output) {
    work.program.launch("input_gradients", device, work.grid,
                        {&g, &x, &y, &m, &d, &w, &b, &gw, &gb, &gx, &gr, &work.rows, &work.channels, &work.wide, &relu});
  }
  return {input_gradient, residual_gradient, weight_gradient, bias_gradient};
}

}  // namespace

TORCH_LIBRARY_IMPL(mosi, CUDA, library) {
  library.impl("batch_norm", normalize_on_cuda);
  library.impl("batch_norm_backward", gradients_on_cuda);
}
