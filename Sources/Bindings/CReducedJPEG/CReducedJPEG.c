#include "CReducedJPEG.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Needs the types of the headers above.
#include <jpeglib.h>

// --- Filters ---------------------------------------------------------------------------------------

/// Results of an axis: result i is the sum of inputs first[i] ..< first[i] + taps, times weights[i * taps...].
typedef struct axis {
  int inputs, outputs, taps;
  int *first;
  float *weights;
} axis;

/// The part left of `x` of a triangle of area 1 over -1...1.
static double triangle_until(double x) {
  if (x <= -1) return 0;
  if (x >= 1) return 1;
  return x < 0 ? (x + 1) * (x + 1) / 2 : 1 - (1 - x) * (1 - x) / 2;
}

static axis make_axis(int full, int divisor, int outputs) {
  axis made = {.inputs = (full + divisor - 1) / divisor, .outputs = outputs};
  const double scale = (double)full / outputs;
  const int taps = (int)(2 * scale / divisor) + 2;
  made.taps = taps < made.inputs ? taps : made.inputs;
  made.first = malloc(sizeof(int) * (size_t)outputs);
  made.weights = malloc(sizeof(float) * (size_t)outputs * (size_t)made.taps);
  if (!made.first || !made.weights) return made;
  for (int output = 0; output < outputs; output++) {
    const double center = (output + 0.5) * scale;
    int first = (int)floor((center - scale) / divisor);
    if (first > made.inputs - made.taps) first = made.inputs - made.taps;
    if (first < 0) first = 0;
    made.first[output] = first;
    // The triangle may begin before the picture or end after it.
    const double before = triangle_until(-center / scale), whole = triangle_until((full - center) / scale) - before;
    double sum = before;
    for (int tap = 0; tap < made.taps; tap++) {
      // The last input of an axis may be the mean of a square that is only partly in the picture.
      const double end = fmin((first + tap + 1.0) * divisor, full);
      const double part = fmax(triangle_until((end - center) / scale), sum);
      made.weights[output * made.taps + tap] = (float)((part - sum) / whole);
      sum = part;
    }
  }
  return made;
}

static void free_axis(axis *axis) {
  free(axis->first);
  free(axis->weights);
}

/// The largest number of results that need the same input.
static int most_open(const axis *axis) {
  int most = 0;
  for (int first = 0, last = 0; first < axis->outputs; first++) {
    while (last < axis->outputs && axis->first[last] < axis->first[first] + axis->taps) last++;
    if (last - first > most) most = last - first;
  }
  return most;
}

static inline __attribute__((always_inline)) void add_each(float *sums, const uint8_t *row, float weight, int count) {
  for (int index = 0; index < count; index++) sums[index] += weight * row[index];
}

#if defined(__x86_64__)
// Without fused multiplications, so that results are the same on every processor.
__attribute__((target("avx2"))) static void add_row_by_avx2(float *sums, const uint8_t *row, float weight, int count) {
  add_each(sums, row, weight, count);
}
#endif

static void add_row(float *sums, const uint8_t *row, float weight, int count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return add_row_by_avx2(sums, row, weight, count);
#endif
  add_each(sums, row, weight, count);
}

static void finish_row(const float *sums, const axis *columns, uint8_t *pixels) {
  for (int output = 0; output < columns->outputs; output++) {
    const float *from = sums + 3 * columns->first[output], *weights = columns->weights + output * columns->taps;
    float red = 0.5f, green = 0.5f, blue = 0.5f;
    for (int tap = 0; tap < columns->taps; tap++, from += 3) {
      red += weights[tap] * from[0];
      green += weights[tap] * from[1];
      blue += weights[tap] * from[2];
    }
    pixels[3 * output] = (uint8_t)fminf(red, 255);
    pixels[3 * output + 1] = (uint8_t)fminf(green, 255);
    pixels[3 * output + 2] = (uint8_t)fminf(blue, 255);
  }
}

// --- Decoding --------------------------------------------------------------------------------------

typedef struct errors {
  struct jpeg_error_mgr base;
  jmp_buf escape;
} errors;

// libjpeg's handlers of errors must not return.
static void fail(j_common_ptr info) { longjmp(((errors *)info->err)->escape, 1); }

static void say_nothing(j_common_ptr info) { (void)info; }

/// Decodes and scales with memory that the caller frees: a reduced row, and sums for the open rows of results.
static int decode(const uint8_t *bytes, size_t count, int divisor, const axis *columns, const axis *rows, uint8_t *row,
                  float *sums, int open, uint8_t *pixels) {
  struct jpeg_decompress_struct info;
  errors errors;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = fail;
  errors.base.output_message = say_nothing;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&info);
    return 0;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, (unsigned char *)bytes, (unsigned long)count);
  jpeg_read_header(&info, TRUE);
  info.scale_num = (unsigned)(8 / divisor);
  info.scale_denom = 8;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  if (info.output_width != (unsigned)columns->inputs || info.output_height != (unsigned)rows->inputs ||
      info.output_components != 3) {
    jpeg_destroy_decompress(&info);
    return 0;
  }
  const int width = 3 * columns->inputs;
  // The results first ..< last are open.
  for (int input = 0, first = 0, last = 0; input < rows->inputs; input++) {
    JSAMPROW target = row;
    jpeg_read_scanlines(&info, &target, 1);
    for (; last < rows->outputs && rows->first[last] <= input; last++) {
      memset(sums + (size_t)(last % open) * (size_t)width, 0, sizeof(float) * (size_t)width);
    }
    for (int output = first; output < last; output++) {
      const int tap = input - rows->first[output];
      float *own = sums + (size_t)(output % open) * (size_t)width;
      add_row(own, row, rows->weights[output * rows->taps + tap], width);
      if (tap + 1 < rows->taps) continue;
      finish_row(own, columns, pixels + (size_t)output * 3 * (size_t)columns->outputs);
      first = output + 1;
    }
  }
  jpeg_finish_decompress(&info);
  const int is_sound = errors.base.num_warnings == 0;
  jpeg_destroy_decompress(&info);
  return is_sound;
}

int crj_decode(const uint8_t *bytes, size_t count, int divisor, int full_width, int full_height, uint8_t *pixels, int width,
               int height) {
  axis columns = make_axis(full_width, divisor, width), rows = make_axis(full_height, divisor, height);
  int is_sound = columns.first && columns.weights && rows.first && rows.weights;
  if (is_sound) {
    const int open = most_open(&rows);
    const size_t row_size = 3 * (size_t)columns.inputs;
    uint8_t *row = malloc(row_size);
    float *sums = malloc(sizeof(float) * row_size * (size_t)open);
    is_sound = row && sums && decode(bytes, count, divisor, &columns, &rows, row, sums, open, pixels);
    free(row);
    free(sums);
  }
  free_axis(&columns);
  free_axis(&rows);
  return is_sound;
}
