// The weights of a convolution at the points of the transform.
#ifndef MOSI_FILTERS_H
#define MOSI_FILTERS_H

#include <algorithm>
#include <cstring>

#include "Processors.h"
#include "Scratch.h"
#include "Threads.h"
#include "Tiles.h"
#include "Winograd.h"

namespace mosi {

/// The distance of points whose values are `count` numbers: a multiple of 16 that is never one of 1024, because places at
/// multiples of 4096 bytes share few lines of a cache.
inline ptrdiff_t point_stride(ptrdiff_t count) {
  const ptrdiff_t whole = (count + 15) / 16 * 16;
  return whole % 1024 == 0 ? whole + 16 : whole;
}

/// Filters for `Product`, as [point][panel of columns][segment][depth][column]. A segment is a tap that is not transformed.
template <typename Tiles>
class Filters {
 public:
  /// From weights [outputs][segments][taps][inputs]: for the output, or turned, with inputs and outputs exchanged, for the
  /// gradient of the input.
  Filters(const Processor &processor, const ConvolutionShapes &shapes, int segments, const float *weights, bool turned)
      : processor_(processor),
        depth_(turned ? shapes.outputs : shapes.inputs),
        columns_(turned ? shapes.inputs : shapes.outputs),
        wide_(padded(columns_, processor.lanes)),
        segments_(segments),
        stride_(point_stride(static_cast<ptrdiff_t>(segments) * depth_ * wide_)),
        memory_(static_cast<size_t>(Tiles::points) * stride_) {
    const int chunks = std::min((depth_ + 15) / 16, 8 * shapes.threads), chunk = (depth_ + chunks - 1) / chunks;
    const size_t chunk_size = static_cast<size_t>(chunk) * taps() * wide_;
    const Scratch rows(chunk_size * shapes.threads);
    each_task(shapes.threads, chunks, [&](int task, int worker) {
      const int first = task * chunk, last = std::min(depth_, first + chunk);
      float *chunk_rows = rows.data() + worker * chunk_size;
      if (first >= last) return;
      if (turned) {
        copy_turned(weights, first, last, chunk_rows);
      } else {
        transpose(weights, first, last, chunk_rows);
      }
      transform(chunk_rows, first, last);
    });
  }

  /// The number of columns with padding.
  int columns() const { return wide_; }
  const float *at(int point) const { return memory_.data() + point * stride_; }

 private:
  int taps() const { return segments_ * Tiles::taps; }

  // Both leave rows [depth of the chunk][taps][columns with padding].
  void copy_turned(const float *weights, int first, int last, float *rows) const {
    for (int depth = first; depth < last; depth++) {
      for (int tap = taps() - 1; tap >= 0; tap--) {
        std::memcpy(rows, weights + (static_cast<ptrdiff_t>(depth) * taps() + tap) * columns_,
                    columns_ * sizeof(float));
        std::fill(rows + columns_, rows + wide_, 0.f);
        rows += wide_;
      }
    }
  }

  void transpose(const float *weights, int first, int last, float *rows) const {
    const ptrdiff_t row_stride = static_cast<ptrdiff_t>(taps()) * wide_;
    for (int tap = 0; tap < taps(); tap++) {
      processor_.transpose(weights + static_cast<ptrdiff_t>(tap) * depth_ + first,
                           static_cast<ptrdiff_t>(taps()) * depth_, columns_, last - first,
                           rows + static_cast<ptrdiff_t>(tap) * wide_, row_stride);
      for (int depth = first; depth < last; depth++) {
        float *row = rows + (depth - first) * row_stride + static_cast<ptrdiff_t>(tap) * wide_;
        std::fill(row + columns_, row + wide_, 0.f);
      }
    }
  }

  void transform(const float *rows, int first, int last) {
    for (int depth = first; depth < last; depth++) {
      for (int segment = 0; segment < segments_; segment++) {
        for (int column = 0; column < wide_;) {
          const int width = panel_width(processor_.lanes, wide_, column);
          float *to = memory_.data() + static_cast<ptrdiff_t>(segments_) * depth_ * column +
                      (static_cast<ptrdiff_t>(segment) * depth_ + depth) * width;
          processor_.filter_to_points[Tiles::rank - 1](rows + column, wide_, width, to, stride_);
          column += width;
        }
        rows += static_cast<ptrdiff_t>(Tiles::taps) * wide_;
      }
    }
  }

  const Processor &processor_;
  int depth_, columns_, wide_, segments_;
  ptrdiff_t stride_;
  Scratch memory_;
};

}  // namespace mosi

#endif
