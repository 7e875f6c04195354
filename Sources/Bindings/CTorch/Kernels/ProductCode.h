// Products in registers. Part of VectorCode.h.

// Calls `body.operator()<Vector, Count>(column)` for the panels of first..<last of `columns` columns: a panel has Count
// vectors.
template <typename Body>
MOSI_INLINE void each_panel(int first, int last, int columns, Body &&body) {
  for (int column = first; column < last;) {
    const int width = panel_width(MOSI_LANES, columns, column);
    if (width == 2 * MOSI_LANES) {
      body.template operator()<Wide, 2>(column);
    } else if (width == MOSI_LANES) {
      body.template operator()<Wide, 1>(column);
    } else if (width == 3 * MOSI_NARROW_LANES) {
      body.template operator()<Narrow, 3>(column);
    } else {
      body.template operator()<Narrow, 1>(column);
    }
    column += width;
  }
}

// The rows of a panel of `count` vectors whose sums registers hold.
constexpr int held_rows(int count) { return count > 2 ? MOSI_ROWS * 2 / count : MOSI_ROWS; }

// Calls `body(row, rows)` for the rows first..<last in groups of at most `most`, about equally large.
template <typename Body>
MOSI_INLINE void each_group(int first, int last, int most, Body &&body) {
  const int groups = (last - first + most - 1) / most;
  for (int group = 0, row = first; group < groups; group++) {
    const int rows = (last - row + groups - group - 1) / (groups - group);
    body(row, rows);
    row += rows;
  }
}

// Rows of values times a panel of Count vectors, as [R, depth] x [depth, Count * lanes], in registers.
template <typename Vector, int Count, int R>
static void multiply_rows(const Product &product, const float *values, const float *panel, int width, float *results) {
  constexpr int lanes = sizeof(Vector) / sizeof(float);
  Vector sums[R][Count];
  MOSI_UNROLL
  for (int row = 0; row < R; row++) {
    MOSI_UNROLL
    for (int part = 0; part < Count; part++) {
      sums[row][part] =
          product.adds ? load<Vector>(results + row * product.result_stride + part * lanes) : Vector{};
    }
  }
  const ptrdiff_t stride = product.value_stride;
  for (int segment = 0; segment < product.segments; segment++) {
    const float *from = values;
    for (int depth = 0; depth < product.depth; depth++) {
      Vector weights[Count];
      MOSI_UNROLL
      for (int part = 0; part < Count; part++) weights[part] = load<Vector>(panel + part * lanes);
      MOSI_UNROLL
      for (int row = 0; row < R; row++) {
        const Vector value = splat<Vector>(from[row * stride]);
        MOSI_UNROLL
        for (int part = 0; part < Count; part++) sums[row][part] += value * weights[part];
      }
      panel += width;
      from++;
    }
    values += product.segment_stride;
  }
  MOSI_UNROLL
  for (int row = 0; row < R; row++) {
    MOSI_UNROLL
    for (int part = 0; part < Count; part++) {
      store<Vector>(results + row * product.result_stride + part * lanes, sums[row][part]);
    }
  }
}

template <typename Vector, int Count, int R>
static void multiply_all_rows(const Product &product, const float *values, const float *panel, int width,
                              float *results, int rows) {
  if constexpr (R > 1) {
    if (rows < R) return multiply_all_rows<Vector, Count, R - 1>(product, values, panel, width, results, rows);
  }
  multiply_rows<Vector, Count, R>(product, values, panel, width, results);
}

template <typename Vector, int Count>
static void multiply_panel(const Product &product, const float *panel, int column) {
  constexpr int lanes = sizeof(Vector) / sizeof(float);
  each_group(0, product.rows, held_rows(Count), [&](int row, int rows) {
    multiply_all_rows<Vector, Count, held_rows(Count)>(product, product.values + row * product.value_stride, panel,
                                                Count * lanes, product.results + row * product.result_stride + column,
                                                rows);
  });
}

static void multiply(const Product &product) {
  const ptrdiff_t depth = static_cast<ptrdiff_t>(product.depth) * product.all_segments;
  const ptrdiff_t first = static_cast<ptrdiff_t>(product.depth) * product.first_segment;
  each_panel(product.first_column, product.last_column, product.columns, [&]<typename Vector, int Count>(int column) {
    constexpr int width = Count * static_cast<int>(sizeof(Vector) / sizeof(float));
    multiply_panel<Vector, Count>(product, product.panels + depth * column + first * width, column);
  });
}

// Outer products of rows: results[r, column] (+)= sum over i of left[i, r] * right[i, column].
template <typename Vector, int Count, int R>
static void accumulate_rows(const OuterProduct &product, const float *left, const float *right, float *results) {
  constexpr int lanes = sizeof(Vector) / sizeof(float);
  Vector sums[R][Count];
  MOSI_UNROLL
  for (int row = 0; row < R; row++) {
    MOSI_UNROLL
    for (int part = 0; part < Count; part++) {
      sums[row][part] =
          product.adds ? load<Vector>(results + row * product.result_stride + part * lanes) : Vector{};
    }
  }
  for (int index = 0; index < product.count; index++) {
    Vector values[Count];
    MOSI_UNROLL
    for (int part = 0; part < Count; part++) values[part] = load<Vector>(right + part * lanes);
    MOSI_UNROLL
    for (int row = 0; row < R; row++) {
      const Vector factor = splat<Vector>(left[row]);
      MOSI_UNROLL
      for (int part = 0; part < Count; part++) sums[row][part] += factor * values[part];
    }
    left += product.left_stride;
    right += product.right_stride;
  }
  MOSI_UNROLL
  for (int row = 0; row < R; row++) {
    MOSI_UNROLL
    for (int part = 0; part < Count; part++) {
      store<Vector>(results + row * product.result_stride + part * lanes, sums[row][part]);
    }
  }
}

template <typename Vector, int Count, int R>
static void accumulate_some_rows(const OuterProduct &product, const float *left, const float *right, float *results,
                                 int rows) {
  if constexpr (R > 1) {
    if (rows < R) return accumulate_some_rows<Vector, Count, R - 1>(product, left, right, results, rows);
  }
  accumulate_rows<Vector, Count, R>(product, left, right, results);
}

template <typename Vector, int Count>
static void accumulate_panel(const OuterProduct &product, int column) {
  each_group(product.first_row, product.last_row, held_rows(Count), [&](int row, int rows) {
    accumulate_some_rows<Vector, Count, held_rows(Count)>(product, product.left + row, product.right + column,
                                                   product.results + row * product.result_stride + column, rows);
  });
}

static void accumulate(const OuterProduct &product) {
  each_panel(0, product.columns, product.columns, [&]<typename Vector, int Count>(int column) {
    accumulate_panel<Vector, Count>(product, column);
  });
}

// --- Transposition -----------------------------------------------------------------------------------------

static void transpose(const float *from, ptrdiff_t stride, int rows, int columns, float *to, ptrdiff_t to_stride) {
  constexpr int side = 8;
  int row = 0;
  for (; row + side <= rows; row += side) {
    int column = 0;
    for (; column + side <= columns; column += side) {
      float block[side][side];
      MOSI_UNROLL
      for (int i = 0; i < side; i++) {
        MOSI_UNROLL
        for (int j = 0; j < side; j++) block[j][i] = from[(row + i) * stride + column + j];
      }
      MOSI_UNROLL
      for (int j = 0; j < side; j++) __builtin_memcpy(to + (column + j) * to_stride + row, block[j], sizeof block[j]);
    }
    for (; column < columns; column++) {
      for (int i = row; i < row + side; i++) to[column * to_stride + i] = from[i * stride + column];
    }
  }
  for (; row < rows; row++) {
    for (int column = 0; column < columns; column++) to[column * to_stride + row] = from[row * stride + column];
  }
}
