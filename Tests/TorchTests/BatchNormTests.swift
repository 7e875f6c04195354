import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct BatchNormTests {
  /// An input with means far from 0 and small variances, and what follows the normalization.
  struct Case: CustomTestStringConvertible {
    let shape: [Int]
    var residual = false
    var relu = false

    var testDescription: String {
      "\(shape)\(residual ? ", residual" : "")\(relu ? ", ReLU" : "")"
    }
  }

  static let cases: [Case] = [
    [2, 16, 3, 5, 7], [1, 3, 2, 4, 4], [3, 45, 1, 3, 3], [2, 24, 4, 9, 8], [1, 230, 2, 3, 1],
    [4, 8, 8, 20, 20], [1, 1100, 1, 2, 1],
  ].flatMap { shape in
    [(false, false), (false, true), (true, false), (true, true)].map {
      Case(shape: shape, residual: $0.0, relu: $0.1)
    }
  }

  /// Output, running statistics, and the gradients of input, scale, shift and residual, of a random sum of the output.
  private func results(_ test: Case, _ dtype: DType) -> [(name: String, tensor: Tensor)] {
    let channels = test.shape[1]
    let layer = BatchNorm3d(channels, epsilon: 1e-3)
    withoutGradients {
      layer.scale.copy(from: .keyed(1, shape: [channels], in: -1.5...1.5))
      layer.shift.copy(from: .keyed(2, shape: [channels]))
      layer.runningMean.copy(from: .keyed(3, shape: [channels]))
    }
    for tensor in [layer.scale, layer.shift, layer.runningMean, layer.runningVariance] {
      tensor.setData(tensor.detached().to(dtype))
    }
    func leaf(_ key: UInt64, scale: Double, shift: Double) -> Tensor {
      let tensor = (Tensor.keyed(key, shape: test.shape) * scale + shift).contiguous(.video)
        .to(dtype)
      tensor.requiresGradient = true
      return tensor
    }
    let input = leaf(4, scale: 0.5, shift: 3)
    let residual = test.residual ? leaf(5, scale: 1, shift: 0) : nil
    let output = layer(input, adding: residual, relu: test.relu)
    (output * Tensor.keyed(6, shape: test.shape).to(dtype)).sum().backward()
    return [
      ("output", output.detached()), ("mean", layer.runningMean),
      ("variance", layer.runningVariance), ("batches", layer.batchesTracked),
      ("input", input.gradient!), ("scale", layer.scale.gradient!),
      ("shift", layer.shift.gradient!),
    ] + (residual.map { [("residual", $0.gradient!)] } ?? [])
  }

  @Test(arguments: cases, VectorInstructions.available)
  func fusedIsTheCompositionInFloat64(test: Case, vectors: VectorInstructions) {
    let fused = Runtime.withVectorInstructions(vectors) { results(test, .float32) }
    for (fused, exact) in zip(fused, results(test, .float64)) {
      #expect(relativeDifference(fused.tensor, exact.tensor) < 1e-5, "\(exact.name)")
    }
  }

  @Test(arguments: cases) func neitherRepetitionNorThreadsChangeBits(test: Case) {
    let threads = Runtime.threads
    defer { Runtime.threads = threads }
    let first = results(test, .float32)
    for count in [1, 2, 3] {
      Runtime.threads = count
      for (one, other) in zip(first, results(test, .float32)) {
        #expect(one.tensor.doubles == other.tensor.doubles, "\(one.name)")
      }
    }
  }

  /// NaN reaches the loss, which stops a run.
  @Test func notANumberPasses() {
    let layer = BatchNorm3d(8, epsilon: 1e-3)
    let input = Tensor.full([1, 8, 1, 2, 2], .nan, dtype: .float32, device: .cpu)
    let values = layer(input, adding: nil, relu: true).doubles
    #expect(values.allSatisfy { $0.isNaN })
  }
}
