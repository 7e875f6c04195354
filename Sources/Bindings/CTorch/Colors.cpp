// Operations on the colors of frames as operators of libtorch, for CPUs: color jitter in one or two passes over memory instead
// of about fifty, and normalization into the order of the network's clips in one instead of three.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>
#include <vector>

#include "ChannelsLast.h"
#include "Elements.h"
#include "Kernels/Processors.h"
#include "Kernels/Threads.h"

namespace {

using at::Tensor;

// float32 [F, 3, H, W].
Tensor empty_frames(const Tensor &frames) {
  TORCH_CHECK(frames.dim() == 4 && frames.size(1) == 3, "mosi::color_jitter needs frames [F, 3, H, W]");
  return at::empty(frames.sizes(), frames.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
}

Tensor jitter_on_cpu(const Tensor &frames, const Tensor &is_gray, const Tensor &operations, const Tensor &factors) {
  Tensor output = empty_frames(frames);
  const int64_t count = frames.size(0);
  const bool has_bytes = frames.scalar_type() == at::kByte;
  TORCH_CHECK(has_bytes || frames.scalar_type() == at::kFloat, "mosi::color_jitter needs uint8 or float32");
  TORCH_CHECK(is_gray.scalar_type() == at::kBool && is_gray.numel() == count && is_gray.is_contiguous(),
              "mosi::color_jitter needs a flag for each frame");
  TORCH_CHECK(operations.dim() == 2 && operations.size(0) == count && operations.sizes() == factors.sizes() &&
                  operations.scalar_type() == at::kLong && factors.scalar_type() == at::kFloat,
              "mosi::color_jitter needs operations and factors [F, K]");
  const Tensor input = frames.contiguous(), codes = operations.contiguous(), amounts = factors.contiguous();
  const int64_t places = operations.size(1), pixels = frames.size(2) * frames.size(3);

  std::vector<mosi::ColorOperation> kinds;
  std::vector<float> values;
  std::vector<mosi::JitteredFrame> jobs(static_cast<size_t>(count));
  kinds.reserve(static_cast<size_t>(operations.numel()));
  values.reserve(static_cast<size_t>(operations.numel()));
  for (int64_t frame = 0; frame < count; frame++) {
    mosi::JitteredFrame &job = jobs[static_cast<size_t>(frame)];
    job.pixels = pixels;
    if (has_bytes) {
      job.bytes = ctorch::elements<uint8_t>(input) + 3 * pixels * frame;
    } else {
      job.numbers = ctorch::elements<float>(input) + 3 * pixels * frame;
    }
    job.is_gray = ctorch::elements<bool>(is_gray)[frame];
    job.operations = kinds.data() + kinds.size();
    job.factors = values.data() + values.size();
    job.output = output.mutable_data_ptr<float>() + 3 * pixels * frame;
    for (int64_t place = frame * places; place < (frame + 1) * places; place++) {
      const int64_t code = ctorch::elements<int64_t>(codes)[place];
      if (code < 0) continue;
      TORCH_CHECK(code <= static_cast<int64_t>(mosi::ColorOperation::hue), "mosi::color_jitter has no operation ", code);
      const auto kind = static_cast<mosi::ColorOperation>(code);
      const float factor = ctorch::elements<float>(amounts)[place];
      kinds.push_back(kind);
      values.push_back(kind == mosi::ColorOperation::hue ? 6 * (factor - std::floor(factor)) : factor);
      job.count++;
    }
  }
  const mosi::Processor &processor = mosi::current_processor();
  mosi::each_task(at::get_num_threads(), static_cast<int>(count),
                  [&](int frame, int) { processor.jitter_colors(jobs[static_cast<size_t>(frame)]); });
  return output;
}

Tensor jitter_on_meta(const Tensor &frames, const Tensor &, const Tensor &, const Tensor &) {
  return empty_frames(frames);
}

// From frames [M, N, 3, H, W]: [M, 3, N, H, W] in the order M, N, H, W, 3.
Tensor empty_clips(const Tensor &frames) {
  TORCH_CHECK(frames.dim() == 5 && frames.size(2) == 3, "mosi::normalize_clips needs frames [M, N, 3, H, W]");
  return ctorch::empty_channels_last({frames.size(0), 3, frames.size(1), frames.size(3), frames.size(4)}, frames);
}

Tensor normalize_on_cpu(const Tensor &frames, const Tensor &scale, const Tensor &shift) {
  Tensor clips = empty_clips(frames);
  for (const Tensor &tensor : {frames, scale, shift}) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat, "mosi::normalize_clips needs float32");
  }
  TORCH_CHECK(scale.numel() == 3 && shift.numel() == 3, "mosi::normalize_clips needs a scale and a shift for each color");
  const Tensor input = frames.contiguous(), factors = scale.contiguous(), terms = shift.contiguous();
  const float *const from = ctorch::elements<float>(input);
  float *const to = clips.mutable_data_ptr<float>();
  const int64_t pixels = frames.size(3) * frames.size(4);
  const mosi::Processor &processor = mosi::current_processor();
  mosi::each_task(at::get_num_threads(), static_cast<int>(frames.size(0) * frames.size(1)), [&](int frame, int) {
    const int64_t place = 3 * pixels * frame;
    processor.normalize_colors(from + place, pixels, ctorch::elements<float>(factors), ctorch::elements<float>(terms),
                               to + place);
  });
  return clips;
}

Tensor normalize_on_meta(const Tensor &frames, const Tensor &, const Tensor &) { return empty_clips(frames); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(mosi, library) {
  library.def("color_jitter(Tensor frames, Tensor is_gray, Tensor operations, Tensor factors) -> Tensor");
  library.def("normalize_clips(Tensor frames, Tensor scale, Tensor shift) -> Tensor");
}

TORCH_LIBRARY_IMPL(mosi, CPU, library) {
  library.impl("color_jitter", jitter_on_cpu);
  library.impl("normalize_clips", normalize_on_cpu);
}

TORCH_LIBRARY_IMPL(mosi, Meta, library) {
  library.impl("color_jitter", jitter_on_meta);
  library.impl("normalize_clips", normalize_on_meta);
}
