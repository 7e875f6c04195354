import Foundation
import Synchronization
import TestSupport
import Testing
import Torch

@Suite struct RandomTests {
  private func floats(_ tensor: Tensor) -> [Float] { tensor.array() }

  @Test func drawsAreThoseOfPyTorch() throws {
    let goldens: [String: GoldenTensor] = try golden("random")
    let generator = Generator(seed: 1 << 43)
    let draws: [(String, () -> Tensor)] = [
      ("normal", { .normal([20], using: generator) }),
      ("few normal", { .normal([3], using: generator) }),
      ("uniform", { .uniform([4, 5], using: generator) }),
      ("bernoulli", { .bernoulli([30], probability: 0.3, using: generator) }),
      ("orthogonal", { .orthogonal([6, 2, 2], gain: 0.5, using: generator) }),
    ]
    for (name, draw) in draws {
      #expect(draw().difference(to: goldens[name]!) < 1e-5, "\(name)")
    }
  }

  @Test func seedingRestartsTheGenerator() {
    let generator = Generator(seed: 1)
    let first = Tensor.normal([50], using: generator)
    #expect(!Tensor.normal([50], using: generator).isEqual(to: first))
    _ = Tensor.normal([3], using: generator)  // leaves half of a pair
    generator.seed(1)
    #expect(Tensor.normal([50], using: generator).isEqual(to: first))
    #expect(!Tensor.normal([50], using: Generator(seed: 2)).isEqual(to: first))
  }

  @Test func threadsDrawApart() {
    @Sendable func draws(_ seed: Int) -> [[Float]] {
      let generator = Generator(seed: UInt64(seed))
      return (0..<300).flatMap { _ in
        [
          Tensor.normal([3], using: generator), .uniform([3], using: generator),
          Tensor.ones([9]).dropout(0.5, using: generator),
        ].map { $0.array(of: Float.self) }
      }
    }
    let alone = (0..<4).map(draws)
    #expect(Set(alone).count == 4 && draws(0) == alone[0])
    let together = Mutex([Int: [[Float]]]())
    DispatchQueue.concurrentPerform(iterations: 4) { seed in
      let found = draws(seed)
      together.withLock { $0[seed] = found }
    }
    for seed in 0..<4 { #expect(together.withLock { $0[seed] } == alone[seed]) }
  }

  /// Except for its generator, dropout equals libtorch's own.
  @Test func dropoutsAreLibtorchs() {
    let generator = Generator(seed: 1)
    let input = Tensor.normal([50], using: generator).to(.bfloat16)
    input.requiresGradient = true
    let output = input.dropout(0.3, using: generator)
    #expect(output.dtype == .bfloat16)
    output.backward(.ones([50], dtype: .bfloat16))
    // The gradient is the noise: 0, or 1 / 0.7 with eight bits.
    let noise = input.gradient!
    #expect(Set(floats(noise.to(.float32))) == [0, 1.4296875])
    #expect(output.detached().isEqual(to: input.detached() * noise))
    #expect(input.dropout(0, using: generator) === input)
  }

  private final class Parts: Module {
    let first = Dropout(0.5)
    let inner = Inner()
    override var children: [(name: String, module: Module)] {
      [("first", first), ("inner", inner)]
    }
    final class Inner: Module {
      let second = Dropout(0.5)
      override var children: [(name: String, module: Module)] { [("second", second)] }
    }
  }

  @Test func aModulesGeneratorReachesAllDropoutLayers() {
    let parts = Parts()
    let ones = Tensor.ones([40])
    func draw() -> [[Float]] { [parts.first(ones), parts.inner.second(ones)].map(floats) }
    let generator = Generator(seed: 5)
    parts.setGenerator(generator)
    #expect(parts.generator === generator)
    let drawn = draw()
    let other = Generator(seed: 5)
    #expect(
      drawn == [ones.dropout(0.5, using: other), ones.dropout(0.5, using: other)].map(floats))
    generator.seed(5)
    #expect(draw() == drawn && drawn[0] != drawn[1])
    parts.train(false)
    #expect(draw() == [floats(ones), floats(ones)])
  }

  @Test func layersAreMadeWhereTheirGeneratorDraws() {
    func layers(_ generator: Generator) -> [Module] {
      [
        Conv3d(3, 8, kernel: Extent3(3, 3, 3), bias: true, using: generator),
        Linear(9, 4, using: generator),
      ]
    }
    func weights(_ seed: UInt64) -> [Tensor] {
      layers(Generator(seed: seed)).flatMap(\.parameters).map(\.tensor)
    }
    #expect(zip(weights(5), weights(5)).allSatisfy { $0.isEqual(to: $1) })
    #expect(!weights(5)[0].isEqual(to: weights(6)[0]))
    for parameter in layers(.meta).flatMap(\.parameters) {
      #expect(parameter.tensor.device == .meta)
    }
  }

  @Test func aGeneratorOfAnotherDeviceIsRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([3]).dropout(0.5, using: .meta)
    }
    // The training loop sets the generator from which dropout draws.
    await #expect(processExitsWith: .failure) {
      _ = Dropout(0.5)(.ones([3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Generator(seed: 1, device: .cuda(1000))
    }
  }
}
