import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct PoolingTests {
  struct Case: CustomTestStringConvertible {
    let shape: [Int]
    let kernel: Extent3
    let stride: Extent3
    let padding: Extent3?
    let roundsUp: Bool

    init(
      _ shape: [Int], _ kernel: Extent3, _ stride: Extent3, _ padding: Extent3? = nil,
      roundsUp: Bool = false
    ) {
      (self.shape, self.kernel, self.stride, self.padding) = (shape, kernel, stride, padding)
      self.roundsUp = roundsUp
    }

    var pool: MaxPool3d {
      MaxPool3d(kernel: kernel, stride: stride, padding: padding, roundsUp: roundsUp)
    }
    var testDescription: String {
      "\(kernel) by \(stride) of \(shape)\(roundsUp ? ", rounded up" : "")"
    }
  }

  /// Windows that overlap, that leave gaps, that end before the input, and channels that vectors do not fill.
  static let cases = [
    Case([2, 24, 3, 9, 8], Extent3(1, 3, 3), Extent3(1, 2, 2)),
    Case([1, 45, 5, 7, 6], Extent3(2, 2, 2), Extent3(2, 2, 2), .zero),
    Case([2, 8, 4, 5, 3], Extent3(3, 3, 3), Extent3(1, 1, 1)),
    Case([1, 3, 6, 8, 7], Extent3(3, 2, 5), Extent3(2, 3, 1)),
    Case([2, 17, 3, 4, 5], Extent3(1, 1, 1), Extent3(2, 2, 2)),
    Case([2, 9, 2, 8, 9], Extent3(1, 3, 3), Extent3(1, 2, 2), .zero, roundsUp: true),
    Case([1, 8, 5, 6, 7], Extent3(3, 2, 3), Extent3(2, 3, 2), roundsUp: true),
    // The last windows would begin behind the input.
    Case([1, 3, 4, 4, 5], Extent3(1, 1, 2), Extent3(2, 3, 4), .zero, roundsUp: true),
  ]

  /// Without memory, shapes are computed by our own function.
  @Test(arguments: cases) func shapesAreKnownWithoutMemory(test: Case) {
    let input = Tensor.uninitialized(test.shape, device: .meta)
    #expect(test.pool(input).shape == test.pool(Tensor.zeros(test.shape)).shape)
  }

  /// Output and gradient of the input. Small integers: ties are frequent, and all sums are exact.
  private func results(_ test: Case, _ dtype: DType) -> [[Double]] {
    let input = Tensor.keyed(1, shape: test.shape, in: -1...3).floor().contiguous(.video).to(dtype)
    input.requiresGradient = true
    let output = test.pool(input)
    let factors = Tensor.keyed(2, shape: output.shape, in: 1...99).floor().to(dtype)
    (output * factors).sum().backward()
    return [output.detached().doubles, input.gradient!.doubles]
  }

  /// In float64, libtorch computes it.
  @Test(arguments: cases, VectorInstructions.available)
  func outputsAndGradientsAreThoseOfLibtorch(test: Case, vectors: VectorInstructions) {
    let threads = Runtime.threads
    defer { Runtime.threads = threads }
    let expected = results(test, .float64)
    for count in [1, 3] {
      Runtime.threads = count
      let found = Runtime.withVectorInstructions(vectors) { results(test, .float32) }
      #expect(difference(found[0], expected[0]) == 0)
      #expect(difference(found[1], expected[1]) == 0)
    }
  }

  @Test(arguments: VectorInstructions.available) func notANumberPasses(vectors: VectorInstructions)
  {
    let values = Tensor.keyed(1, shape: [1, 9, 1, 4, 4]).contiguous(.video)
    values.sliced(3, 1..<2).sliced(4, 2..<3).fill(.nan)
    let pool = MaxPool3d(kernel: Extent3(1, 2, 2), stride: Extent3(1, 2, 2), padding: .zero)
    let output = Runtime.withVectorInstructions(vectors) { pool(values) }
    #expect(output.doubles.map(\.isNaN) == (0..<36).map { $0 % 4 == 1 })
  }

  @Test func theInputIsNotKept() {
    let input = Tensor.keyed(1, shape: [1, 8, 1, 4, 4]).contiguous(.video)
    input.requiresGradient = true
    let values = input * 2
    let output = MaxPool3d(kernel: Extent3(1, 2, 2), stride: Extent3(1, 2, 2))(values)
    #expect(values.referenceCount == 1)
    output.sum().backward()
  }
}
