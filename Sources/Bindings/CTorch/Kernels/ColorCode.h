// torchvision's color operators on the pixels of a frame. Part of VectorCode.h.

typedef unsigned char Byte;

template <typename Vector>
MOSI_INLINE Vector load_bytes(const Byte *from) {
  if constexpr (sizeof(Vector) == sizeof(float)) {
    return *from;
  } else {
    typedef Byte Bytes __attribute__((vector_size(sizeof(Vector) / sizeof(float))));
    Bytes bytes;
    __builtin_memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, Vector);
  }
}

template <typename Vector>
MOSI_INLINE Vector larger(Vector a, Vector b) {
  return a > b ? a : b;
}

template <typename Vector>
MOSI_INLINE Vector smaller(Vector a, Vector b) {
  return a < b ? a : b;
}

template <typename Vector>
MOSI_INLINE Vector clamped(Vector value) {
  return smaller<Vector>(larger<Vector>(value, Vector{}), splat<Vector>(1));
}

// Pixels with red, green and blue in 0...1.
template <typename Vector>
struct Pixels {
  Vector red, green, blue;
};

// The luma of ITU-R BT.601, rounded as in torchvision.
template <typename Vector>
MOSI_INLINE Vector gray_of(const Pixels<Vector> &pixels) {
  return pixels.red * 0.2989f + pixels.green * 0.587f + pixels.blue * 0.114f;
}

template <typename Vector>
MOSI_INLINE void blend(Pixels<Vector> &pixels, Vector gray, float factor) {
  const Vector rest = gray * (1 - factor);
  pixels.red = clamped<Vector>(pixels.red * factor + rest);
  pixels.green = clamped<Vector>(pixels.green * factor + rest);
  pixels.blue = clamped<Vector>(pixels.blue * factor + rest);
}

template <typename Vector>
MOSI_INLINE Vector distance(Vector hue, float place) {
  return larger<Vector>(hue - place, place - hue);
}

// Shifts the hue by sixths of the color circle, 0 ..< 6.
template <typename Vector>
MOSI_INLINE void turn_hue(Pixels<Vector> &pixels, float sixths) {
  const auto [red, green, blue] = pixels;
  const Vector value = larger<Vector>(larger<Vector>(red, green), blue);
  const Vector smallest = smaller<Vector>(smaller<Vector>(red, green), blue);
  const Vector chroma = value - smallest;
  // Gray pixels have no hue. Any nonzero divisor gives them one, which has no effect at chroma 0.
  const Vector divisor = chroma == Vector{} ? splat<Vector>(1) : chroma;
  const auto red_leads = red == value, green_leads = green == value;
  const Vector difference = red_leads ? green - blue : green_leads ? blue - red : red - green;
  const Vector sector = red_leads ? Vector{} : green_leads ? splat<Vector>(2) : splat<Vector>(4);
  // In -1 ..< 11; then the hue in 0 ..< 6: red, yellow, green, cyan, blue, magenta.
  Vector hue = difference / divisor + sector + sixths;
  hue = hue < Vector{} ? hue + 6 : hue;
  hue = hue < splat<Vector>(6) ? hue : hue - 6;
  // Each channel exceeds the smallest one by the chroma times a trapezoid of the hue.
  pixels.red = smallest + chroma * clamped<Vector>(distance<Vector>(hue, 3) - 1);
  pixels.green = smallest + chroma * clamped<Vector>(2 - distance<Vector>(hue, 2));
  pixels.blue = smallest + chroma * clamped<Vector>(2 - distance<Vector>(hue, 4));
}

template <typename Vector>
MOSI_INLINE void change_colors(Pixels<Vector> &pixels, ColorOperation operation, float factor, float mean) {
  switch (operation) {
    case ColorOperation::brightness: return blend<Vector>(pixels, Vector{}, factor);
    case ColorOperation::contrast: return blend<Vector>(pixels, splat<Vector>(mean), factor);
    case ColorOperation::saturation: return blend<Vector>(pixels, gray_of<Vector>(pixels), factor);
    case ColorOperation::hue: return turn_hue<Vector>(pixels, factor);
  }
}

// Planes of red, green and blue, as bytes or as numbers.
struct BytePlanes {
  const Byte *first;
  ptrdiff_t plane;
  template <typename Vector>
  Pixels<Vector> at(ptrdiff_t place) const __attribute__((always_inline)) {
    const Byte *const from = first + place;
    return {load_bytes<Vector>(from) * (1.f / 255), load_bytes<Vector>(from + plane) * (1.f / 255),
            load_bytes<Vector>(from + 2 * plane) * (1.f / 255)};
  }
};

struct NumberPlanes {
  const float *first;
  ptrdiff_t plane;
  template <typename Vector>
  Pixels<Vector> at(ptrdiff_t place) const __attribute__((always_inline)) {
    const float *const from = first + place;
    return {load<Vector>(from), load<Vector>(from + plane), load<Vector>(from + 2 * plane)};
  }
};

// One pass over a frame: the operations first ..< last. Returns the sum of the gray levels after it.
template <typename Planes>
static double color_pass(const JitteredFrame &frame, Planes planes, bool is_gray, int first, int last, float mean) {
  // Sums of float32 over so many pixels, and of float64 from there.
  constexpr ptrdiff_t run = 1024;
  double sum = 0;
  for (ptrdiff_t begin = 0; begin < frame.pixels; begin += run) {
    const ptrdiff_t left = frame.pixels - begin;
    Wide wide = {};
    Narrow narrow = {};
    float single = 0;
    each_vector_once(static_cast<int>(left < run ? left : run), [&]<typename Vector>(int offset)
                                                                    __attribute__((always_inline)) {
      const ptrdiff_t place = begin + offset;
      Pixels<Vector> pixels = planes.template at<Vector>(place);
      if (is_gray) pixels.red = pixels.green = pixels.blue = gray_of<Vector>(pixels);
      for (int index = first; index < last; index++) {
        change_colors<Vector>(pixels, frame.operations[index], frame.factors[index], mean);
      }
      store<Vector>(frame.output + place, pixels.red);
      store<Vector>(frame.output + frame.pixels + place, pixels.green);
      store<Vector>(frame.output + 2 * frame.pixels + place, pixels.blue);
      const Vector gray = gray_of<Vector>(pixels);
      if constexpr (sizeof(Vector) == sizeof(Wide)) {
        wide += gray;
      } else if constexpr (sizeof(Vector) == sizeof(Narrow)) {
        narrow += gray;
      } else {
        single += gray;
      }
    });
    for (int lane = 0; lane < MOSI_LANES; lane++) single += wide[lane];
    for (int lane = 0; lane < MOSI_NARROW_LANES; lane++) single += narrow[lane];
    sum += single;
  }
  return sum;
}

static void jitter_colors(const JitteredFrame &frame) {
  // The first operation from `from` on that needs the mean of the pixels before it.
  auto next_contrast = [&](int from) {
    while (from < frame.count && frame.operations[from] != ColorOperation::contrast) from++;
    return from;
  };
  int done = next_contrast(0);
  double sum = frame.bytes != nullptr
                   ? color_pass(frame, BytePlanes{frame.bytes, frame.pixels}, frame.is_gray, 0, done, 0)
                   : color_pass(frame, NumberPlanes{frame.numbers, frame.pixels}, frame.is_gray, 0, done, 0);
  while (done < frame.count) {
    const float mean = static_cast<float>(sum / static_cast<double>(frame.pixels));
    const int first = done;
    done = next_contrast(first + 1);
    sum = color_pass(frame, NumberPlanes{frame.output, frame.pixels}, false, first, done, mean);
  }
}

// output[pixel, channel] = input[channel, pixel] * scale[channel] + shift[channel], rounded twice as by two operators.
static void normalize_colors(const float *__restrict input, ptrdiff_t pixels, const float *scale, const float *shift,
                             float *__restrict output) {
#pragma clang fp contract(off)
  const float red_scale = scale[0], green_scale = scale[1], blue_scale = scale[2];
  const float red_shift = shift[0], green_shift = shift[1], blue_shift = shift[2];
  const float *const green = input + pixels, *const blue = input + 2 * pixels;
  for (ptrdiff_t pixel = 0; pixel < pixels; pixel++) {
    output[3 * pixel] = input[pixel] * red_scale + red_shift;
    output[3 * pixel + 1] = green[pixel] * green_scale + green_shift;
    output[3 * pixel + 2] = blue[pixel] * blue_scale + blue_shift;
  }
}
