// The vector code of the kernels, compiled for each set of vector instructions; the processor chooses one at run time.
#ifndef MOSI_PROCESSORS_H
#define MOSI_PROCESSORS_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace mosi {

/// results[row, column] = sum over segments and depth of values[segment, row, depth] * panels[segment, depth, column].
///
/// The columns of `panels` lie in panels of `panel_width` columns: [panel][segment][depth][column of the panel].
struct Product {
  int rows, depth, columns;
  /// Multiples of 8; `first_column` begins a panel.
  int first_column, last_column;
  /// Of `all_segments` in the panels, those that take part.
  int first_segment, segments, all_segments;
  const float *values;
  ptrdiff_t value_stride, segment_stride;
  const float *panels;
  float *results;
  ptrdiff_t result_stride;
  /// True if the sums are added to what is there.
  bool adds = false;
};

/// results[row, column] = sum over 0..<count of left[index, row] * right[index, column], or added to what is there.
struct OuterProduct {
  int count, first_row, last_row, columns;
  const float *left, *right;
  ptrdiff_t left_stride, right_stride;
  float *results;
  ptrdiff_t result_stride;
  bool adds;
};

/// Numbers for time, height and width.
using Triple = std::array<int, 3>;

/// Patches of pixels [clip, time, height, width, channels], a row of numbers for each.
struct PatchGrid {
  const float *source;
  int channels;
  Triple extents;
  /// The numbers of patches of a clip. Patch i begins at first + i * step, and has zeros outside of the extents.
  Triple counts, first, step;
  /// The size of a patch.
  Triple taps;
};

/// Rows of channels, and what a pass over them reads and writes.
struct NormalizedRows {
  int count = 0, channels = 0;
  const float *input = nullptr;
  /// output = input * scale + shift + residual, which may be NULL, and then the activation. Output and input may be the same.
  const float *scale = nullptr, *shift = nullptr;
  const float *residual = nullptr;
  bool has_relu = false;
  float *output = nullptr;
  /// The gradient of the output.
  const float *gradient = nullptr;
  const float *mean = nullptr;
  /// input gradient = gradient * scale + (input - mean) * slope + offset, with the gradient before the activation.
  const float *slope = nullptr, *offset = nullptr;
  float *input_gradient = nullptr;
  /// The gradient before the activation, which is that of the residual; NULL without one, and then the input shows where
  /// the activation was zero.
  float *residual_gradient = nullptr;
};

/// torchvision's operations on colors.
enum class ColorOperation : int { brightness, contrast, saturation, hue };

/// A frame of planes of red, green and blue, and what is done with its colors.
struct JitteredFrame {
  ptrdiff_t pixels = 0;
  /// The planes: bytes in 0...255, or NULL and numbers in 0...1.
  const unsigned char *bytes = nullptr;
  const float *numbers = nullptr;
  /// True if the frame is made gray first.
  bool is_gray = false;
  /// The operations in order, each with its factor; for hue, the shift in sixths of the color circle, 0 ..< 6.
  int count = 0;
  const ColorOperation *operations = nullptr;
  const float *factors = nullptr;
  /// Planes of numbers in 0...1.
  float *output = nullptr;
};

/// The width of the panel that begins at `column` of `columns`, a multiple of 8.
constexpr int panel_width(int lanes, int columns, int column) {
  const int left = columns - column;
  return left >= 2 * lanes ? 2 * lanes : left;
}

/// From numbers at places in memory to numbers `stride` apart.
using Spreading = void (*)(const float *const *from, ptrdiff_t channels, float *to, ptrdiff_t stride);
/// The other way.
using Collecting = void (*)(const float *from, ptrdiff_t stride, ptrdiff_t channels, float *const *to);
/// From numbers `stride` apart to numbers `to_stride` apart.
using Strided = void (*)(const float *from, ptrdiff_t stride, ptrdiff_t channels, float *to, ptrdiff_t to_stride);

/// The functions for one set of vector instructions. Pairs are in one and in two dimensions.
struct Processor {
  int lanes;
  void (*multiply)(const Product &);
  void (*accumulate)(const OuterProduct &);
  /// Copies the patches first_row..<last_row, of each the lines first_line..<last_line, to rows that are `stride` apart,
  /// with zeros between them. A line is a patch's pixels at one time and height.
  void (*gather)(const PatchGrid &, int first_row, int last_row, int first_line, int last_line, float *to,
                 ptrdiff_t stride);
  /// to[column, row] = from[row, column].
  void (*transpose)(const float *from, ptrdiff_t stride, int rows, int columns, float *to, ptrdiff_t to_stride);
  void (*add_moments)(const float *input, int rows, int channels, const float *shift, double *sums, double *squares);
  void (*normalize)(const NormalizedRows &);
  void (*add_gradients)(const NormalizedRows &, double *sums, double *products);
  void (*input_gradient)(const NormalizedRows &);
  void (*jitter_colors)(const JitteredFrame &);
  /// From planes of red, green and blue to pixels, each channel times its scale plus its shift.
  void (*normalize_colors)(const float *input, ptrdiff_t pixels, const float *scale, const float *shift, float *output);
  /// The greatest number of each channel among `count` places, at least one, and the position of its place.
  void (*max_pixel)(const float *const *places, const uint8_t *positions, int count, int channels, float *output,
                    uint8_t *chosen);
  /// The sum of the gradients of those outputs that chose this pixel: their windows have it at `positions`.
  void (*max_pixel_gradient)(const float *const *gradients, const uint8_t *const *chosen, const uint8_t *positions,
                             int count, int channels, float *result);
  Spreading to_points[2], spread[2];
  Collecting from_points[2];
  Strided filter_to_points[2], filter_from_points[2];
};

/// Sets of vector instructions, from the narrowest vectors to the widest.
enum class Vectors { plain, avx2, avx512 };

/// The widest that this machine has.
Vectors widest_vectors();
/// Those of the calling thread: what `use_vectors` set, otherwise what the environment variable MOSI_VECTORS names (plain,
/// avx2 or avx512), otherwise the widest.
Vectors current_vectors();
/// Makes kernels that this thread calls use these vectors, or the widest if this machine does not have them.
void use_vectors(Vectors vectors);
/// The functions for the vectors of the calling thread.
const Processor &current_processor();

}  // namespace mosi

#endif
