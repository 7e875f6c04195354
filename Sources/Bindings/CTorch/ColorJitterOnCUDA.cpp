// mosi::color_jitter for CUDA devices: one kernel.

#include <ATen/ATen.h>
#include <ATen/DeviceGuard.h>
#include <torch/library.h>

#include "DeviceProgram.h"

namespace {

using at::Tensor;

// A block changes a frame. Its threads pass over the pixels once, and again after each contrast, which needs the mean
// of the pixels before it.
constexpr const char *kernel = R"cuda(
struct Pixel {
  float red, green, blue;
};

__device__ float clamped(float value) { return fminf(fmaxf(value, 0.f), 1.f); }

// The luma of ITU-R BT.601, rounded as in torchvision.
__device__ float gray_of(Pixel pixel) {
  return pixel.red * 0.2989f + pixel.green * 0.587f + pixel.blue * 0.114f;
}

__device__ Pixel blended(Pixel pixel, float gray, float factor) {
  const float rest = gray * (1 - factor);
  return {clamped(pixel.red * factor + rest), clamped(pixel.green * factor + rest), clamped(pixel.blue * factor + rest)};
}

__device__ Pixel turned(Pixel pixel, float shift) {
  const float value = fmaxf(fmaxf(pixel.red, pixel.green), pixel.blue);
  const float smallest = fminf(fminf(pixel.red, pixel.green), pixel.blue);
  const float chroma = value - smallest;
  // Gray pixels have no hue.
  if (chroma == 0) return pixel;
  const float difference = pixel.red == value ? pixel.green - pixel.blue
                           : pixel.green == value ? pixel.blue - pixel.red : pixel.red - pixel.green;
  const float sector = pixel.red == value ? 0 : pixel.green == value ? 2 : 4;
  // The hue in 0 ..< 6: red, yellow, green, cyan, blue, magenta.
  float hue = difference / chroma + sector + 6 * (shift - floorf(shift));
  if (hue < 0) hue += 6;
  if (hue >= 6) hue -= 6;
  // Each channel exceeds the smallest one by the chroma times a trapezoid of the hue.
  return {smallest + chroma * clamped(fabsf(hue - 3) - 1), smallest + chroma * clamped(2 - fabsf(hue - 2)),
          smallest + chroma * clamped(2 - fabsf(hue - 4))};
}

// The operations by their codes; others change nothing.
__device__ Pixel changed(Pixel pixel, long long operation, float factor, float mean) {
  switch (operation) {
    case 0: return blended(pixel, 0, factor);
    case 1: return blended(pixel, mean, factor);
    case 2: return blended(pixel, gray_of(pixel), factor);
    case 3: return turned(pixel, factor);
  }
  return pixel;
}

__device__ int next_contrast(const long long *operations, int from, int count) {
  while (from < count && operations[from] != 1) from++;
  return from;
}

// The sum over the threads of a block, in an order that never changes.
__device__ float block_sum(float value) {
  __shared__ float sums[32];
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down_sync(0xffffffff, value, offset);
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
  __syncthreads();
  float total = 0;
  for (int warp = 0; warp < blockDim.x / 32; warp++) total += sums[warp];
  return total;
}

extern "C" __global__ void jitter_colors(
    const unsigned char *bytes, const float *numbers, const bool *is_gray, const long long *operations,
    const float *factors, float *output, int count, int pixels) {
  const long long frame = blockIdx.x;
  operations += frame * count;
  factors += frame * count;
  float *const red = output + frame * 3 * pixels, *const green = red + pixels, *const blue = green + pixels;
  int first = 0, end = next_contrast(operations, 0, count);
  float mean = 0;
  for (bool is_input = true;; is_input = false) {
    float sum = 0;
    for (int place = threadIdx.x; place < pixels; place += blockDim.x) {
      Pixel pixel;
      if (!is_input) {
        pixel = {red[place], green[place], blue[place]};
      } else if (bytes != nullptr) {
        const unsigned char *const from = bytes + frame * 3 * pixels + place;
        pixel = {from[0] * (1.f / 255), from[pixels] * (1.f / 255), from[2 * pixels] * (1.f / 255)};
      } else {
        const float *const from = numbers + frame * 3 * pixels + place;
        pixel = {from[0], from[pixels], from[2 * pixels]};
      }
      if (is_input && is_gray[frame]) pixel.red = pixel.green = pixel.blue = gray_of(pixel);
      for (int index = first; index < end; index++) pixel = changed(pixel, operations[index], factors[index], mean);
      red[place] = pixel.red;
      green[place] = pixel.green;
      blue[place] = pixel.blue;
      sum += gray_of(pixel);
    }
    if (end == count) return;
    mean = block_sum(sum) / pixels;
    first = end;
    end = next_contrast(operations, first + 1, count);
  }
}
)cuda";

Tensor jitter_on_cuda(const Tensor &frames, const Tensor &is_gray, const Tensor &operations, const Tensor &factors) {
  static ctorch::DeviceProgram program(kernel);
  const at::DeviceGuard guard(frames.device());
  const Tensor input = frames.contiguous();
  const Tensor flags = is_gray.contiguous(), codes = operations.contiguous(), amounts = factors.contiguous();
  Tensor output =
      at::empty(frames.sizes(), frames.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
  if (output.numel() == 0) return output;
  const bool has_bytes = input.scalar_type() == at::kByte;
  const void *bytes = has_bytes ? input.const_data_ptr() : nullptr;
  const void *numbers = has_bytes ? nullptr : input.const_data_ptr();
  const void *gray = flags.const_data_ptr(), *operation = codes.const_data_ptr(), *factor = amounts.const_data_ptr();
  void *result = output.mutable_data_ptr();
  auto count = static_cast<int32_t>(operations.size(1));
  auto pixels = static_cast<int32_t>(frames.size(2) * frames.size(3));
  program.launch(
      "jitter_colors", frames.device(), {static_cast<unsigned>(frames.size(0)), 1, 512},
      {&bytes, &numbers, &gray, &operation, &factor, &result, &count, &pixels});
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(mosi, CUDA, library) { library.impl("color_jitter", jitter_on_cuda); }
