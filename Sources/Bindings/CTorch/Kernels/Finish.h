// What follows a convolution.
#ifndef MOSI_FINISH_H
#define MOSI_FINISH_H

#include <cstddef>

#include "Processors.h"

namespace mosi {

/// What follows a convolution while its output is in the cache: output * scale + shift + residual, and then ReLU.
struct Finish {
  /// Of each output channel; NULL if nothing follows.
  const float *scale, *shift;
  /// In the order of the output, or NULL.
  const float *residual;
  bool has_relu;

  /// Applies it to `count` pixels of `channels` numbers of an output, from number `first` on; nothing if nothing follows.
  void apply(const Processor &processor, int channels, float *output, ptrdiff_t first, int count) const {
    if (scale == nullptr) return;
    processor.normalize({
        .count = count,
        .channels = channels,
        .input = output + first,
        .scale = scale,
        .shift = shift,
        .residual = residual == nullptr ? nullptr : residual + first,
        .has_relu = has_relu,
        .output = output + first,
    });
  }
};

}  // namespace mosi

#endif
