// Batch normalization with the statistics of the batch (Ioffe and Szegedy 2015), addition of a residual and ReLU in two
// passes over memory, for rows of channels (NDHWC) in float32.
#ifndef MOSI_NORMALIZATION_H
#define MOSI_NORMALIZATION_H

#include <cstdint>

namespace mosi {

/// [rows, channels], and what is done with them. `threads` does not change results.
struct BatchNormalization {
  int64_t rows;
  int channels;
  int threads;
  double epsilon;
  bool has_relu;
};

/// output = activation((input - mean) / deviation * weight + bias + residual).
///
/// Also the mean, the inverse of the deviation (of the biased variance) and the unbiased variance of each channel. The
/// residual may be NULL.
void batch_normalize(const BatchNormalization &shape, const float *input, const float *residual, const float *weight,
                     const float *bias, float *output, float *mean, float *inverse_deviation, float *variance);

/// The same output without a residual, bit for bit, from the mean and the inverse of the deviation.
void batch_normalize_again(const BatchNormalization &shape, const float *input, const float *weight, const float *bias,
                           const float *mean, const float *inverse_deviation, float *output);

/// The gradients. `output` and `residual_gradient` are only needed if there was a residual and an activation, otherwise
/// NULL: without an activation, the gradient of the residual is that of the output.
void batch_normalize_gradients(const BatchNormalization &shape, const float *gradient, const float *input,
                               const float *output, const float *weight, const float *bias, const float *mean,
                               const float *inverse_deviation, float *input_gradient, float *residual_gradient,
                               float *weight_gradient, float *bias_gradient);

}  // namespace mosi

#endif
