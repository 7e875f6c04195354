// Max pooling of one pixel. Part of VectorCode.h.

typedef unsigned char WideBytes __attribute__((vector_size(MOSI_LANES)));
typedef unsigned char NarrowBytes __attribute__((vector_size(MOSI_NARROW_LANES)));

// An integer for each lane.
template <typename Vector>
using Lanes = std::conditional_t<sizeof(Vector) == sizeof(float), int, decltype(Vector{} > Vector{})>;

template <typename Vector>
MOSI_INLINE void store_positions(uint8_t *to, Lanes<Vector> values) {
  if constexpr (sizeof(Vector) == sizeof(float)) {
    *to = static_cast<uint8_t>(values);
  } else {
    using Bytes = std::conditional_t<sizeof(Vector) == sizeof(Wide), WideBytes, NarrowBytes>;
    const auto bytes = __builtin_convertvector(values, Bytes);
    __builtin_memcpy(to, &bytes, sizeof bytes);
  }
}

template <typename Vector>
MOSI_INLINE Lanes<Vector> load_positions(const uint8_t *from) {
  if constexpr (sizeof(Vector) == sizeof(float)) {
    return *from;
  } else {
    using Bytes = std::conditional_t<sizeof(Vector) == sizeof(Wide), WideBytes, NarrowBytes>;
    Bytes bytes;
    __builtin_memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, Lanes<Vector>);
  }
}

// The first of the greatest numbers in a window, as in libtorch; NaN is greater than all.
static void max_pixel(const float *const *places, const uint8_t *positions, int count, int channels, float *output,
                      uint8_t *chosen) {
  each_vector(channels, [&]<typename Vector>(ptrdiff_t channel) __attribute__((always_inline)) {
    Vector greatest = load<Vector>(places[0] + channel);
    Lanes<Vector> position = Lanes<Vector>{} + positions[0];
    for (int index = 1; index < count; index++) {
      const Vector value = load<Vector>(places[index] + channel);
      const auto takes = (value > greatest) | (value != value);
      greatest = takes ? value : greatest;
      position = takes ? Lanes<Vector>{} + positions[index] : position;
    }
    store<Vector>(output + channel, greatest);
    store_positions<Vector>(chosen + channel, position);
  });
}

static void max_pixel_gradient(const float *const *gradients, const uint8_t *const *chosen, const uint8_t *positions,
                               int count, int channels, float *result) {
  each_vector(channels, [&]<typename Vector>(ptrdiff_t channel) __attribute__((always_inline)) {
    Vector sum = {};
    for (int index = 0; index < count; index++) {
      const auto takes = load_positions<Vector>(chosen[index] + channel) == Lanes<Vector>{} + positions[index];
      sum += takes ? load<Vector>(gradients[index] + channel) : Vector{};
    }
    store<Vector>(result + channel, sum);
  });
}
