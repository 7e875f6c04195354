// Patches, gathered as rows of a matrix. Part of VectorCode.h.

MOSI_INLINE void clear_numbers(ptrdiff_t count, float *to) {
  each_vector(count, [&]<typename Vector>(ptrdiff_t index) __attribute__((always_inline)) {
    store<Vector>(to + index, Vector{});
  });
}

// Where lines of patches begin in the source, for a patch that begins at the left edge; NULL for lines of zeros.
struct LineSources {
  static constexpr int most = 64;
  const float *places[most];
  int count;
};

// Copies the numbers offset..<offset + size of all lines to places that are `stride` apart. If Count is not 0, that many wide
// vectors cover the numbers.
template <int Count>
MOSI_INLINE void copy_lines(const LineSources &lines, ptrdiff_t offset, ptrdiff_t size, float *to, ptrdiff_t stride) {
  for (int line = 0; line < lines.count; line++, to += stride) {
    const float *from = lines.places[line];
    if (from == nullptr) {
      clear_numbers(size, to);
      continue;
    }
    from += offset;
    if constexpr (Count == 0) {
      each_vector(size, [&]<typename Vector>(ptrdiff_t index) __attribute__((always_inline)) {
        store<Vector>(to + index, load<Vector>(from + index));
      });
    } else {
      MOSI_UNROLL
      for (int part = 0; part < Count - 1; part++) {
        store<Wide>(to + part * MOSI_LANES, load<Wide>(from + part * MOSI_LANES));
      }
      store<Wide>(to + size - MOSI_LANES, load<Wide>(from + size - MOSI_LANES));
    }
  }
}

// Patches first..<last of a row of patches, which have these lines.
template <int Count>
static void gather_row(const PatchGrid &grid, const LineSources &lines, int first, int last, float *to,
                       ptrdiff_t stride) {
  const ptrdiff_t channels = grid.channels, size = grid.taps[2] * channels, rest = stride - lines.count * size;
  for (int column = first; column < last; column++, to += stride) {
    const int x = grid.first[2] + column * grid.step[2];
    if (x >= 0 && x + grid.taps[2] <= grid.extents[2]) {
      copy_lines<Count>(lines, x * channels, size, to, size);
    } else {
      const int left = std::max(0, -x), right = std::max(left, std::min(grid.taps[2], grid.extents[2] - x));
      clear_numbers(lines.count * size, to);
      copy_lines<0>(lines, (x + left) * channels, (right - left) * channels, to + left * channels, size);
    }
    if (rest > 0) clear_numbers(rest, to + lines.count * size);
  }
}

static void gather(const PatchGrid &grid, int first_row, int last_row, int first_line, int last_line, float *to,
                   ptrdiff_t stride) {
  const ptrdiff_t size = static_cast<ptrdiff_t>(grid.taps[2]) * grid.channels;
  for (; last_line - first_line > LineSources::most; first_line += LineSources::most) {
    gather(grid, first_row, last_row, first_line, first_line + LineSources::most, to, stride);
    to += LineSources::most * size;
  }
  for (int index = first_row; index < last_row;) {
    const int column = index % grid.counts[2], row = index / grid.counts[2] % grid.counts[1];
    const int rest = index / grid.counts[2] / grid.counts[1], time = rest % grid.counts[0], clip = rest / grid.counts[0];
    const int columns = std::min(last_row - index, grid.counts[2] - column);
    LineSources lines;
    lines.count = last_line - first_line;
    for (int line = 0; line < lines.count; line++) {
      const int t = grid.first[0] + time * grid.step[0] + (first_line + line) / grid.taps[1];
      const int y = grid.first[1] + row * grid.step[1] + (first_line + line) % grid.taps[1];
      const bool is_inside = t >= 0 && t < grid.extents[0] && y >= 0 && y < grid.extents[1];
      const ptrdiff_t place = ((static_cast<ptrdiff_t>(clip) * grid.extents[0] + t) * grid.extents[1] + y) *
                              grid.extents[2] * grid.channels;
      lines.places[line] = is_inside ? grid.source + place : nullptr;
    }
    switch (size < MOSI_LANES ? 0 : (size + MOSI_LANES - 1) / MOSI_LANES) {
      case 1: gather_row<1>(grid, lines, column, column + columns, to, stride); break;
      case 2: gather_row<2>(grid, lines, column, column + columns, to, stride); break;
      case 3: gather_row<3>(grid, lines, column, column + columns, to, stride); break;
      case 4: gather_row<4>(grid, lines, column, column + columns, to, stride); break;
      default: gather_row<0>(grid, lines, column, column + columns, to, stride);
    }
    index += columns;
    to += columns * stride;
  }
}
