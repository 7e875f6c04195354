import TestSupport
import Testing
import Torch

@Suite struct LocalResponseNormTests {
  /// Six channels of two places, with constants large enough to matter. The outputs are those of the definition, computed by a
  /// short Python program: `m = sum(x[j][p] ** 2 for j in range(max(0, c - 2), min(6, c + 3))) / 5` and
  /// `x[c][p] / (1 + 0.5 * m) ** 0.75`. torch.nn.LocalResponseNorm(5, 0.5, 0.75) gives the same to 16 digits; the gradients are
  /// PyTorch's, of the outputs times 1...12.
  @Test func outputsAndGradientsAreThoseOfTheDefinition() throws {
    let input = Tensor(
      [Float(0.5), -1, 2, 0, -3, 1.5, 1, -2, 0.25, 4, -1.5, 0.75], shape: [1, 6, 1, 1, 2]
    ).contiguous(.video)
    input.requiresGradient = true
    let output = LocalResponseNorm(size: 5, alpha: 0.5, beta: 0.75)(input)
    let expected = [
      0.265554, -0.809726, 1.0291915, 0.0, -1.5408098, 0.6091826, 0.4840368, -0.8203525, 0.1369395,
      1.640705, -1.2103098, 0.3244663,
    ]
    #expect(zip(output.detached().doubles, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    (output * Tensor((1...12).map(Float.init), shape: [1, 6, 1, 1, 2])).sum().backward()
    let slopes = [
      0.664707, 1.601009, 1.691873, 2.657469, 2.594451, 1.789362, 4.896681, 4.89343, 5.354675,
      0.877722, 7.039465, 4.710622,
    ]
    let found = try #require(input.gradient).doubles
    #expect(zip(found, slopes).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  /// Fewer channels than a neighborhood has, and a neighborhood of one: 3 / (1 + (9 + 1) / 5)^0.75 and 3 / (1 + 9)^0.5.
  @Test func neighborsThatDoNotExistAreZeros() {
    let input = Tensor([Float(3), -1], shape: [1, 2, 1, 1, 1])
    let output = LocalResponseNorm(size: 5, alpha: 1, beta: 0.75)(input).doubles
    #expect(abs(output[0] - 1.316074) < 1e-6 && abs(output[1] + 0.438691) < 1e-6)
    let alone = LocalResponseNorm(size: 1, alpha: 1, beta: 0.5)(input).doubles
    #expect(abs(alone[0] - 0.948683) < 1e-6 && abs(alone[1] + 0.707107) < 1e-6)
  }

  /// The memory format of networks stays.
  @Test func theFormatIsKept() {
    let input = Tensor.keyed(1, shape: [2, 8, 3, 4, 5]).contiguous(.video)
    #expect(LocalResponseNorm(size: 5, alpha: 1e-4, beta: 0.75)(input).strides == input.strides)
  }
}
