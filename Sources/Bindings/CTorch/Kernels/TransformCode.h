// The transforms of Winograd's algorithm. Part of VectorCode.h.
//
// F(4, 3) of Lavin and Gray (2016), section 4.3: points 0, 1, -1, 2, -2 and infinity.

// B^T: six values to six.
struct ToPoints {
  static constexpr int in = 6, out = 6;
  template <typename Vector>
  MOSI_INLINE void apply(const Vector *from, int stride, Vector *to, int to_stride) {
    const Vector d0 = from[0], d1 = from[stride], d2 = from[2 * stride], d3 = from[3 * stride], d4 = from[4 * stride],
                 d5 = from[5 * stride];
    const Vector even = d4 - 4 * d2, odd = d3 - 4 * d1, far_even = d4 - d2, far_odd = 2 * (d3 - d1);
    to[0] = 4 * d0 - 5 * d2 + d4;
    to[to_stride] = even + odd;
    to[2 * to_stride] = even - odd;
    to[3 * to_stride] = far_even + far_odd;
    to[4 * to_stride] = far_even - far_odd;
    to[5 * to_stride] = 4 * d1 - 5 * d3 + d5;
  }
};

// A^T: six values to four.
struct FromPoints {
  static constexpr int in = 6, out = 4;
  template <typename Vector>
  MOSI_INLINE void apply(const Vector *from, int stride, Vector *to, int to_stride) {
    const Vector near_sum = from[stride] + from[2 * stride], near_difference = from[stride] - from[2 * stride];
    const Vector far_sum = from[3 * stride] + from[4 * stride], far_difference = from[3 * stride] - from[4 * stride];
    to[0] = from[0] + near_sum + far_sum;
    to[to_stride] = near_difference + 2 * far_difference;
    to[2 * to_stride] = near_sum + 4 * far_sum;
    to[3 * to_stride] = near_difference + 8 * far_difference + from[5 * stride];
  }
};

// A: four values to six.
struct Spread {
  static constexpr int in = 4, out = 6;
  template <typename Vector>
  MOSI_INLINE void apply(const Vector *from, int stride, Vector *to, int to_stride) {
    const Vector d0 = from[0], d1 = from[stride], d2 = from[2 * stride], d3 = from[3 * stride];
    const Vector even = d0 + d2, odd = d1 + d3, far_even = d0 + 4 * d2, far_odd = 2 * d1 + 8 * d3;
    to[0] = d0;
    to[to_stride] = even + odd;
    to[2 * to_stride] = even - odd;
    to[3 * to_stride] = far_even + far_odd;
    to[4 * to_stride] = far_even - far_odd;
    to[5 * to_stride] = d3;
  }
};

// G: three values to six.
struct FilterToPoints {
  static constexpr int in = 3, out = 6;
  template <typename Vector>
  MOSI_INLINE void apply(const Vector *from, int stride, Vector *to, int to_stride) {
    const Vector g0 = from[0], g1 = from[stride], g2 = from[2 * stride];
    const Vector near = (g0 + g2) * (-1.f / 6), near_odd = g1 * (-1.f / 6);
    const Vector far = g0 * (1.f / 24) + g2 * (1.f / 6), far_odd = g1 * (1.f / 12);
    to[0] = g0 * 0.25f;
    to[to_stride] = near + near_odd;
    to[2 * to_stride] = near - near_odd;
    to[3 * to_stride] = far + far_odd;
    to[4 * to_stride] = far - far_odd;
    to[5 * to_stride] = g2;
  }
};

// G^T: six values to three.
struct FilterFromPoints {
  static constexpr int in = 6, out = 3;
  template <typename Vector>
  MOSI_INLINE void apply(const Vector *from, int stride, Vector *to, int to_stride) {
    const Vector near_sum = (from[stride] + from[2 * stride]) * (-1.f / 6);
    const Vector near_difference = (from[stride] - from[2 * stride]) * (-1.f / 6);
    const Vector far_sum = from[3 * stride] + from[4 * stride], far_difference = from[3 * stride] - from[4 * stride];
    to[0] = from[0] * 0.25f + near_sum + far_sum * (1.f / 24);
    to[to_stride] = near_difference + far_difference * (1.f / 12);
    to[2 * to_stride] = near_sum + far_sum * (1.f / 6) + from[5 * stride];
  }
};

// Calls `body.operator()<Vector>(first)` for vectors that cover 0..<count. The last one overlaps its neighbor, so what
// the body writes must not depend on what it wrote.
template <typename Body>
MOSI_INLINE void each_vector(ptrdiff_t count, Body &&body) {
  ptrdiff_t index = 0;
  for (; index + MOSI_LANES <= count; index += MOSI_LANES) body.template operator()<Wide>(index);
  if constexpr (MOSI_LANES != MOSI_NARROW_LANES) {
    for (; index + MOSI_NARROW_LANES <= count; index += MOSI_NARROW_LANES) body.template operator()<Narrow>(index);
  }
  if (index == count) return;
  if (count >= MOSI_NARROW_LANES) return body.template operator()<Narrow>(count - MOSI_NARROW_LANES);
  for (; index < count; index++) body.template operator()<float>(index);
}

// A tile in one or two dimensions (Rank): `channels` numbers at each of the places in `from`, to those in `to`.
template <typename Kind, int Rank, typename From, typename To>
MOSI_INLINE void transform(ptrdiff_t channels, From &&from, To &&to) {
  each_vector(channels, [&]<typename Vector>(ptrdiff_t channel) __attribute__((always_inline)) {
    if constexpr (Rank == 1) {
      Vector in[Kind::in], out[Kind::out];
      MOSI_UNROLL
      for (int i = 0; i < Kind::in; i++) in[i] = load<Vector>(from(i) + channel);
      Kind::apply(in, 1, out, 1);
      MOSI_UNROLL
      for (int i = 0; i < Kind::out; i++) store<Vector>(to(i) + channel, out[i]);
    } else {
      Vector middle[Kind::out * Kind::in];
      MOSI_UNROLL
      for (int column = 0; column < Kind::in; column++) {
        Vector in[Kind::in];
        MOSI_UNROLL
        for (int row = 0; row < Kind::in; row++) in[row] = load<Vector>(from(row * Kind::in + column) + channel);
        Kind::apply(in, 1, middle + column, Kind::in);
      }
      MOSI_UNROLL
      for (int row = 0; row < Kind::out; row++) {
        Vector out[Kind::out];
        Kind::apply(middle + row * Kind::in, 1, out, 1);
        MOSI_UNROLL
        for (int column = 0; column < Kind::out; column++) {
          store<Vector>(to(row * Kind::out + column) + channel, out[column]);
        }
      }
    }
  });
}

template <typename Kind, int Rank>
static void spread_places(const float *const *from, ptrdiff_t channels, float *to, ptrdiff_t stride) {
  transform<Kind, Rank>(
      channels, [&](int index) { return from[index]; }, [&](int index) { return to + index * stride; });
}

template <typename Kind, int Rank>
static void collect_places(const float *from, ptrdiff_t stride, ptrdiff_t channels, float *const *to) {
  transform<Kind, Rank>(
      channels, [&](int index) { return from + index * stride; }, [&](int index) { return to[index]; });
}

template <typename Kind, int Rank>
static void transform_strided(const float *from, ptrdiff_t stride, ptrdiff_t channels, float *to, ptrdiff_t to_stride) {
  transform<Kind, Rank>(
      channels, [&](int index) { return from + index * stride; }, [&](int index) { return to + index * to_stride; });
}
