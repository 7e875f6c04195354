#include "Pooling.h"

#include <algorithm>

#include "Processors.h"
#include "Threads.h"

namespace mosi {
namespace {

constexpr int most_places = 256;

struct Range {
  int first, last;
};

// The places in a window along an axis, counted from its begin, that are inside of the input.
Range inside(const PoolingShapes &shapes, int axis, int window) {
  const int begin = window * shapes.stride[axis] - shapes.padding[axis];
  return {std::max(0, -begin), std::min(shapes.kernel[axis], shapes.input[axis] - begin)};
}

// The windows along an axis that contain a place of the input.
Range windows_of(const PoolingShapes &shapes, int axis, int place) {
  const int kernel = shapes.kernel[axis], stride = shapes.stride[axis], padded = place + shapes.padding[axis];
  return {padded < kernel ? 0 : (padded - kernel) / stride + 1, std::min(shapes.output[axis], padded / stride + 1)};
}

int position(const PoolingShapes &shapes, int time, int row, int column) {
  return (time * shapes.kernel[1] + row) * shapes.kernel[2] + column;
}

// Calls `body(clip, time, row)` for all rows of pixels.
template <typename Body>
void each_row(const PoolingShapes &shapes, const std::array<int, 3> &extents, Body body) {
  each_task(shapes.threads, shapes.clips * extents[0], [&](int frame, int) {
    for (int row = 0; row < extents[1]; row++) body(frame / extents[0], frame % extents[0], row);
  });
}

ptrdiff_t pixel(const PoolingShapes &shapes, const std::array<int, 3> &extents, int clip, int time, int row, int column) {
  return (((static_cast<ptrdiff_t>(clip) * extents[0] + time) * extents[1] + row) * extents[2] + column) * shapes.channels;
}

}  // namespace

void max_pool(const PoolingShapes &shapes, const float *input, float *output, uint8_t *chosen) {
  const Processor &processor = current_processor();
  each_row(shapes, shapes.output, [&](int clip, int time, int row) {
    const float *places[most_places];
    uint8_t positions[most_places];
    const Range times = inside(shapes, 0, time), rows = inside(shapes, 1, row);
    for (int column = 0; column < shapes.output[2]; column++) {
      const Range columns = inside(shapes, 2, column);
      int count = 0;
      for (int t = times.first; t < times.last; t++) {
        for (int y = rows.first; y < rows.last; y++) {
          for (int x = columns.first; x < columns.last; x++) {
            places[count] = input + pixel(shapes, shapes.input, clip, time * shapes.stride[0] - shapes.padding[0] + t,
                                          row * shapes.stride[1] - shapes.padding[1] + y,
                                          column * shapes.stride[2] - shapes.padding[2] + x);
            positions[count++] = static_cast<uint8_t>(position(shapes, t, y, x));
          }
        }
      }
      const ptrdiff_t to = pixel(shapes, shapes.output, clip, time, row, column);
      processor.max_pixel(places, positions, count, shapes.channels, output + to, chosen + to);
    }
  });
}

void max_pool_gradient(const PoolingShapes &shapes, const float *gradient, const uint8_t *chosen, float *input_gradient) {
  const Processor &processor = current_processor();
  each_row(shapes, shapes.input, [&](int clip, int time, int row) {
    const float *gradients[most_places];
    const uint8_t *choices[most_places];
    uint8_t positions[most_places];
    const Range times = windows_of(shapes, 0, time), rows = windows_of(shapes, 1, row);
    for (int column = 0; column < shapes.input[2]; column++) {
      const Range columns = windows_of(shapes, 2, column);
      int count = 0;
      for (int t = times.first; t < times.last; t++) {
        for (int y = rows.first; y < rows.last; y++) {
          for (int x = columns.first; x < columns.last; x++) {
            const ptrdiff_t from = pixel(shapes, shapes.output, clip, t, y, x);
            gradients[count] = gradient + from;
            choices[count] = chosen + from;
            positions[count++] = static_cast<uint8_t>(position(shapes, time + shapes.padding[0] - t * shapes.stride[0],
                                                               row + shapes.padding[1] - y * shapes.stride[1],
                                                               column + shapes.padding[2] - x * shapes.stride[2]));
          }
        }
      }
      processor.max_pixel_gradient(gradients, choices, positions, count, shapes.channels,
                                   input_gradient + pixel(shapes, shapes.input, clip, time, row, column));
    }
  });
}

}  // namespace mosi
