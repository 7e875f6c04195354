// Batch normalization on a GPU against its definition in float64; V and TYPE (0: float32, 1: bfloat16) are set by the script.
#include "emulation.h"
#include "kernels.inc"

static std::vector<Element> stored(const std::vector<float> &numbers) {
  std::vector<Element> result(numbers.size());
  for (size_t i = 0; i < numbers.size(); i++) result[i] = element(numbers[i]);
  return result;
}

static void check(bool relu, bool has_residual) {
  constexpr int channels = 6 * V, lanes = channels / V, wide = lanes, tall = 64 / wide, columns = 5;
  constexpr long long rows = 203;
  auto numbers = random_numbers(rows * channels, 1);
  // Large means and different deviations.
  for (int i = 0; i < rows * channels; i++) numbers[i] = numbers[i] * (1 + i % channels) + 20 * (i % channels);
  const auto x = stored(numbers), residual = stored(random_numbers(rows * channels, 2));
  const auto arriving = stored(random_numbers(rows * channels, 3));
  const auto weight = random_numbers(channels, 4), bias = random_numbers(channels, 5);
  std::vector<float> mean(channels), inverse(channels), running_mean(channels, 2), running_variance(channels, 3);
  std::vector<float> sums(2 * channels * columns), weight_gradient(channels), bias_gradient(channels);
  std::vector<Element> y(rows * channels), dx(rows * channels), dr(rows * channels);
  const Element *const added = has_residual ? residual.data() : nullptr;
  const Element *const shown = has_residual && relu ? y.data() : nullptr;
  Element *const to_residual = shown != nullptr ? dr.data() : nullptr;
  const double momentum = 0.1, epsilon = 1e-3;
  launch(columns, 1, wide * tall, [&] { input_sums(x.data(), sums.data(), rows, channels, wide); });
  launch(channels, 1, 128, [&] {
    statistics(x.data(), sums.data(), mean.data(), inverse.data(), running_mean.data(), running_variance.data(), rows,
               channels, columns, momentum, epsilon);
  });
  launch(columns, 1, wide * tall, [&] {
    normalize(x.data(), added, mean.data(), inverse.data(), weight.data(), bias.data(), y.data(), rows, channels, wide, relu);
  });
  launch(columns, 1, wide * tall, [&] {
    gradient_sums(arriving.data(), x.data(), shown, mean.data(), inverse.data(), weight.data(), bias.data(), sums.data(),
                  rows, channels, wide, relu);
  });
  launch(channels, 1, 128, [&] {
    parameter_gradients(sums.data(), weight_gradient.data(), bias_gradient.data(), channels, columns);
  });
  launch(columns, 1, wide * tall, [&] {
    input_gradients(arriving.data(), x.data(), shown, mean.data(), inverse.data(), weight.data(), bias.data(),
                    weight_gradient.data(), bias_gradient.data(), dx.data(), to_residual, rows, channels, wide, relu);
  });

  // Means of many deviations cost digits.
  const double digits = TYPE == 0 ? 1e-5 : 8e-3;
  for (int channel = 0; channel < channels; channel++) {
    auto at = [&](const std::vector<Element> &tensor, int row) { return (double)number(tensor[row * channels + channel]); };
    double center = 0, variance = 0, sum = 0, products = 0;
    for (int row = 0; row < rows; row++) center += at(x, row) / rows;
    for (int row = 0; row < rows; row++) variance += std::pow(at(x, row) - center, 2) / rows;
    const double scale = 1 / std::sqrt(variance + epsilon);
    std::vector<double> normalized(rows), gradient(rows);
    for (int row = 0; row < rows; row++) {
      normalized[row] = (at(x, row) - center) * scale;
      const double output = normalized[row] * weight[channel] + bias[channel] + (has_residual ? at(residual, row) : 0);
      expect("an output", std::abs((relu ? fmax(output, 0) : output) - at(y, row)), digits * (1 + std::abs(output)));
      gradient[row] = relu && at(y, row) <= 0 ? 0 : at(arriving, row);
      sum += gradient[row];
      products += gradient[row] * normalized[row];
      if (to_residual != nullptr) expect("a residual's gradient", std::abs(gradient[row] - at(dr, row)), 0);
    }
    expect("a running mean", std::abs(running_mean[channel] - (1.8 + 0.1 * center)), 2e-6 * center + 1e-6);
    const double unbiased = variance * rows / (rows - 1);
    expect("a running variance", std::abs(running_variance[channel] - (2.7 + 0.1 * unbiased)), 1e-5 * unbiased + 1e-6);
    expect("a bias's gradient", std::abs(bias_gradient[channel] - sum), 1e-4);
    expect("a weight's gradient", std::abs(weight_gradient[channel] - products), 1e-4);
    for (int row = 0; row < rows; row++) {
      const double expected =
          weight[channel] * scale * (gradient[row] - (sum + normalized[row] * products) / rows);
      expect("an input's gradient", std::abs(expected - at(dx, row)), digits * (1 + std::abs(expected)));
    }
  }
}

int main() {
  for (bool relu : {false, true}) {
    for (bool has_residual : {false, true}) check(relu, has_residual);
  }
  return failed;
}
