// What follows a convolution.
#ifndef MOSI_FINISH_H
#define MOSI_FINISH_H

namespace mosi {

/// What follows a convolution while its output is in the cache: output * scale + shift + residual, and then ReLU.
struct Finish {
  /// Of each output channel; NULL if nothing follows.
  const float *scale, *shift;
  /// In the order of the output, or NULL.
  const float *residual;
  bool has_relu;
};

}  // namespace mosi

#endif
