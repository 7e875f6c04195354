import KeyedRandom
import TestSupport
import Testing
import Torch

extension Extent3 {
  fileprivate var extents: [Int] { [time, height, width] }
}

@Suite struct ConvolutionAlgorithmTests {
  struct Case: CustomTestStringConvertible {
    let kernel: Extent3
    /// N, Cin, T, H, W.
    let input: [Int]
    let outputs: Int
    let stride: Extent3
    let padding: Extent3

    init(
      _ kernel: Extent3, _ input: [Int], _ outputs: Int, stride: Extent3 = .one,
      padding: Extent3? = nil
    ) {
      (self.kernel, self.input, self.outputs) = (kernel, input, outputs)
      (self.stride, self.padding) = (stride, padding ?? kernel.half)
    }

    func layer(bias: Bool = false) -> Conv3d {
      Conv3d(
        input[1], outputs, kernel: kernel, stride: stride, padding: padding, bias: bias,
        using: Generator(seed: 1))
    }

    /// [N, Cout, T', H', W'].
    var output: [Int] {
      [input[0], outputs]
        + zip(zip(input[2...], kernel.extents), zip(stride.extents, padding.extents)).map {
          ($0.0 + 2 * $1.1 - $0.1) / $1.0 + 1
        }
    }

    var testDescription: String {
      "\(kernel.extents) of \(input) to \(outputs), stride \(stride.extents), padding \(padding.extents)"
    }
  }

  private static let square = Extent3(1, 3, 3)
  private static let cube = Extent3(3, 3, 3)
  private static let line = Extent3(3, 1, 1)

  /// Extents that tiles of four do not fill, channels that vectors do not fill, one clip, filters that all threads share.
  static let cases = [
    Case(square, [2, 16, 2, 14, 14], 16), Case(square, [1, 24, 3, 7, 7], 45),
    Case(square, [3, 45, 1, 4, 8], 24), Case(square, [1, 8, 2, 11, 7], 9),
    Case(square, [2, 230, 1, 7, 7], 128), Case(square, [1, 200, 1, 8, 8], 320),
    Case(cube, [2, 16, 4, 7, 7], 32), Case(cube, [1, 9, 1, 8, 4], 17),
    Case(cube, [1, 24, 2, 6, 9], 11), Case(cube, [3, 96, 4, 4, 4], 96),
    Case(cube, [1, 144, 3, 7, 7], 144), Case(line, [2, 16, 4, 3, 5], 16),
    Case(line, [1, 45, 8, 7, 7], 24), Case(line, [2, 24, 7, 1, 1], 83),
    Case(line, [1, 32, 16, 5, 4], 8), Case(line, [1, 500, 4, 3, 3], 450),
  ]

  /// Strides that leave cells over, kernels that lie in the padding as a whole, pictures that are all edge, cells that no
  /// patch has, rows that are cut into parts, channels that vectors do not fill.
  static let patchCases = [
    Case(.one, [2, 16, 3, 14, 14], 24), Case(.one, [2, 24, 4, 7, 7], 40, stride: Extent3(2, 2, 2)),
    Case(cube, [2, 24, 4, 7, 7], 48, stride: Extent3(2, 2, 2)),
    Case(cube, [5, 12, 2, 2, 2], 9), Case(cube, [2, 9, 1, 1, 2], 17),
    Case(square, [1, 200, 2, 9, 8], 300, stride: Extent3(1, 2, 2)),
    Case(line, [2, 230, 5, 4, 4], 45, stride: Extent3(2, 1, 1)), Case(line, [1, 40, 2, 3, 3], 24),
    Case(
      Extent3(2, 5, 4), [2, 11, 6, 13, 9], 10, stride: Extent3(3, 3, 2),
      padding: Extent3(1, 4, 0)),
    Case(Extent3(3, 9, 9), [1, 8, 5, 9, 9], 8, stride: Extent3(1, 2, 3)),
    Case(cube, [1, 8, 3, 6, 6], 8, stride: Extent3(4, 4, 4)),
    Case(square, [1, 70, 1, 8, 8], 33, padding: Extent3(0, 0, 0)),
  ]

  private static func isOfPatches(_ test: Case) -> Bool {
    patchCases.contains { $0.testDescription == test.testDescription }
  }

  /// The output, and the gradients of input and weight, of a random sum of the output.
  private func results(_ test: Case, _ dtype: DType, _ convolutions: Runtime.Convolutions)
    -> [Tensor]
  {
    let layer = test.layer()
    let factors = Tensor.keyed(8, shape: test.output)
    let input = Tensor.keyed(7, shape: test.input).contiguous(.video)
    let expected = Self.isOfPatches(test) ? ConvolutionAlgorithm.patches : .winograd
    return Runtime.withConvolutions(convolutions) {
      layer.weight.setData(layer.weight.detached().to(dtype))
      let input = input.to(dtype)
      input.requiresGradient = true
      #expect(
        layer.algorithm(for: input)
          == (dtype == .float32 && convolutions == .fastest ? expected : .direct))
      let output = layer(input)
      (output * factors.to(dtype)).sum().backward()
      return [output.detached(), input.gradient!, layer.weight.gradient!]
    }
  }

  @Test(arguments: cases + patchCases, VectorInstructions.available)
  func eachAlgorithmIsWithinItsBoundOfFloat64(test: Case, vectors: VectorInstructions) {
    let exact = results(test, .float64, .direct)
    let bound = test.layer().algorithm(for: .keyed(7, shape: test.input)).errorBound
    let fast = Runtime.withVectorInstructions(vectors) { results(test, .float32, .fastest) }
    for (index, result) in fast.enumerated() {
      let scale = exact[index].doubles.map(abs).max()!
      #expect(
        difference(result, exact[index]) < bound * scale,
        "\(["output", "input", "weight"][index])")
    }
    for (index, result) in results(test, .float32, .direct).enumerated() {
      let scale = exact[index].doubles.map(abs).max()!
      #expect(
        difference(result, exact[index]) < ConvolutionAlgorithm.direct.errorBound * scale,
        "\(["output", "input", "weight"][index]), direct")
    }
  }

  @Test(arguments: cases + patchCases) func repeatedCallsReturnTheSameBits(test: Case) {
    let first = results(test, .float32, .fastest)
    for (a, b) in zip(first, results(test, .float32, .fastest)) { #expect(a.doubles == b.doubles) }
  }

  /// What the networks compute at 112 x 112 and at 56 x 56, and shapes at which Winograd's algorithm would be slower.
  @Test(
    arguments: [
      (Case(square, [9, 64, 16, 28, 28], 64), .winograd),
      (Case(square, [9, 128, 16, 14, 14], 128), .winograd),
      (Case(cube, [9, 256, 8, 7, 7], 256), .winograd),
      (Case(cube, [9, 256, 4, 4, 4], 256), .winograd),
      (Case(square, [9, 64, 16, 56, 56], 144), .winograd),
      (Case(line, [9, 144, 16, 56, 56], 64), .winograd),
      (Case(line, [9, 576, 4, 14, 14], 256), .winograd),
      (Case(line, [9, 1152, 2, 7, 7], 512), .patches),
      (Case(square, [45, 24, 8, 14, 14], 24), .winograd),
      (Case(cube, [45, 96, 2, 2, 2], 96), .patches),
      (Case(cube, [45, 96, 4, 4, 4], 96, stride: Extent3(2, 2, 2)), .patches),
      (Case(square, [45, 24, 8, 14, 14], 48, stride: Extent3(1, 2, 2)), .patches),
      (Case(square, [9, 64, 16, 56, 56], 230, stride: Extent3(1, 2, 2)), .direct),
      (Case(line, [9, 230, 16, 28, 28], 128, stride: Extent3(2, 1, 1)), .patches),
      (Case(.one, [9, 64, 16, 56, 56], 128, stride: Extent3(2, 2, 2)), .patches),
      (Case(square, [9, 64, 16, 28, 28], 64, padding: Extent3(1, 1, 0)), .direct),
      (Case(square, [9, 64, 16, 2, 2], 64, padding: Extent3(0, 0, 0)), .direct),
      (Case(cube, [9, 3, 16, 112, 112], 64), .direct),
      (Case(square, [1, 64, 1, 5, 5], 64), .patches),
      (Case(.one, [9, 64, 16, 28, 28], 128), .patches),
      (Case(Extent3(1, 7, 7), [9, 8, 16, 56, 56], 64), .direct),
      (Case(square, [0, 64, 16, 28, 28], 64), .direct),
    ] as [(Case, ConvolutionAlgorithm)])
  func shapesDetermineTheAlgorithm(test: Case, expected: ConvolutionAlgorithm) {
    let algorithm = ConvolutionAlgorithm.fastest(
      input: test.input, weight: [test.outputs, test.input[1]] + test.kernel.extents,
      stride: test.stride, padding: test.padding)
    #expect(algorithm == expected)
  }

  /// Nor weight gradients by patches.
  @Test func theNumberOfThreadsDoesNotChangeOutputsAndInputGradients() {
    let threads = Runtime.threads
    defer { Runtime.threads = threads }
    for test in Self.cases + Self.patchCases {
      Runtime.threads = 1
      let alone = results(test, .float32, .fastest)
      for count in [2, 5] {
        Runtime.threads = count
        let together = results(test, .float32, .fastest)
        for index in 0...1 { #expect(alone[index].doubles == together[index].doubles) }
        #expect(relativeDifference(together[2], alone[2]) < 1e-5)
        if Self.isOfPatches(test) { #expect(alone[2].doubles == together[2].doubles) }
      }
    }
  }

  /// Tensors that autograd does not record, of other types and with autocast.
  @Test func otherTypesAreComputedDirectly() {
    let layer = Conv3d(8, 8, kernel: Self.square, using: Generator(seed: 1))
    let input = Tensor.keyed(1, shape: [1, 8, 1, 8, 8])
    #expect(layer.algorithm(for: input) == .winograd)
    #expect(layer.algorithm(for: input.to(.float64)) == .direct)
    withAutocast(.bfloat16, on: .cpu) { #expect(layer.algorithm(for: input) == .direct) }
    Runtime.withConvolutions(.direct) { #expect(layer.algorithm(for: input) == .direct) }
    #expect(layer.algorithm(for: input) == .winograd)
  }

  /// What follows a convolution in inference; the last case is computed directly.
  @Test(
    arguments: cases + patchCases + [Case(square, [1, 9, 2, 9, 9], 12, stride: Extent3(2, 1, 1))],
    VectorInstructions.available)
  func scaleShiftResidualAndReLUAreApplied(test: Case, vectors: VectorInstructions) {
    let (channels, input) = (test.outputs, Tensor.keyed(7, shape: test.input).contiguous(.video))
    let layer = test.layer(bias: true)
    withoutGradients { _ = layer.bias!.copy(from: .keyed(3, shape: [channels])) }
    let scale = Tensor.keyed(4, shape: [channels], in: 0.5...1.5)
    let shift = Tensor.keyed(5, shape: [channels])
    let residual = Tensor.keyed(6, shape: test.output).contiguous(.video)
    func perChannel(_ tensor: Tensor) -> Tensor { tensor.to(.float64).reshaped([1, -1, 1, 1, 1]) }
    let plain = withoutGradients {
      let exact = test.layer()
      exact.weight.setData(layer.weight.detached().to(.float64))
      return exact(input.to(.float64)) + perChannel(layer.bias!.detached())
    }
    for (residual, relu) in [(nil, false), (nil, true), (residual, false), (residual, true)] {
      let sum = plain * perChannel(scale) + perChannel(shift)
      let added = residual.map { sum + $0.to(.float64) } ?? sum
      let expected = relu ? added.relu() : added
      let output = Runtime.withVectorInstructions(vectors) {
        layer(input, scale: scale, shift: shift, adding: residual, relu: relu)
      }
      #expect(!output.requiresGradient)
      #expect(
        difference(output, expected)
          < layer.algorithm(for: input).errorBound * expected.doubles.map(abs).max()!)
    }
  }

  /// The backward pass normalizes its input again.
  @Test(arguments: [(line, 2), (line, 8), (square, 4)] as [(Extent3, Int)])
  func normalizedInputsAreNotKept(kernel: Extent3, times: Int) {
    let layer = Conv3d(8, 8, kernel: kernel, using: Generator(seed: 1))
    let input = Tensor.keyed(1, shape: [2, 8, times, 8, 8]).contiguous(.video)
    input.requiresGradient = true
    func references(residual: Tensor?) -> Int {
      let normalized = BatchNorm3d(8, epsilon: 1e-3)(input, adding: residual, relu: true)
      let output = layer(normalized)
      defer { output.sum().backward() }
      return normalized.referenceCount
    }
    #expect(references(residual: nil) == 1)
    #expect(references(residual: input.detached()) > 1, "the output of a ReLU after a sum is kept")
  }

  @Test func biasIsAddedAndItsGradientIsTheSum() {
    let layer = Conv3d(8, 9, kernel: Self.cube, bias: true, using: Generator(seed: 1))
    withoutGradients { _ = layer.bias!.copy(from: .keyed(3, shape: [9])) }
    let input = Tensor.keyed(1, shape: [2, 8, 2, 8, 8])
    func results(_ convolutions: Runtime.Convolutions) -> [Tensor] {
      layer.bias!.gradient = nil
      let output = Runtime.withConvolutions(convolutions) { layer(input) }
      (output * output).sum().backward()
      return [output.detached(), layer.bias!.gradient!]
    }
    for (fast, direct) in zip(results(.fastest), results(.direct)) {
      #expect(relativeDifference(fast, direct) < 1e-5)
    }
  }

  /// Each half of the output sees its half of the input: two convolutions beside each other, in values and gradients.
  @Test func groupsAreConvolutionsBesideEachOther() throws {
    let generator = Generator(seed: 1)
    let whole = Conv3d(
      16, 24, kernel: Extent3(1, 3, 3), groups: 2, bias: true, using: generator)
    withoutGradients { _ = whole.bias!.copy(from: .keyed(3, shape: [24])) }
    #expect(whole.weight.shape == [24, 8, 1, 3, 3])
    // Two of 432 and more numbers: the deviation is that of the fan-out of a group.
    #expect(abs(whole.weight.norm / (24 * 8 * 9 * 2.0 / (12 * 9)).squareRoot() - 1) < 0.1)
    let input = Tensor.keyed(1, shape: [2, 16, 2, 7, 6]).contiguous(.video)
    input.requiresGradient = true
    let output = whole(input)
    let factors = Tensor.keyed(2, shape: output.shape)
    (output * factors).sum().backward()
    for half in 0..<2 {
      let part = Conv3d(8, 12, kernel: Extent3(1, 3, 3), bias: true, using: generator)
      let (channels, places) = (12 * half..<12 * half + 12, 8 * half..<8 * half + 8)
      withoutGradients {
        _ = part.weight.copy(from: whole.weight.detached().sliced(0, channels))
        _ = part.bias!.copy(from: whole.bias!.detached().sliced(0, channels))
      }
      let own = input.detached().sliced(1, places).contiguous(.video)
      own.requiresGradient = true
      let expected = part(own)
      (expected * factors.sliced(1, channels)).sum().backward()
      #expect(difference(output.detached().sliced(1, channels), expected.detached()) < 1e-5)
      for (found, expected) in [
        (input.gradient!.sliced(1, places), own.gradient!),
        (whole.weight.gradient!.sliced(0, channels), part.weight.gradient!),
        (whole.bias!.gradient!.sliced(0, channels), part.bias!.gradient!),
      ] { #expect(difference(found, expected) < 1e-4) }
    }
  }
}
