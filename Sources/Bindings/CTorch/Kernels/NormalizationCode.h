// Passes of batch normalization over rows of channels. Part of VectorCode.h.

// Calls `body.operator()<Vector>(first)` for vectors that cover 0..<count once each.
template <typename Body>
MOSI_INLINE void each_vector_once(int count, Body &&body) {
  int index = 0;
  for (; index + MOSI_LANES <= count; index += MOSI_LANES) body.template operator()<Wide>(index);
  if constexpr (MOSI_LANES != MOSI_NARROW_LANES) {
    for (; index + MOSI_NARROW_LANES <= count; index += MOSI_NARROW_LANES) body.template operator()<Narrow>(index);
  }
  for (; index < count; index++) body.template operator()<float>(index);
}

// Rows whose sums are made in float32 before they are added in float64, and how many of them at a time.
static constexpr int rows_in_float = 64, rows_at_once = 4;
static constexpr int channels_at_once = 1024;

// Adds the two terms that `terms(row, channel, first, second)` adds for each row to the sums of the channels.
template <typename Terms>
MOSI_INLINE void add_rows(int rows, int channels, double *const *sums, Terms &&terms) {
  for (int from = 0; from < channels; from += channels_at_once) {
    const int count = channels - from < channels_at_once ? channels - from : channels_at_once;
    for (int begin = 0; begin < rows; begin += rows_in_float) {
      const int end = begin + rows_in_float < rows ? begin + rows_in_float : rows;
      float totals[2][channels_at_once];
      for (int channel = 0; channel < count; channel++) totals[0][channel] = totals[1][channel] = 0;
      auto add = [&]<int Count>(int row) __attribute__((always_inline)) {
        each_vector_once(count, [&]<typename Vector>(int channel) __attribute__((always_inline)) {
          Vector first[Count] = {}, second[Count] = {};
          MOSI_UNROLL
          for (int next = 0; next < Count; next++) terms(row + next, from + channel, first[next], second[next]);
          Vector both[2] = {first[0], second[0]};
          MOSI_UNROLL
          for (int next = 1; next < Count; next++) {
            both[0] += first[next];
            both[1] += second[next];
          }
          store<Vector>(totals[0] + channel, load<Vector>(totals[0] + channel) + both[0]);
          store<Vector>(totals[1] + channel, load<Vector>(totals[1] + channel) + both[1]);
        });
      };
      int row = begin;
      for (; row + rows_at_once <= end; row += rows_at_once) add.template operator()<rows_at_once>(row);
      for (; row < end; row++) add.template operator()<1>(row);
      for (int channel = 0; channel < count; channel++) {
        sums[0][from + channel] += totals[0][channel];
        sums[1][from + channel] += totals[1][channel];
      }
    }
  }
}

// Sums of the differences from a shift, and of their squares.
static void add_moments(const float *input, int rows, int channels, const float *shift, double *sums, double *squares) {
  double *const both[2] = {sums, squares};
  add_rows(rows, channels, both,
           [&]<typename Vector>(int row, int channel, Vector &sum, Vector &square) __attribute__((always_inline)) {
             const Vector value = load<Vector>(input + static_cast<ptrdiff_t>(row) * channels + channel) -
                                  load<Vector>(shift + channel);
             sum += value;
             square += value * value;
           });
}

// Zero where the output of the activation is zero.
template <typename Vector>
MOSI_INLINE Vector where_positive(Vector decides, Vector value) {
  if constexpr (sizeof(Vector) == sizeof(float)) {
    return decides > 0 ? value : 0;
  } else {
    return decides > Vector{} ? value : Vector{};
  }
}

template <typename Vector>
MOSI_INLINE Vector zero_if_negative(Vector value) {
  if constexpr (sizeof(Vector) == sizeof(float)) {
    return value < 0 ? 0 : value;
  } else {
    return value < Vector{} ? Vector{} : value;
  }
}

template <bool HasResidual, bool HasReLU>
static void normalize_rows(const NormalizedRows &rows) {
  // In place, too: each number is read once.
  for (int row = 0; row < rows.count; row++) {
    const ptrdiff_t place = static_cast<ptrdiff_t>(row) * rows.channels;
    each_vector_once(rows.channels, [&]<typename Vector>(ptrdiff_t channel) __attribute__((always_inline)) {
      Vector value = load<Vector>(rows.input + place + channel) * load<Vector>(rows.scale + channel) +
                     load<Vector>(rows.shift + channel);
      if constexpr (HasResidual) value += load<Vector>(rows.residual + place + channel);
      // NaN passes, as through libtorch's ReLU.
      if constexpr (HasReLU) value = zero_if_negative<Vector>(value);
      store<Vector>(rows.output + place + channel, value);
    });
  }
}

static void normalize(const NormalizedRows &rows) {
  if (rows.residual != nullptr) {
    rows.has_relu ? normalize_rows<true, true>(rows) : normalize_rows<true, false>(rows);
  } else {
    rows.has_relu ? normalize_rows<false, true>(rows) : normalize_rows<false, false>(rows);
  }
}

// The gradient before the activation.
template <bool FromOutput, typename Vector>
MOSI_INLINE Vector gradient_of_row(const NormalizedRows &rows, ptrdiff_t place, ptrdiff_t channel, Vector input) {
  const Vector gradient = load<Vector>(rows.gradient + place + channel);
  if constexpr (FromOutput) {
    return where_positive<Vector>(load<Vector>(rows.output + place + channel), gradient);
  } else {
    return where_positive<Vector>(input * load<Vector>(rows.scale + channel) + load<Vector>(rows.shift + channel),
                                  gradient);
  }
}

// Sums of the gradient before the activation, and of its products with the centered input.
static void add_gradients(const NormalizedRows &rows, double *sums, double *products) {
  double *const both[2] = {sums, products};
  auto terms = [&]<bool HasReLU, bool FromOutput>() __attribute__((always_inline)) {
    add_rows(rows.count, rows.channels, both,
             [&]<typename Vector>(int row, int channel, Vector &sum, Vector &product) __attribute__((always_inline)) {
               const ptrdiff_t place = static_cast<ptrdiff_t>(row) * rows.channels;
               const Vector input = load<Vector>(rows.input + place + channel);
               Vector gradient;
               if constexpr (HasReLU) {
                 gradient = gradient_of_row<FromOutput, Vector>(rows, place, channel, input);
               } else {
                 gradient = load<Vector>(rows.gradient + place + channel);
               }
               if constexpr (FromOutput) store<Vector>(rows.residual_gradient + place + channel, gradient);
               sum += gradient;
               product += gradient * (input - load<Vector>(rows.mean + channel));
             });
  };
  if (!rows.has_relu) {
    terms.template operator()<false, false>();
  } else if (rows.residual_gradient != nullptr) {
    terms.template operator()<true, true>();
  } else {
    terms.template operator()<true, false>();
  }
}

template <bool HasReLU>
static void input_gradient_rows(const NormalizedRows &rows) {
  for (int row = 0; row < rows.count; row++) {
    const ptrdiff_t place = static_cast<ptrdiff_t>(row) * rows.channels;
    each_vector(rows.channels, [&]<typename Vector>(ptrdiff_t channel) __attribute__((always_inline)) {
      const Vector input = load<Vector>(rows.input + place + channel);
      Vector gradient;
      if constexpr (HasReLU) {
        gradient = gradient_of_row<false, Vector>(rows, place, channel, input);
      } else {
        gradient = load<Vector>(rows.gradient + place + channel);
      }
      const Vector centered = input - load<Vector>(rows.mean + channel);
      store<Vector>(rows.input_gradient + place + channel,
                    gradient * load<Vector>(rows.scale + channel) +
                        (centered * load<Vector>(rows.slope + channel) + load<Vector>(rows.offset + channel)));
    });
  }
}

static void input_gradient(const NormalizedRows &rows) {
  rows.has_relu ? input_gradient_rows<true>(rows) : input_gradient_rows<false>(rows);
}
