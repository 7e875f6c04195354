// What the operators of convolutions share.
#ifndef MOSI_CONVOLUTIONS_H
#define MOSI_CONVOLUTIONS_H

#include <ATen/ATen.h>

#include "ChannelsLast.h"
#include "Elements.h"
#include "Kernels/Finish.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace ctorch {

/// An extent as the kernels take it.
inline int32_t extent(int64_t value) {
  TORCH_CHECK(value <= std::numeric_limits<int32_t>::max(), "mosi: an extent of ", value, " is too large");
  return static_cast<int32_t>(value);
}

/// What follows a convolution with an output of this shape, and the residual in NDHWC memory, to be kept until then; it is
/// undefined without one.
inline std::pair<at::Tensor, mosi::Finish> finish_of(const at::Tensor &scale, const at::Tensor &shift,
                                                     const std::optional<at::Tensor> &residual, bool relu,
                                                     at::IntArrayRef shape) {
  for (const at::Tensor &tensor : {scale, shift}) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.numel() == shape[1] && tensor.is_contiguous(),
                "mosi: a normalized convolution needs a float32 scale and shift of ", shape[1], " channels");
  }
  at::Tensor added;
  if (residual) {
    TORCH_CHECK(residual->scalar_type() == at::kFloat && residual->sizes() == shape,
                "mosi: the residual of a convolution has another shape or type");
    added = channels_last(*residual);
  }
  return {added, {elements<float>(scale), elements<float>(shift), added.defined() ? elements<float>(added) : nullptr, relu}};
}

}  // namespace ctorch

#endif
