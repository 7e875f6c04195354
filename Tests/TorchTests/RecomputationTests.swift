import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct RecomputationTests {
  /// Convolution, normalization and dropout: everything whose second pass could differ from the first.
  private final class Part: Layer {
    let convolution = Conv3d(8, 8, kernel: Extent3(1, 3, 3), using: Generator(seed: 1))
    let normalization = BatchNorm3d(8, epsilon: 1e-3)
    let dropout = Dropout(0.5)
    let fuses: Bool

    init(fuses: Bool) { self.fuses = fuses }

    override var children: [(name: String, module: Module)] {
      [("a", convolution), ("a_bn", normalization), ("dropout", dropout)]
    }

    override func callAsFunction(_ input: Tensor) -> Tensor {
      let output = convolution(input)
      return dropout(
        fuses
          ? normalization(output, adding: nil, relu: true) : normalization(output).reluInPlace())
    }
  }

  struct Case: CustomTestStringConvertible {
    var recomputes = true
    var fuses = true
    var inputRequiresGradient = true
    var autocast: DType?
    var convolutions = Runtime.Convolutions.fastest

    var testDescription: String {
      "\(fuses ? "fused" : "composed"), \(autocast.map { "\($0)" } ?? "float32"), \(convolutions)"
    }
  }

  static let cases = [
    Case(), Case(fuses: false), Case(inputRequiresGradient: false), Case(autocast: .bfloat16),
    Case(convolutions: .direct),
  ]

  /// Two steps through two parts: losses, gradients, statistics, and the generator's next number.
  private func results(_ test: Case) -> [[Double]] {
    let parts = [Part(fuses: test.fuses), Part(fuses: test.fuses)]
    let generator = Generator(seed: 3)
    for part in parts { part.setGenerator(generator) }
    let input = Tensor.keyed(1, shape: [2, 8, 2, 8, 8]).contiguous(.video)
    input.requiresGradient = test.inputRequiresGradient
    var losses: [Double] = []
    for _ in 0..<2 {
      // The backward pass runs outside of autocast and of the algorithms.
      let output = Runtime.withConvolutions(test.convolutions) {
        withAutocast(test.autocast, on: .cpu) {
          parts.reduce(input) { test.recomputes ? $1.recomputed($0) : $1($0) }
        }
      }
      let loss = (output * output).to(.float32).sum()
      loss.backward()
      losses.append(loss.item)
    }
    return [losses, Tensor.normal([1], using: generator).doubles]
      + (input.gradient.map { [$0.doubles] } ?? [])
      + parts.flatMap(\.state).compactMap(\.tensor.gradient?.doubles)
      + parts.flatMap(\.buffers).map(\.tensor.doubles)
  }

  @Test(arguments: cases) func bitsAreThoseOfKeptActivations(test: Case) {
    var keeps = test
    keeps.recomputes = false
    let (recomputed, kept) = (results(test), results(keeps))
    #expect(recomputed.elementsEqual(kept))
    #expect(kept.count == (test.inputRequiresGradient ? 15 : 14) && kept[0].allSatisfy { $0 > 0 })
  }

  @Test func intermediateTensorsAreNotKept() {
    final class Squaring: Layer {
      let linear = Linear(2, 2, using: Generator(seed: 1))
      private(set) var inner: Tensor?
      override var children: [(name: String, module: Module)] { [("linear", linear)] }
      override func callAsFunction(_ input: Tensor) -> Tensor {
        let inner = linear(input)
        self.inner = inner
        return inner * inner
      }
    }
    let layer = Squaring()
    let kept = layer(.ones([1, 2]))
    #expect(layer.inner!.referenceCount > 1)
    let recomputed = layer.recomputed(.ones([1, 2]))
    #expect(layer.inner!.referenceCount == 1)
    #expect(recomputed.isEqual(to: kept))
    recomputed.sum().backward()
    #expect(layer.linear.weight.gradient != nil)
  }

  @Test func withoutGradientsOrInEvaluationNothingIsRecorded() {
    let part = Part(fuses: true)
    part.setGenerator(Generator(seed: 3))
    let input = Tensor.keyed(1, shape: [2, 8, 2, 8, 8]).contiguous(.video)
    #expect(withoutGradients { !part.recomputed(input).requiresGradient })
    part.train(false)
    #expect(part.recomputed(input).isEqual(to: part(input)))
    part.freeze()
    #expect(!part.recomputed(input).requiresGradient)
  }
}
