// Color jitter on a GPU against torchvision's definitions in float64.
#include "emulation.h"
#include "kernels.inc"

#include <algorithm>

namespace {

struct Color {
  double red, green, blue;
};

double gray(Color color) { return 0.2989 * color.red + 0.587 * color.green + 0.114 * color.blue; }

Color blend(Color color, double other, double factor) {
  auto mixed = [&](double value) { return std::clamp(factor * value + (1 - factor) * other, 0.0, 1.0); };
  return {mixed(color.red), mixed(color.green), mixed(color.blue)};
}

Color turn(Color color, double shift) {
  const double value = std::max({color.red, color.green, color.blue});
  const double chroma = value - std::min({color.red, color.green, color.blue});
  if (chroma == 0) return color;
  double hue = value == color.red     ? (color.green - color.blue) / chroma
               : value == color.green ? 2 + (color.blue - color.red) / chroma
                                      : 4 + (color.red - color.green) / chroma;
  hue = std::fmod(hue / 6 + shift + 2, 1) * 6;
  const double saturation = chroma / value, part = hue - std::floor(hue);
  const double p = value * (1 - saturation), q = value * (1 - saturation * part), t = value * (1 - saturation * (1 - part));
  switch ((int)hue % 6) {
    case 0: return {value, t, p};
    case 1: return {q, value, p};
    case 2: return {p, value, t};
    case 3: return {p, q, value};
    case 4: return {t, p, value};
    default: return {value, p, q};
  }
}

void check(bool has_bytes) {
  constexpr int frames = 6, pixels = 301, count = 4;
  const long long operations[frames][count] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 1, 2}, {2, 0, -1, -1}, {-1, -1, -1, -1},
                                               {3, 1, 0, 2}};
  const bool is_gray[frames] = {false, false, true, false, true, false};
  auto factors = random_numbers(frames * count, 1);
  const auto random = random_numbers(frames * 3 * pixels, 2);
  std::vector<unsigned char> bytes;
  std::vector<float> numbers, output(random.size());
  for (float value : random) {
    bytes.push_back((unsigned char)(127.5f * (value + 1)));
    numbers.push_back(bytes.back() / 255.f);
  }
  for (int place = 0; place < frames * count; place++) {
    if (operations[0][place] != 3) factors[place] = 1 + factors[place] / 2;
  }
  launch(frames, 1, 64, [&] {
    jitter_colors(has_bytes ? bytes.data() : nullptr, numbers.data(), is_gray, operations[0], factors.data(), output.data(),
                  count, pixels);
  });
  for (int frame = 0; frame < frames; frame++) {
    std::vector<Color> colors(pixels);
    const float *const from = numbers.data() + frame * 3 * pixels;
    for (int i = 0; i < pixels; i++) {
      colors[i] = {from[i], from[pixels + i], from[2 * pixels + i]};
      if (is_gray[frame]) colors[i] = {gray(colors[i]), gray(colors[i]), gray(colors[i])};
    }
    for (int place = 0; place < count; place++) {
      const double factor = factors[frame * count + place];
      double mean = 0;
      for (auto &color : colors) mean += gray(color) / pixels;
      for (auto &color : colors) {
        switch (operations[frame][place]) {
          case 0: color = blend(color, 0, factor); break;
          case 1: color = blend(color, mean, factor); break;
          case 2: color = blend(color, gray(color), factor); break;
          case 3: color = turn(color, factor); break;
        }
      }
    }
    const float *const to = output.data() + frame * 3 * pixels;
    for (int i = 0; i < pixels; i++) {
      expect("red", std::abs(colors[i].red - to[i]), 5e-6);
      expect("green", std::abs(colors[i].green - to[pixels + i]), 5e-6);
      expect("blue", std::abs(colors[i].blue - to[2 * pixels + i]), 5e-6);
    }
  }
}

}  // namespace

int main() {
  check(true);
  check(false);
  return failed;
}
