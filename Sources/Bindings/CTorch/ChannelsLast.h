// Tensors [N, C, T, H, W] in the order N, T, H, W, C, which the kernels read and write.
#ifndef MOSI_CHANNELS_LAST_H
#define MOSI_CHANNELS_LAST_H

#include <ATen/ATen.h>

namespace ctorch {

/// The tensor itself if it is in that order, else a copy.
inline at::Tensor channels_last(const at::Tensor &tensor) {
  return tensor.contiguous(at::MemoryFormat::ChannelsLast3d);
}

/// An uninitialized tensor in that order, with the type and the device of `like`.
inline at::Tensor empty_channels_last(at::IntArrayRef shape, const at::Tensor &like) {
  return at::empty(shape, like.options().memory_format(at::MemoryFormat::ChannelsLast3d));
}

}  // namespace ctorch

#endif
