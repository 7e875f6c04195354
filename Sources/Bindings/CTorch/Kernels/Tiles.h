// How the pictures and frames of a convolution are cut into tiles of four.
//
// A column is one tile. It has a value of every channel at each point of the transform.
#ifndef MOSI_TILES_H
#define MOSI_TILES_H

#include <algorithm>
#include <cstddef>

#include "Processors.h"
#include "Winograd.h"

namespace mosi {

/// The number of output pixels or frames of a tile, in each transformed direction.
constexpr int tile = 4;
/// The number of its input pixels or frames.
constexpr int tile_with_margins = tile + 2;

/// The channels of a row in scratch memory, so that rows end with whole vectors of `lanes` numbers: one that is a half of zeros
/// takes no longer than a half one.
constexpr int padded(int channels, int lanes) {
  const int unit = std::max(8, lanes);
  return (channels + unit - 1) / unit * unit;
}

/// The most numbers that a place outside of the pictures stands for, and the most channels of a tile.
constexpr int outside_count = 8192;

/// Tiles of 4x4 pixels, for 1x3x3 and 3x3x3 kernels. The taps in time of the latter remain a sum over frames.
struct Pictures {
  static constexpr int rank = 2, points = 36, taps = 9;
  int clips, frames, height, width;
  int rows, across;

  explicit Pictures(const ConvolutionShapes &shapes)
      : clips(shapes.kernel_time == 1 ? shapes.clips * shapes.frames : shapes.clips),
        frames(shapes.kernel_time == 1 ? 1 : shapes.frames),
        height(shapes.height),
        width(shapes.width),
        rows((height + tile - 1) / tile),
        across((width + tile - 1) / tile) {}

  /// The number of columns of a frame of all clips.
  int columns() const { return clips * rows * across; }

  /// Transforms the columns first..<last of a frame, with Side x Side pixels each, to rows of `wide` numbers at points that are
  /// `stride` apart.
  template <int Side>
  void spread(Spreading function, const float *from, int channels, int frame, int first, int last, const float *zeros,
              float *to, int wide, ptrdiff_t stride) const {
    for (int column = first; column < last; column++) {
      const float *pointers[Side * Side];
      places<Side>(from, channels, frame, column, zeros, pointers);
      function(pointers, channels, to + static_cast<ptrdiff_t>(column - first) * wide, stride);
    }
  }

  /// Transforms such points to the output pixels of the columns first..<last of a frame.
  void collect(Collecting function, const float *from, int wide, ptrdiff_t stride, int channels, int frame, int first, int last,
               float *outside, float *to) const {
    for (int column = first; column < last; column++) {
      float *pointers[tile * tile];
      places<tile>(to, channels, frame, column, outside, pointers);
      function(from + static_cast<ptrdiff_t>(column - first) * wide, stride, channels, pointers);
    }
  }

  /// Calls `visit(place, count)` for runs of neighboring output pixels of the columns first..<last of a frame.
  template <typename Visit>
  void each_run(int channels, int frame, int first, int last, Visit &&visit) const {
    for (int column = first; column < last;) {
      const int clip = column / (rows * across), row = column / across % rows, begin = column % across;
      const int count = std::min(last - column, across - begin);
      const int left = begin * tile, right = std::min(width, (begin + count) * tile);
      for (int y = row * tile; y < std::min(height, (row + 1) * tile); y++) {
        visit(((static_cast<ptrdiff_t>(clip * frames + frame) * height + y) * width + left) * channels, right - left);
      }
      column += count;
    }
  }

 private:
  template <int Side, typename Number>
  void places(Number *base, int channels, int frame, int column, Number *outside, Number **pointers) const {
    constexpr int margin = (Side - tile) / 2;
    const int clip = column / (rows * across), place = column % (rows * across);
    const int top = place / across * tile - margin, left = place % across * tile - margin;
    Number *picture = base + static_cast<ptrdiff_t>(clip * frames + frame) * height * width * channels;
    for (int y = 0; y < Side; y++) {
      for (int x = 0; x < Side; x++) {
        const bool inside = top + y >= 0 && top + y < height && left + x >= 0 && left + x < width;
        pointers[y * Side + x] =
            inside ? picture + (static_cast<ptrdiff_t>(top + y) * width + left + x) * channels : outside;
      }
    }
  }
};

/// Tiles of four frames at one pixel, for 3x1x1 kernels.
struct Times {
  static constexpr int rank = 1, points = 6, taps = 3;
  static constexpr int frames = 1;
  int clips, times, pixels, groups;

  explicit Times(const ConvolutionShapes &shapes)
      : clips(shapes.clips),
        times(shapes.frames),
        pixels(shapes.height * shapes.width),
        groups((times + tile - 1) / tile) {}

  int columns() const { return clips * groups * pixels; }

  template <int Side>
  void spread(Spreading function, const float *from, int channels, int, int first, int last, const float *zeros,
              float *to, int wide, ptrdiff_t stride) const {
    runs<Side>(from, channels, wide, first, last, zeros, [&](const float **pointers, ptrdiff_t numbers, int offset) {
      function(pointers, numbers, to + static_cast<ptrdiff_t>(offset) * wide, stride);
    });
  }

  void collect(Collecting function, const float *from, int wide, ptrdiff_t stride, int channels, int, int first, int last,
               float *outside, float *to) const {
    runs<tile>(to, channels, wide, first, last, outside, [&](float **pointers, ptrdiff_t numbers, int offset) {
      function(from + static_cast<ptrdiff_t>(offset) * wide, stride, numbers, pointers);
    });
  }

  template <typename Visit>
  void each_run(int channels, int, int first, int last, Visit &&visit) const {
    for (int column = first; column < last;) {
      const int pixel = column % pixels, place = column / pixels;
      const int count = std::min(last - column, pixels - pixel);
      const int clip = place / groups, begin = place % groups * tile;
      for (int time = begin; time < std::min(times, begin + tile); time++) {
        visit((static_cast<ptrdiff_t>(clip * times + time) * pixels + pixel) * channels, count);
      }
      column += count;
    }
  }

 private:
  // Neighboring pixels are one long row of numbers if their channels need no padding.
  template <int Side, typename Number, typename Visit>
  void runs(Number *base, int channels, int wide, int first, int last, Number *outside, Visit &&visit) const {
    constexpr int margin = (Side - tile) / 2;
    const int longest = channels == wide ? std::max(1, outside_count / channels) : 1;
    for (int column = first; column < last;) {
      const int pixel = column % pixels, place = column / pixels;
      const int count = std::min({last - column, pixels - pixel, longest});
      const int clip = place / groups, begin = place % groups * tile - margin;
      Number *pointers[Side];
      for (int step = 0; step < Side; step++) {
        const int time = begin + step;
        pointers[step] = time >= 0 && time < times
                             ? base + (static_cast<ptrdiff_t>(clip * times + time) * pixels + pixel) * channels
                             : outside;
      }
      visit(pointers, static_cast<ptrdiff_t>(count) * channels, column - first);
      column += count;
    }
  }
};

}  // namespace mosi

#endif
