// Max pooling on a GPU against its definition; numbers are equal often, to see that the first one is chosen.
#include "emulation.h"
#include "kernels.inc"

static void check(Shapes shapes) {
  constexpr int clips = 2, channels = 2 * V;
  auto volume = [](const int *extents) { return (long long)clips * extents[0] * extents[1] * extents[2]; };
  const long long inputs = volume(shapes.input), outputs = volume(shapes.output);
  auto few = [](long long count, unsigned seed) {
    std::vector<Element> result;
    for (float value : random_numbers(count, seed)) result.push_back(element(std::round(4 * value)));
    return result;
  };
  const auto x = few(inputs * channels, 1), gradient = few(outputs * channels, 2);
  std::vector<Element> y(outputs * channels), dx(inputs * channels);
  std::vector<unsigned char> choices(outputs * channels);
  launch(3, 1, 32, [&] { pool(x.data(), y.data(), choices.data(), shapes, outputs, channels); });
  launch(3, 1, 32, [&] { input_gradients(gradient.data(), choices.data(), dx.data(), shapes, inputs, channels); });

  std::vector<float> expected(inputs * channels, 0);
  for (long long index = 0; index < outputs; index++) {
    const Point to = point(index, shapes.output);
    for (int channel = 0; channel < channels; channel++) {
      float largest = -INFINITY;
      long long from = -1;
      for (int t = 0; t < shapes.input[0]; t++) {
        for (int row = 0; row < shapes.input[1]; row++) {
          for (int column = 0; column < shapes.input[2]; column++) {
            const int at[] = {t, row, column};
            bool isInside = true;
            for (int axis = 0; axis < 3; axis++) {
              const int first = to.at[axis] * shapes.stride[axis] - shapes.padding[axis];
              isInside = isInside && at[axis] >= first && at[axis] < first + shapes.kernel[axis];
            }
            const long long place = offset(to.clip, t, row, column, shapes.input, channels) + channel;
            if (isInside && number(x[place]) > largest) {
              largest = number(x[place]);
              from = place;
            }
          }
        }
      }
      expect("an output", std::abs(largest - number(y[index * channels + channel])), 0);
      expected[from] += number(gradient[index * channels + channel]);
    }
  }
  for (size_t i = 0; i < expected.size(); i++) expect("a gradient", std::abs(expected[i] - number(dx[i])), 0);
}

int main() {
  check({{3, 9, 8}, {3, 5, 4}, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}});
  check({{5, 7, 6}, {3, 4, 3}, {3, 3, 3}, {2, 2, 2}, {1, 1, 1}});
  check({{4, 6, 5}, {2, 3, 2}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}});
  return failed;
}
