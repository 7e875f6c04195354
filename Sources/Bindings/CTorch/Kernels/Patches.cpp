// A row of a matrix has the inputs of one output, its patch, and the convolution is the product with the filters. Rows are
// gathered a few at a time, so that they stay in a cache. A line of a patch are its neighboring pixels of one row of a
// picture, which lie in memory one after the other.

#include "Patches.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "Processors.h"
#include "Scratch.h"
#include "Threads.h"

namespace mosi {
namespace {

// The most numbers of a gathered row, unless a single line is longer.
constexpr int longest_row = 384;
// The numbers of gathered rows, a part of a usual second-level cache.
constexpr int gathered = 3 << 14;
// A gradient of weights is cut into about this number of tasks, but each takes at least `least_places`.
constexpr int gradient_tasks = 32, least_places = 256;
// Lines of at least `least_line` numbers are taken one by one if the output has at most `most_edges` frames and rows.
constexpr int least_line = 64, most_edges = 4;
// The outputs of a task.
constexpr int most_outputs = 256;
// Sums of this number of gathered blocks are added up in float32 before they join the others, for their accuracy.
constexpr int blocks_in_sum = 16;

// The distance of rows, such that those of neighbors are in different lines of a cache.
int row_stride(int count) {
  const int whole = (count + 15) / 16 * 16;
  return whole % 256 == 0 ? whole + 16 : whole;
}

// The pixel of a row among those of a tensor. Along each axis, the rows of a clip are `counts` places from `first` on, with
// `steps` between them.
ptrdiff_t pixel_of(int row, const Triple &counts, const Triple &first, const Triple &steps, const Triple &extents) {
  Triple place;
  for (int axis = 2; axis >= 0; axis--) {
    place[axis] = first[axis] + row % counts[axis] * steps[axis];
    row /= counts[axis];
  }
  return ((static_cast<ptrdiff_t>(row) * extents[0] + place[0]) * extents[1] + place[1]) * extents[2] + place[2];
}

// Along one axis, places with a value each, and the patches that determine it. Patch i begins at first + i * step.
struct Places {
  int count, place, place_step;
  int first, step, taps;
  /// The tap of the kernel at the first cell of a patch, and the difference of those of neighboring cells.
  int tap, tap_step;
};

// Places one by one, without taps outside of `extent`.
std::vector<Places> one_by_one(const Places &all, int extent) {
  std::vector<Places> result;
  for (int index = 0; index < all.count; index++) {
    const int first = all.first + index * all.step;
    const int from = std::max(0, -first), to = std::min(all.taps, extent - first);
    result.push_back({1, all.place + index * all.place_step, 1, first + from, 0, std::max(0, to - from),
                      all.tap + from * all.tap_step, all.tap_step});
  }
  return result;
}

// Where all places are at an edge, skipping the zeros beyond it saves more than the additional filters take.
std::vector<Places> without_edges(const Places &all, int extent) {
  if (all.count <= 2 && all.taps > 1) return one_by_one(all, extent);
  return {all};
}

// The places of the output along an axis.
std::vector<Places> output_places(const PatchShapes &shapes, int axis) {
  const Places all = {shapes.output_extent(axis), 0, 1, -shapes.padding[axis], shapes.stride[axis], shapes.kernel[axis],
                      0,  1};
  return without_edges(all, shapes.extents[axis]);
}

// The places of the input, of which every stride-th one meets the same taps.
std::vector<Places> input_places(const PatchShapes &shapes, int axis) {
  const int stride = shapes.stride[axis], padding = shapes.padding[axis], kernel = shapes.kernel[axis];
  std::vector<Places> result;
  for (int place = 0; place < std::min(stride, shapes.extents[axis]); place++) {
    const int tap = (place + padding) % stride;
    const int taps = tap < kernel ? (kernel - tap + stride - 1) / stride : 0;
    const Places all = {(shapes.extents[axis] - place + stride - 1) / stride,
                        place,
                        stride,
                        (place + padding - tap) / stride - (taps - 1),
                        1,
                        taps,
                        tap + stride * (taps - 1),
                        -stride};
    for (const Places &places : without_edges(all, shapes.output_extent(axis))) result.push_back(places);
  }
  return result;
}

// Weights [outputs][taps][inputs], for products with patches of `depth` channels.
struct Weights {
  const float *numbers;
  Triple kernel;
  int inputs, outputs;
  // For the gradient of the input, with inputs and outputs exchanged.
  bool turned;

  int depth() const { return turned ? outputs : inputs; }
  int columns() const { return turned ? inputs : outputs; }
  int taps() const { return kernel[0] * kernel[1] * kernel[2]; }

  // Copies the filters of a tap to rows [depth][width] of a panel that begins at `column`.
  void copy_tap(const Processor &processor, int tap, int column, int width, float *to) const {
    const int count = std::min(width, columns() - column);
    if (turned) {
      for (int row = 0; row < outputs; row++, to += width) {
        std::memcpy(to, numbers + (static_cast<ptrdiff_t>(row) * taps() + tap) * inputs + column, count * sizeof(float));
        std::fill(to + count, to + width, 0.f);
      }
      return;
    }
    processor.transpose(numbers + (static_cast<ptrdiff_t>(column) * taps() + tap) * inputs,
                        static_cast<ptrdiff_t>(taps()) * inputs, count, inputs, to, width);
    if (count < width) {
      for (int row = 0; row < inputs; row++) std::fill(to + row * width + count, to + (row + 1) * width, 0.f);
    }
  }
};

// Places of all axes that meet the same taps, and the filters of these.
class Cells {
 public:
  Cells(const std::array<Places, 3> &axes, const PatchShapes &shapes, const Triple &extents, const Weights &weights,
        const float *source, int lanes)
      : axes_(axes), weights_(weights) {
    grid_ = {source, weights.depth(), extents, {}, {}, {}, {}};
    rows_ = shapes.clips;
    for (int axis = 0; axis < 3; axis++) {
      grid_.counts[axis] = axes[axis].count;
      grid_.first[axis] = axes[axis].first;
      grid_.step[axis] = axes[axis].step;
      grid_.taps[axis] = axes[axis].taps;
      rows_ *= axes[axis].count;
    }
    line_ = axes[2].taps * weights.depth();
    lines_ = line_ > 0 ? axes[0].taps * axes[1].taps : 0;
    lines_in_block_ = std::clamp(longest_row / std::max(1, line_), 1, std::max(1, lines_));
    wide_ = (weights.columns() + lanes - 1) / lanes * lanes;
    stride_ = row_stride(lines_in_block_ * line_);
    chunk_ = std::clamp(gathered / stride_ / 28 * 28, 28, 224);
    chunk_ = std::min(chunk_, std::max(14, (rows_ + 3 * shapes.threads - 1) / (3 * shapes.threads)));
  }

  int rows() const { return rows_; }
  int lines() const { return lines_; }
  // The number of rows that are gathered at once, and of such chunks.
  int chunk() const { return chunk_; }
  int chunks() const { return (rows_ + chunk_ - 1) / chunk_; }
  int wide() const { return wide_; }
  size_t filter_size() const { return static_cast<size_t>(lines_) * line_ * wide_; }
  size_t gathered_size() const { return static_cast<size_t>(chunk_) * stride_; }

  // Copies the filters of a line: [block][panel][depth][column].
  void copy_line(const Processor &processor, int line, float *filters) const {
    const int first = line / lines_in_block_ * lines_in_block_;
    const int depth = (std::min(lines_, first + lines_in_block_) - first) * line_;
    float *block = filters + static_cast<ptrdiff_t>(first) * line_ * wide_;
    const int time = tap(0, line / axes_[1].taps), row = tap(1, line % axes_[1].taps);
    for (int column = 0; column < wide_;) {
      const int width = panel_width(processor.lanes, wide_, column);
      float *to = block + static_cast<ptrdiff_t>(depth) * column + static_cast<ptrdiff_t>(line - first) * line_ * width;
      for (int x = 0; x < axes_[2].taps; x++) {
        const int tap_index = (time * weights_.kernel[1] + row) * weights_.kernel[2] + tap(2, x);
        weights_.copy_tap(processor, tap_index, column, width, to);
        to += static_cast<ptrdiff_t>(weights_.depth()) * width;
      }
      column += width;
    }
  }

  // The values of rows [last - first][wide].
  void multiply(const Processor &processor, int first, int last, const float *filters, float *memory, float *results,
                ptrdiff_t result_stride) const {
    if (lines_ == 0) {
      for (int row = first; row < last; row++) std::fill_n(results + (row - first) * result_stride, wide_, 0.f);
    }
    for (int line = 0; line < lines_; line += lines_in_block_) {
      const int last_line = std::min(lines_, line + lines_in_block_);
      processor.gather(grid_, first, last, line, last_line, memory, stride_);
      processor.multiply({
          .rows = last - first,
          .depth = (last_line - line) * line_,
          .columns = wide_,
          .first_column = 0,
          .last_column = wide_,
          .first_segment = 0,
          .segments = 1,
          .all_segments = 1,
          .values = memory,
          .value_stride = stride_,
          .segment_stride = 0,
          .panels = filters + static_cast<ptrdiff_t>(line) * line_ * wide_,
          .results = results,
          .result_stride = result_stride,
          .adds = line > 0,
      });
    }
  }

  // The pixel of a row among those of a tensor of these extents.
  ptrdiff_t pixel(int row, const Triple &extents) const {
    return pixel_of(row, grid_.counts, {axes_[0].place, axes_[1].place, axes_[2].place},
                    {axes_[0].place_step, axes_[1].place_step, axes_[2].place_step}, extents);
  }

 private:
  int tap(int axis, int cell) const { return axes_[axis].tap + cell * axes_[axis].tap_step; }

  std::array<Places, 3> axes_;
  Weights weights_;
  PatchGrid grid_;
  int rows_, line_, lines_, lines_in_block_, wide_, stride_, chunk_;
};

// From a tensor with extents `from_extents` to one with `to_extents`.
void convolve(const PatchShapes &shapes, const std::array<std::vector<Places>, 3> &places, const Weights &weights,
              const Finish &finish, const float *from, const Triple &from_extents, float *to,
              const Triple &to_extents) {
  const Processor &processor = current_processor();
  std::vector<Cells> all;
  for (const Places &time : places[0]) {
    for (const Places &row : places[1]) {
      for (const Places &column : places[2]) {
        all.emplace_back(std::array<Places, 3>{time, row, column}, shapes, from_extents, weights, from, processor.lanes);
      }
    }
  }

  struct Task {
    int cells, index;
  };
  std::vector<Task> lines, chunks;
  std::vector<size_t> begins;
  size_t filter_size = 0, gathered_size = 0;
  int longest = 0;
  for (int index = 0; index < static_cast<int>(all.size()); index++) {
    const Cells &cells = all[index];
    for (int line = 0; line < cells.lines(); line++) lines.push_back({index, line});
    for (int chunk = 0; chunk < cells.chunks(); chunk++) chunks.push_back({index, chunk});
    begins.push_back(filter_size);
    filter_size += cells.filter_size();
    gathered_size = std::max(gathered_size, cells.gathered_size());
    longest = std::max(longest, cells.chunk());
  }

  const Scratch filters(filter_size);
  each_task(shapes.threads, static_cast<int>(lines.size()), [&](int task, int) {
    const auto [cells, line] = lines[task];
    all[cells].copy_line(processor, line, filters.data() + begins[cells]);
  });

  const int columns = weights.columns(), wide = all[0].wide();
  // Rows are in the order of the output, or at least without padding.
  const bool is_whole = all.size() == 1, is_direct = is_whole && wide == columns;
  const size_t results_size = is_direct ? 0 : static_cast<size_t>(longest) * wide;
  const size_t size = gathered_size + results_size;
  const Scratch memory(size * shapes.threads);
  each_task(shapes.threads, static_cast<int>(chunks.size()), [&](int task, int worker) {
    const auto [index, chunk] = chunks[task];
    const Cells &cells = all[index];
    const int first = chunk * cells.chunk(), last = std::min(cells.rows(), first + cells.chunk());
    float *own = memory.data() + worker * size;
    const ptrdiff_t place = static_cast<ptrdiff_t>(first) * columns;
    float *results = is_direct ? to + place : own + gathered_size;
    cells.multiply(processor, first, last, filters.data() + begins[index], own, results, wide);
    if (!is_direct) {
      for (int row = first; row < last; row++) {
        const ptrdiff_t pixel = is_whole ? row : cells.pixel(row, to_extents);
        std::memcpy(to + pixel * columns, results + static_cast<ptrdiff_t>(row - first) * wide, columns * sizeof(float));
        if (!is_whole) finish.apply(processor, columns, to, pixel * columns, 1);
      }
    }
    if (is_whole) finish.apply(processor, columns, to, place, last - first);
  });
}

// --- The gradient of the weights ---------------------------------------------------------------------------

// Lines of the kernel whose gradients are computed together: those of places whose patches have any of them.
struct LineBlock {
  int first, last;
  /// The numbers of a row, and their distance.
  int size, stride;
  PatchGrid grid;
  /// The first place of the output in time, height and width.
  Triple places;
  int rows;
  ptrdiff_t begin;
};

std::vector<LineBlock> line_blocks(const PatchShapes &shapes, const float *input) {
  const int line = shapes.kernel[2] * shapes.inputs, lines = shapes.kernel[0] * shapes.kernel[1];
  int lines_in_block = std::clamp(longest_row / line, 1, lines);
  // One by one, they can skip the zeros beyond edges.
  if (std::max(shapes.output_extent(0), shapes.output_extent(1)) <= most_edges && line >= least_line) lines_in_block = 1;
  std::vector<LineBlock> blocks;
  ptrdiff_t begin = 0;
  for (int first = 0; first < lines; first += lines_in_block) {
    LineBlock block{first, std::min(lines, first + lines_in_block), 0, 0, {}, {}, shapes.clips, begin};
    block.size = (block.last - first) * line;
    block.stride = row_stride(block.size);
    block.grid = {input, shapes.inputs, shapes.extents, {}, {}, shapes.stride, shapes.kernel};
    const Triple taps = {first / shapes.kernel[1], first % shapes.kernel[1], 0};
    for (int axis = 0; axis < 3; axis++) {
      int from = 0, to = shapes.output_extent(axis);
      if (lines_in_block == 1 && axis < 2) {
        // Those with 0 <= place * stride - padding + tap < extent.
        const int tap = taps[axis] - shapes.padding[axis], stride = shapes.stride[axis];
        from = std::min(to, std::max(0, -tap + stride - 1) / stride);
        to = std::clamp((shapes.extents[axis] - tap + stride - 1) / stride, from, to);
      }
      block.places[axis] = from;
      block.grid.counts[axis] = to - from;
      block.grid.first[axis] = from * shapes.stride[axis] - shapes.padding[axis];
      block.rows *= to - from;
    }
    begin += static_cast<ptrdiff_t>(shapes.outputs) * block.stride;
    blocks.push_back(block);
  }
  return blocks;
}

}  // namespace

void patch_output(const PatchShapes &shapes, const Finish &finish, const float *input, const float *weights,
                  float *output) {
  convolve(shapes, {output_places(shapes, 0), output_places(shapes, 1), output_places(shapes, 2)},
           {weights, shapes.kernel, shapes.inputs, shapes.outputs, false}, finish, input, shapes.extents, output,
           shapes.output_extents());
}

void patch_input_gradient(const PatchShapes &shapes, const float *output_gradient, const float *weights,
                          float *input_gradient) {
  convolve(shapes, {input_places(shapes, 0), input_places(shapes, 1), input_places(shapes, 2)},
           {weights, shapes.kernel, shapes.inputs, shapes.outputs, true}, {}, output_gradient, shapes.output_extents(),
           input_gradient, shapes.extents);
}

void patch_weight_gradient(const PatchShapes &shapes, const float *input, const float *output_gradient,
                           float *weight_gradient) {
  const Processor &processor = current_processor();
  const int outputs = shapes.outputs;
  const Triple extents = shapes.output_extents();
  const int all_rows = shapes.clips * extents[0] * extents[1] * extents[2];
  const std::vector<LineBlock> blocks = line_blocks(shapes, input);
  // Outputs and places are cut, too.
  const int ranges = (outputs + most_outputs - 1) / most_outputs, count = static_cast<int>(blocks.size()) * ranges;
  const int parts = std::clamp((gradient_tasks + count - 1) / count, 1, std::max(1, all_rows / least_places));

  size_t gathered_size = 0, block_size = 0;
  const auto chunk_of = [](const LineBlock &block) { return std::clamp(gathered / block.stride, 16, 192); };
  for (const LineBlock &block : blocks) {
    gathered_size = std::max(gathered_size, static_cast<size_t>(chunk_of(block)) * (block.stride + outputs));
    block_size = std::max(block_size, static_cast<size_t>(most_outputs) * block.stride);
  }
  const size_t part_size = static_cast<size_t>(blocks.back().begin) + static_cast<size_t>(outputs) * blocks.back().stride;
  // [part][block][output][number of the row]
  const Scratch sums(parts * part_size);
  const size_t own_size = gathered_size + block_size;
  const Scratch memory(own_size * shapes.threads);

  each_task(shapes.threads, count * parts, [&](int task, int worker) {
    const LineBlock &block = blocks[task / parts / ranges];
    const int part = task % parts, range = task / parts % ranges, chunk = chunk_of(block);
    const int first_output = static_cast<int>(static_cast<int64_t>(outputs) * range / ranges);
    const int last_output = static_cast<int>(static_cast<int64_t>(outputs) * (range + 1) / ranges);
    const int size = (last_output - first_output) * block.stride;
    const int begin = static_cast<int>(static_cast<int64_t>(block.rows) * part / parts);
    const int end = static_cast<int>(static_cast<int64_t>(block.rows) * (part + 1) / parts);
    float *sum = sums.data() + part * part_size + block.begin + static_cast<ptrdiff_t>(first_output) * block.stride;
    float *patches = memory.data() + worker * own_size, *arriving = patches + static_cast<ptrdiff_t>(chunk) * block.stride;
    float *some = memory.data() + worker * own_size + gathered_size;
    std::fill_n(sum, size, 0.f);
    const PatchGrid &grid = block.grid;
    const auto add = [&] {
      for (int index = 0; index < size; index++) sum[index] += some[index];
    };
    int used = 0;
    for (int first = begin; first < end; first += chunk, used++) {
      const int last = std::min(end, first + chunk);
      processor.gather(grid, first, last, block.first, block.last, patches, block.stride);
      const float *left = output_gradient + static_cast<ptrdiff_t>(first) * outputs;
      if (block.rows != all_rows) {
        for (int row = first; row < last; row++) {
          const ptrdiff_t pixel = pixel_of(row, grid.counts, block.places, {1, 1, 1}, extents);
          std::memcpy(arriving + static_cast<ptrdiff_t>(row - first) * outputs, output_gradient + pixel * outputs,
                      outputs * sizeof(float));
        }
        left = arriving;
      }
      if (used > 0 && used % blocks_in_sum == 0) add();
      processor.accumulate({
          .count = last - first,
          .first_row = 0,
          .last_row = last_output - first_output,
          .columns = block.stride,
          .left = left + first_output,
          .right = patches,
          .left_stride = outputs,
          .right_stride = block.stride,
          .results = some,
          .result_stride = block.stride,
          .adds = used % blocks_in_sum != 0,
      });
    }
    if (used > 0) add();
  });

  const int taps = shapes.kernel[0] * shapes.kernel[1] * shapes.kernel[2];
  const int line = shapes.kernel[2] * shapes.inputs;
  each_task(shapes.threads, outputs, [&](int output, int) {
    for (const LineBlock &block : blocks) {
      float *to = weight_gradient + static_cast<ptrdiff_t>(output) * taps * shapes.inputs +
                  static_cast<ptrdiff_t>(block.first) * line;
      const float *from = sums.data() + block.begin + static_cast<ptrdiff_t>(output) * block.stride;
      std::memcpy(to, from, block.size * sizeof(float));
      for (int part = 1; part < parts; part++) {
        for (int index = 0; index < block.size; index++) to[index] += from[part * part_size + index];
      }
    }
  });
}

}  // namespace mosi
