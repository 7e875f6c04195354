import KeyedRandom
import TestSupport
import Testing
import Torch

/// Gradients of this library's own kernels against slopes of their outputs. The kernels compute in float32, so the steps are
/// large: functions that are linear in what moves have the same slope everywhere.
@Suite struct KernelGradientTests {
  /// The slope of a random sum of the outputs along a random direction of each input, by differences and by autograd.
  private func expectSlopes(
    of inputs: [Tensor], step: Double, tolerance: Double, _ body: ([Tensor]) -> Tensor
  ) {
    for tensor in inputs { tensor.requiresGradient = true }
    func value() -> Tensor {
      let output = body(inputs)
      return (output.to(.float64) * Tensor.keyed(99, shape: output.shape).to(.float64)).sum()
    }
    let gradients = value().gradients(by: inputs)
    for (index, input) in inputs.enumerated() {
      let direction = Tensor.keyed(98, UInt64(index), shape: input.shape)
      let original = input.detached().clone()
      func moved(_ distance: Double) -> Double {
        withoutGradients {
          input.copy(from: original + direction * distance)
          defer { input.copy(from: original) }
          return value().item
        }
      }
      let slope = (moved(step) - moved(-step)) / (2 * step)
      let predicted = (gradients[index]!.to(.float64) * direction.to(.float64)).sum().item
      #expect(
        abs(slope - predicted) < tolerance * max(1, abs(slope)),
        "input \(index): \(slope), \(predicted)")
    }
  }

  @Test(
    arguments: [
      (Extent3(1, 3, 3), [2, 9, 2, 8, 7]), (Extent3(3, 3, 3), [1, 9, 3, 4, 8]),
      (Extent3(3, 1, 1), [2, 9, 7, 2, 2]), (Extent3(3, 1, 1), [2, 9, 2, 3, 3]),
    ] as [(Extent3, [Int])], VectorInstructions.available)
  func convolutions(
    test: (kernel: Extent3, shape: [Int]), vectors: VectorInstructions
  ) {
    Runtime.withVectorInstructions(vectors) {
      let layer = Conv3d(9, 11, kernel: test.kernel, using: Generator(seed: 1))
      expectSlopes(
        of: [Tensor.keyed(1, shape: test.shape).contiguous(.video), layer.weight], step: 0.5,
        tolerance: 1e-3
      ) { layer($0[0]) }
    }
  }

  @Test(arguments: [false, true], VectorInstructions.available)
  func batchNormalization(hasResidual: Bool, vectors: VectorInstructions) {
    Runtime.withVectorInstructions(vectors) {
      let layer = BatchNorm3d(9, epsilon: 1e-3)
      let shape = [2, 9, 2, 4, 5]
      let inputs = [1, 2].map { Tensor.keyed($0, shape: shape).contiguous(.video) }
      expectSlopes(
        of: [inputs[0], layer.scale, layer.shift] + (hasResidual ? [inputs[1]] : []), step: 1e-2,
        tolerance: 1e-2
      ) { layer($0[0], adding: hasResidual ? $0[3] : nil, relu: false) }
    }
  }

  /// The activation has a slope on either side of zero: no output may cross it.
  @Test(arguments: VectorInstructions.available)
  func activationAfterNormalization(vectors: VectorInstructions) {
    Runtime.withVectorInstructions(vectors) {
      let layer = BatchNorm3d(8, epsilon: 1e-3)
      // Values at least 1 away from the mean.
      let signs = Tensor.keyed(1, shape: [2, 8, 2, 4, 4])
      let input = (signs + signs.greater(than: .zeros([1])).choose(.full([1], 2), .full([1], -2)))
        .contiguous(.video)
      expectSlopes(of: [input, layer.scale, layer.shift], step: 1e-2, tolerance: 1e-2) {
        layer($0[0], adding: nil, relu: true)
      }
    }
  }

  /// Values are 1 apart: no step changes a maximum.
  @Test(arguments: VectorInstructions.available) func maxPooling(vectors: VectorInstructions) {
    Runtime.withVectorInstructions(vectors) {
      let shape = [2, 9, 2, 5, 4]
      let count = shape.reduce(1, *)
      var order = Array(0..<count)
      var generator = KeyedGenerator(key: [5])
      for index in order.indices.reversed() {
        order.swapAt(index, Int(generator.uniform(in: 0...1) * Double(index)))
      }
      let input = Tensor(order.map { Float($0) }, shape: shape).contiguous(.video)
      let pool = MaxPool3d(kernel: Extent3(2, 3, 3), stride: Extent3(1, 2, 2))
      expectSlopes(of: [input], step: 0.25, tolerance: 1e-3) { pool($0[0]) }
    }
  }
}
