#include "Normalization.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "Processors.h"
#include "Threads.h"

namespace mosi {
namespace {

// Runs of rows, each summed by one thread. Their number depends on the shape alone, and their sums are added in order.
struct Runs {
  int64_t rows;
  int count;

  explicit Runs(const BatchNormalization &shape)
      : rows(shape.rows),
        count(static_cast<int>(std::clamp<int64_t>(shape.rows * shape.channels / 16384, 1, std::min<int64_t>(rows, 128)))) {}

  int64_t first(int run) const { return rows * run / count; }
  int size(int run) const { return static_cast<int>(first(run + 1) - first(run)); }
};

// Two sums of each channel over all rows; `add(run, sums, others)` adds those of a run.
template <typename Add>
std::vector<double> sums_of(const BatchNormalization &shape, const Runs &runs, Add add) {
  const size_t size = 2 * static_cast<size_t>(shape.channels);
  std::vector<double> sums(size * runs.count, 0.0);
  each_task(shape.threads, runs.count, [&](int run, int) {
    double *own = sums.data() + run * size;
    add(run, own, own + shape.channels);
  });
  for (int run = 1; run < runs.count; run++) {
    for (size_t index = 0; index < size; index++) sums[index] += sums[run * size + index];
  }
  return sums;
}

// The scale and the shift of each channel. Both passes compute them alike, so that a ReLU is zero in the same places.
void scales_of(const BatchNormalization &shape, const float *weight, const float *bias, const float *mean,
               const float *inverse_deviation, std::vector<float> &scale, std::vector<float> &shift) {
  for (int channel = 0; channel < shape.channels; channel++) {
    const double factor = static_cast<double>(inverse_deviation[channel]) * weight[channel];
    scale[channel] = static_cast<float>(factor);
    shift[channel] = static_cast<float>(bias[channel] - static_cast<double>(mean[channel]) * scale[channel]);
  }
}

// The pass that computes the output.
void apply(const BatchNormalization &shape, const Runs &runs, const float *input, const float *residual,
           const float *weight, const float *bias, const float *mean, const float *inverse_deviation, float *output) {
  const Processor &processor = current_processor();
  const int channels = shape.channels;
  std::vector<float> scale(channels), shift(channels);
  scales_of(shape, weight, bias, mean, inverse_deviation, scale, shift);
  each_task(shape.threads, runs.count, [&](int run, int) {
    const int64_t place = runs.first(run) * channels;
    processor.normalize({
        .count = runs.size(run),
        .channels = channels,
        .input = input + place,
        .scale = scale.data(),
        .shift = shift.data(),
        .residual = residual == nullptr ? nullptr : residual + place,
        .has_relu = shape.has_relu,
        .output = output + place,
    });
  });
}

}  // namespace

void batch_normalize(const BatchNormalization &shape, const float *input, const float *residual, const float *weight,
                     const float *bias, float *output, float *mean, float *inverse_deviation, float *variance) {
  const Processor &processor = current_processor();
  const Runs runs(shape);
  const int channels = shape.channels;
  // Sums of differences from the first row: those of the values themselves would lose digits of a small variance.
  const float *const origin = input;
  const auto sums = sums_of(shape, runs, [&](int run, double *values, double *squares) {
    processor.add_moments(input + runs.first(run) * channels, runs.size(run), channels, origin, values, squares);
  });
  const double count = static_cast<double>(shape.rows);
  for (int channel = 0; channel < channels; channel++) {
    const double difference = sums[channel] / count;
    const double squares = std::max(0.0, sums[channels + channel] - difference * sums[channel]);
    mean[channel] = static_cast<float>(origin[channel] + difference);
    inverse_deviation[channel] = static_cast<float>(1 / std::sqrt(squares / count + shape.epsilon));
    variance[channel] = static_cast<float>(squares / (count - 1));
  }
  apply(shape, runs, input, residual, weight, bias, mean, inverse_deviation, output);
}

void batch_normalize_again(const BatchNormalization &shape, const float *input, const float *weight, const float *bias,
                           const float *mean, const float *inverse_deviation, float *output) {
  apply(shape, Runs(shape), input, nullptr, weight, bias, mean, inverse_deviation, output);
}

void batch_normalize_gradients(const BatchNormalization &shape, const float *gradient, const float *input,
                               const float *output, const float *weight, const float *bias, const float *mean,
                               const float *inverse_deviation, float *input_gradient, float *residual_gradient,
                               float *weight_gradient, float *bias_gradient) {
  const Processor &processor = current_processor();
  const Runs runs(shape);
  const int channels = shape.channels;
  std::vector<float> scale(channels), shift(channels), slope(channels), offset(channels);
  scales_of(shape, weight, bias, mean, inverse_deviation, scale, shift);
  const auto rows = [&](int run) {
    const int64_t place = runs.first(run) * channels;
    return NormalizedRows{
        .count = runs.size(run),
        .channels = channels,
        .input = input + place,
        .scale = scale.data(),
        .shift = shift.data(),
        .has_relu = shape.has_relu,
        .output = const_cast<float *>(residual_gradient == nullptr ? nullptr : output + place),
        .gradient = gradient + place,
        .mean = mean,
        .slope = slope.data(),
        .offset = offset.data(),
        .input_gradient = input_gradient == nullptr ? nullptr : input_gradient + place,
        .residual_gradient = residual_gradient == nullptr ? nullptr : residual_gradient + place,
    };
  };
  const auto sums = sums_of(shape, runs, [&](int run, double *gradients, double *products) {
    processor.add_gradients(rows(run), gradients, products);
  });
  const double count = static_cast<double>(shape.rows);
  for (int channel = 0; channel < channels; channel++) {
    const double inverse = inverse_deviation[channel], factor = scale[channel];
    bias_gradient[channel] = static_cast<float>(sums[channel]);
    weight_gradient[channel] = static_cast<float>(sums[channels + channel] * inverse);
    slope[channel] = static_cast<float>(-factor * inverse * inverse * sums[channels + channel] / count);
    offset[channel] = static_cast<float>(-factor * sums[channel] / count);
  }
  if (input_gradient == nullptr) return;
  each_task(shape.threads, runs.count, [&](int run, int) {
    NormalizedRows part = rows(run);
    if (residual_gradient != nullptr) {
      // The first pass has applied the activation.
      part.gradient = part.residual_gradient;
      part.has_relu = false;
    }
    processor.input_gradient(part);
  });
}

}  // namespace mosi
