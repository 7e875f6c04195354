// F(4x4, 3x3) and F(4, 3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4.
//
// Columns are transformed in parts. A part's values at the points are [point][frame][column][channel], so that all its
// frames and columns share one product with the filters of a point.

#include "Winograd.h"

#include <algorithm>
#include <vector>

#include "Filters.h"
#include "Processors.h"
#include "Scratch.h"
#include "Threads.h"
#include "Tiles.h"

namespace mosi {
namespace {

// Filters (or their gradients, which are also written) of more numbers than this are read once for many columns, whose
// parts all threads share. With fewer, each thread takes parts of its own.
constexpr ptrdiff_t most_own_filters = 1 << 21, most_own_gradients = 1 << 20;
// The numbers of a part at all points: half of a usual second-level cache, or of the last level.
constexpr ptrdiff_t own_part = 1 << 17, shared_part = 1 << 23;

// The columns first..<last with their values before and after the products (or of both factors of a gradient).
struct Part {
  int first, last;
  float *in, *out;
  int count() const { return last - first; }
};

// The size of parts and where their values are.
struct Plan {
  int threads, columns, frames, wide_in, wide_out;
  bool shares;
  int size, parts;
  ptrdiff_t in_stride, out_stride;
  size_t in_size, part_size;

  template <typename Tiles>
  Plan(const Tiles &tiles, int lanes, int threads, int segments, int in, int out, ptrdiff_t most_own)
      : threads(threads),
        columns(tiles.columns()),
        frames(tiles.frames),
        wide_in(padded(in, lanes)),
        wide_out(padded(out, lanes)),
        shares(static_cast<ptrdiff_t>(Tiles::points) * segments * wide_in * wide_out > most_own) {
    const ptrdiff_t column_size = static_cast<ptrdiff_t>(Tiles::points) * frames * (wide_in + wide_out);
    const ptrdiff_t most = shares ? columns : (columns + 2 * threads - 1) / (2 * threads);
    size = static_cast<int>(std::clamp<ptrdiff_t>((shares ? shared_part : own_part) / column_size, 1, most));
    parts = (columns + size - 1) / size;
    in_stride = point_stride(static_cast<ptrdiff_t>(frames) * size * wide_in);
    out_stride = point_stride(static_cast<ptrdiff_t>(frames) * size * wide_out);
    in_size = static_cast<size_t>(Tiles::points) * in_stride;
    part_size = in_size + static_cast<size_t>(Tiles::points) * out_stride;
  }

  Part part(int index, float *memory) const {
    return {index * size, std::min(columns, (index + 1) * size), memory, memory + in_size};
  }

  ptrdiff_t in_row(const Part &part, int frame, int column) const {
    return (static_cast<ptrdiff_t>(frame) * part.count() + column - part.first) * wide_in;
  }

  ptrdiff_t out_row(const Part &part, int frame, int column) const {
    return (static_cast<ptrdiff_t>(frame) * part.count() + column - part.first) * wide_out;
  }

  // Calls `body(frame, first column, last column, worker)` for pieces of a part, in parallel.
  template <typename Body>
  void each_piece(const Part &part, Body body) const {
    const int pieces = (4 * threads + frames - 1) / frames, piece = (part.count() + pieces - 1) / pieces;
    each_task(threads, frames * pieces, [&](int task, int worker) {
      const int first = part.first + task % pieces * piece;
      if (first < part.last) body(task / pieces, first, std::min(part.last, first + piece), worker);
    });
  }

  // Calls `body(point, first, last)` for ranges of 0..<count at each point, in parallel. Ranges begin at multiples of
  // `unit`.
  template <typename Body>
  void each_range(int points, int count, int unit, Body body) const {
    const int units = (count + unit - 1) / unit;
    const int ranges = std::clamp((4 * threads + points - 1) / points, 1, units);
    const int range = (units + ranges - 1) / ranges * unit;
    each_task(threads, points * ranges, [&](int task, int) {
      const int first = task % ranges * range;
      if (first < count) body(task / ranges, first, std::min(count, first + range));
    });
  }
};

// Calls `body(first frame, last frame, first segment, segments)` for frames that meet the same taps in time.
template <typename Body>
void each_reach(int frames, int segments, Body &&body) {
  if (segments == 1) return body(0, frames, 0, 1);
  if (frames == 1) return body(0, 1, 1, 1);
  body(0, 1, 1, 2);
  if (frames > 2) body(1, frames - 1, 0, 3);
  body(frames - 1, frames, 0, 2);
}

// --- The output, and the gradient of the input --------------------------------------------------------------

template <typename Tiles>
void convolve(const ConvolutionShapes &shapes, int segments, const float *weights, bool turned, const Finish &finish,
              const float *from, float *to) {
  const Processor &processor = current_processor();
  const int inputs = turned ? shapes.outputs : shapes.inputs, outputs = turned ? shapes.inputs : shapes.outputs;
  const Tiles tiles(shapes);
  const Plan plan(tiles, processor.lanes, shapes.threads, segments, inputs, outputs, most_own_filters);
  const Filters<Tiles> filters(processor, shapes, segments, weights, turned);
  const std::vector<float> zeros(outside_count, 0.f);
  const Scratch outside(static_cast<size_t>(outside_count) * shapes.threads);

  auto spread = [&](const Part &part, int frame, int first, int last) {
    tiles.template spread<tile_with_margins>(processor.to_points[Tiles::rank - 1], from, inputs, frame, first, last,
                                             zeros.data(), part.in + plan.in_row(part, frame, first), plan.wide_in, plan.in_stride);
  };
  auto multiply = [&](const Part &part, int point, int first_column, int last_column) {
    each_reach(plan.frames, segments, [&](int first, int last, int first_segment, int used) {
      const int source = first + first_segment - segments / 2;
      processor.multiply({
          .rows = (last - first) * part.count(),
          .depth = inputs,
          .columns = filters.columns(),
          .first_column = first_column,
          .last_column = last_column,
          .first_segment = first_segment,
          .segments = used,
          .all_segments = segments,
          .values = part.in + point * plan.in_stride + plan.in_row(part, source, part.first),
          .value_stride = plan.wide_in,
          .segment_stride = static_cast<ptrdiff_t>(part.count()) * plan.wide_in,
          .panels = filters.at(point),
          .results = part.out + point * plan.out_stride + plan.out_row(part, first, part.first),
          .result_stride = plan.wide_out,
      });
    });
  };
  auto collect = [&](const Part &part, int frame, int first, int last, int worker) {
    tiles.collect(processor.from_points[Tiles::rank - 1], part.out + plan.out_row(part, frame, first), plan.wide_out,
                  plan.out_stride, outputs, frame, first, last, outside.data() + static_cast<ptrdiff_t>(worker) * outside_count, to);
    if (finish.scale == nullptr) return;
    tiles.each_run(outputs, frame, first, last,
                   [&](ptrdiff_t place, int count) { finish.apply(processor, outputs, to, place, count); });
  };

  if (plan.shares) {
    const Scratch memory(plan.part_size);
    for (int index = 0; index < plan.parts; index++) {
      const Part part = plan.part(index, memory.data());
      plan.each_piece(part, [&](int frame, int first, int last, int) { spread(part, frame, first, last); });
      plan.each_range(Tiles::points, filters.columns(), 2 * processor.lanes,
                      [&](int point, int first, int last) { multiply(part, point, first, last); });
      plan.each_piece(
          part, [&](int frame, int first, int last, int worker) { collect(part, frame, first, last, worker); });
    }
  } else {
    const Scratch memory(plan.part_size * shapes.threads);
    each_task(shapes.threads, plan.parts, [&](int index, int worker) {
      const Part part = plan.part(index, memory.data() + worker * plan.part_size);
      for (int frame = 0; frame < plan.frames; frame++) spread(part, frame, part.first, part.last);
      for (int point = 0; point < Tiles::points; point++) multiply(part, point, 0, filters.columns());
      for (int frame = 0; frame < plan.frames; frame++) collect(part, frame, part.first, part.last, worker);
    });
  }
}

// --- The gradient of the weights ---------------------------------------------------------------------------

template <typename Tiles>
void sum_gradients(const ConvolutionShapes &shapes, int segments, const float *input, const float *gradient,
                   float *result) {
  const Processor &processor = current_processor();
  const int inputs = shapes.inputs, outputs = shapes.outputs;
  const Tiles tiles(shapes);
  const Plan plan(tiles, processor.lanes, shapes.threads, segments, inputs, outputs, most_own_gradients);
  const std::vector<float> zeros(outside_count, 0.f);

  // Sums at the points: [point][segment][output][input], for each run of parts that one thread takes.
  const int runs = plan.shares ? 1 : std::min(plan.parts, shapes.threads);
  const ptrdiff_t sum_stride = point_stride(static_cast<ptrdiff_t>(segments) * outputs * plan.wide_in);
  const size_t sum_size = static_cast<size_t>(Tiles::points) * sum_stride;
  const Scratch sums(runs * sum_size);

  auto spread = [&](const Part &part, int frame, int first, int last) {
    tiles.template spread<tile_with_margins>(processor.to_points[Tiles::rank - 1], input, inputs, frame, first, last,
                                             zeros.data(), part.in + plan.in_row(part, frame, first), plan.wide_in, plan.in_stride);
    tiles.template spread<tile>(processor.spread[Tiles::rank - 1], gradient, outputs, frame, first, last, zeros.data(),
                                part.out + plan.out_row(part, frame, first), plan.wide_out, plan.out_stride);
  };
  auto accumulate = [&](const Part &part, int point, int first_output, int last_output, float *to, bool adds) {
    for (int segment = 0; segment < segments; segment++) {
      const int shift = segment - segments / 2;
      const int first = std::max(0, -shift), last = std::min(plan.frames, plan.frames - shift);
      processor.accumulate({
          .count = std::max(0, last - first) * part.count(),
          .first_row = first_output,
          .last_row = last_output,
          .columns = plan.wide_in,
          .left = part.out + point * plan.out_stride + plan.out_row(part, first, part.first),
          .right = part.in + point * plan.in_stride + plan.in_row(part, first + shift, part.first),
          .left_stride = plan.wide_out,
          .right_stride = plan.wide_in,
          .results = to + point * sum_stride + static_cast<ptrdiff_t>(segment) * outputs * plan.wide_in,
          .result_stride = plan.wide_in,
          .adds = adds,
      });
    }
  };

  if (plan.shares) {
    const Scratch memory(plan.part_size);
    for (int index = 0; index < plan.parts; index++) {
      const Part part = plan.part(index, memory.data());
      plan.each_piece(part, [&](int frame, int first, int last, int) { spread(part, frame, first, last); });
      plan.each_range(Tiles::points, outputs, 1, [&](int point, int first, int last) {
        accumulate(part, point, first, last, sums.data(), index > 0);
      });
    }
  } else {
    const Scratch memory(plan.part_size * shapes.threads);
    each_task(shapes.threads, runs, [&](int run, int worker) {
      const int first = static_cast<int>(static_cast<int64_t>(plan.parts) * run / runs);
      const int last = static_cast<int>(static_cast<int64_t>(plan.parts) * (run + 1) / runs);
      for (int index = first; index < last; index++) {
        const Part part = plan.part(index, memory.data() + worker * plan.part_size);
        for (int frame = 0; frame < plan.frames; frame++) spread(part, frame, part.first, part.last);
        for (int point = 0; point < Tiles::points; point++) {
          accumulate(part, point, 0, outputs, sums.data() + run * sum_size, index > first);
        }
      }
    });
  }

  each_task(shapes.threads, outputs, [&](int output, int) {
    for (int segment = 0; segment < segments; segment++) {
      const ptrdiff_t filter = static_cast<ptrdiff_t>(output) * segments + segment;
      float *row = sums.data() + (static_cast<ptrdiff_t>(segment) * outputs + output) * plan.wide_in;
      for (int run = 1; run < runs; run++) {
        for (int point = 0; point < Tiles::points; point++) {
          float *to = row + point * sum_stride;
          const float *from = to + run * sum_size;
          for (int channel = 0; channel < inputs; channel++) to[channel] += from[channel];
        }
      }
      processor.filter_from_points[Tiles::rank - 1](row, sum_stride, inputs, result + filter * Tiles::taps * inputs,
                                                    inputs);
    }
  });
}

// Calls `body.operator()<Tiles>(segments)`: kernels of 3x3 are transformed in space, and each tap in time is a segment.
template <typename Body>
void with_tiles(const ConvolutionShapes &shapes, Body &&body) {
  if (shapes.kernel_side == 3) {
    body.template operator()<Pictures>(shapes.kernel_time);
  } else {
    body.template operator()<Times>(1);
  }
}

}  // namespace

void winograd_output(const ConvolutionShapes &shapes, const Finish &finish, const float *input, const float *weights,
                     float *output) {
  with_tiles(shapes, [&]<typename Tiles>(int segments) {
    convolve<Tiles>(shapes, segments, weights, false, finish, input, output);
  });
}

void winograd_input_gradient(const ConvolutionShapes &shapes, const float *output_gradient, const float *weights,
                             float *input_gradient) {
  with_tiles(shapes, [&]<typename Tiles>(int segments) {
    convolve<Tiles>(shapes, segments, weights, true, {}, output_gradient, input_gradient);
  });
}

void winograd_weight_gradient(const ConvolutionShapes &shapes, const float *input, const float *output_gradient,
                              float *weight_gradient) {
  with_tiles(shapes, [&]<typename Tiles>(int segments) {
    sum_gradients<Tiles>(shapes, segments, input, output_gradient, weight_gradient);
  });
}

}  // namespace mosi
