import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct AutogradTests {
  /// Convolution, normalization, pooling, linear layer and cross-entropy: the layers of the networks, but small.
  private struct Network {
    let clip = Tensor.keyed(20, shape: [3, 2, 3, 6, 5])
    let convolution = Conv3d(
      2, 4, kernel: Extent3(3, 3, 3), stride: Extent3(1, 2, 2), using: Generator(seed: 1))
    let normalization = BatchNorm3d(4, epsilon: 1e-3)
    let pool = MaxPool3d(kernel: Extent3(1, 3, 3), stride: Extent3(1, 2, 2))
    let linear = Linear(4, 5, using: Generator(seed: 1))

    init() {
      withoutGradients {
        convolution.weight.copy(from: .keyed(21, shape: [4, 2, 3, 3, 3], in: -0.3...0.3))
        normalization.scale.copy(from: .keyed(22, shape: [4], in: 0.5...1.5))
        normalization.shift.copy(from: .keyed(23, shape: [4]))
        linear.weight.copy(from: .keyed(24, shape: [5, 4]))
        linear.bias!.copy(from: .keyed(25, shape: [5]))
      }
      for tensor in leaves.values { tensor.requiresGradient = true }
    }

    var leaves: [String: Tensor] {
      [
        "clip": clip, "kernel": convolution.weight, "scale": normalization.scale,
        "shift": normalization.shift, "weight": linear.weight, "bias": linear.bias!,
      ]
    }

    func loss() -> Tensor {
      let features = pool(normalization(convolution(clip)).reluInPlace()).globalAveragePool()
      return crossEntropy(linear(features), Tensor([1, 4, 0]))
    }
  }

  @Test func lossGradientsAndStatisticsAreThoseOfPyTorch() throws {
    let goldens: [String: GoldenTensor] = try golden("gradients")
    let network = Network()
    _ = network.loss()
    let loss = network.loss()
    loss.backward()
    #expect(loss.relativeDifference(to: goldens["loss"]!) < 1e-5)
    for (name, leaf) in network.leaves {
      let gradient = try #require(leaf.gradient, "\(name)")
      #expect(gradient.relativeDifference(to: goldens[name]!) < 1e-4, "\(name)")
    }
    // After two batches: PyTorch's momentum and its unbiased variance.
    #expect(network.normalization.runningMean.relativeDifference(to: goldens["mean"]!) < 1e-5)
    #expect(
      network.normalization.runningVariance.relativeDifference(to: goldens["variance"]!) < 1e-5)
    #expect(network.normalization.batchesTracked.item == 2)
  }

  /// The slope of the loss along a random direction of each leaf, by finite differences and by autograd, in float64.
  @Test func gradientsAreTheSlopes() {
    let network = Network()
    for leaf in network.leaves.values { leaf.setData(leaf.detached().to(.float64)) }
    for buffer in network.normalization.buffers where buffer.tensor.dtype == .float32 {
      buffer.tensor.setData(buffer.tensor.to(.float64))
    }
    let names = network.leaves.keys.sorted()
    let gradients = network.loss().gradients(by: names.map { network.leaves[$0]! })
    for (index, name) in names.enumerated() {
      let leaf = network.leaves[name]!
      let direction = Tensor.keyed(99, UInt64(index), shape: leaf.shape).to(.float64)
      let step = 1e-6
      func loss(_ way: Double) -> Double {
        withoutGradients {
          leaf.add(direction, scale: way)
          defer { leaf.add(direction, scale: -way) }
          return network.loss().item
        }
      }
      let slope = (loss(step) - loss(-step)) / (2 * step)
      let predicted = (gradients[index]! * direction).sum().item
      #expect(abs(slope - predicted) < 1e-6 + 1e-5 * abs(slope), "\(name): \(slope), \(predicted)")
    }
  }

  @Test func gradientsAccumulateAndAreForgotten() {
    let x = Tensor([Float(1), 2])
    #expect(!x.requiresGradient && x.gradient == nil)
    x.requiresGradient = true
    (x * x).sum().backward()
    (x * x).sum().backward()
    #expect(x.gradient!.array(of: Float.self) == [4, 8])
    x.gradient = nil
    #expect(x.gradient == nil)
    x.gradient = Tensor([Float(9), 9])
    (x * 3).backward(Tensor([Float(1), 10]))
    #expect(x.gradient!.array(of: Float.self) == [12, 39])
  }

  @Test func derivativesByInputs() {
    let x = Tensor([Float(3)])
    let unused = Tensor([Float(1)])
    x.requiresGradient = true
    unused.requiresGradient = true
    let y = (x * x * x).sum()
    let first = y.gradients(by: [x, unused], keepingGraph: true)
    #expect(first[0]!.item == 27 && first[1] == nil)
    #expect(y.gradients(by: [x])[0]!.item == 27, "the graph was kept")
    #expect(x.gradient == nil, "gradients(by:) leaves the leaves alone")
  }

  @Test func detachedTensorsAndSetDataAreUnseen() {
    let x = Tensor([Float(1), 2])
    x.requiresGradient = true
    #expect(!(x * 2).detached().requiresGradient)
    x.setData(Tensor([5.0, 6, 7]))
    #expect(x.requiresGradient && x.shape == [3] && x.dtype == .float64)
  }

  @Test func recordingStopsInsideWithoutGradientsAlone() {
    struct Stop: Error {}
    let x = Tensor([Float(1)])
    x.requiresGradient = true
    var isRecording: Bool { (x * 2).requiresGradient }
    #expect(isRecording)
    withoutGradients {
      #expect(!isRecording)
      withoutGradients { #expect(!isRecording) }
      #expect(!isRecording, "the inner end must not switch the outer off")
      #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
      #expect(!isRecording)
    }
    #expect(isRecording)
    #expect(throws: Stop.self) { try withoutGradients { throw Stop() } }
    #expect(isRecording, "a body that throws must switch recording on again")
    #expect(withoutGradients { 5 } == 5)
  }

  @Test func autocastComputesConvolutionsInBfloat16AndEnds() {
    struct Stop: Error {}
    let layer = Conv3d(2, 3, kernel: Extent3(1, 3, 3), using: Generator(seed: 1))
    let clip = Tensor.keyed(1, shape: [1, 2, 2, 4, 4])
    var dtype: DType { layer(clip).dtype }
    #expect(dtype == .float32)
    withAutocast(.bfloat16, on: .cpu) {
      #expect(dtype == .bfloat16)
      #expect(Linear(4, 2, using: Generator(seed: 1))(Tensor.ones([1, 4])).dtype == .bfloat16)
      #expect(crossEntropy(layer(clip).globalAveragePool(), Tensor([0])).dtype == .float32)
      withAutocast(nil, on: .cpu) { #expect(dtype == .bfloat16) }
      withAutocast(.float16, on: .cpu) { #expect(dtype == .float16) }
      #expect(dtype == .bfloat16, "the inner end restores the outer type")
    }
    #expect(dtype == .float32)
    #expect(throws: Stop.self) { try withAutocast(.bfloat16, on: .cpu) { throw Stop() } }
    #expect(dtype == .float32, "a body that throws must end it too")
    let exact = layer(clip)
    let rough = withAutocast(.bfloat16, on: .cpu) { layer(clip) }
    #expect((exact - rough).norm < 0.02 * exact.norm)
  }

  @Test func autocastGradientsReachFloat32Parameters() {
    let layer = Conv3d(2, 3, kernel: Extent3(1, 3, 3), using: Generator(seed: 1))
    layer.weight.requiresGradient = true
    let clip = Tensor.keyed(1, shape: [1, 2, 2, 4, 4])
    withAutocast(.bfloat16, on: .cpu) { (layer(clip) * layer(clip)).to(.float32).sum() }.backward()
    #expect(layer.weight.gradient?.dtype == .float32)
    #expect(layer.weight.gradient!.norm > 0)
  }

  /// On some CPUs, libtorch's own are NaN in one call of ten.
  @Test func gradientsOfBfloat16WeightsAreSound() {
    for seed in UInt64(1)...20 {
      let layer = Conv3d(8, 8, kernel: Extent3(3, 3, 3), using: Generator(seed: seed))
      layer.weight.requiresGradient = true
      let clip = Tensor.normal([36, 8, 2, 4, 4], using: Generator(seed: seed)).contiguous(.video)
      let weights = Tensor.normal([36, 8, 2, 4, 4], using: Generator(seed: seed + 100))
      func gradient(_ type: DType?) -> Tensor {
        layer.weight.gradient = nil
        withAutocast(type, on: .cpu) { (layer(clip).to(.float32) * weights).sum() }.backward()
        return layer.weight.gradient!
      }
      let exact = gradient(nil).clone()
      #expect((gradient(.bfloat16) - exact).norm < 0.02 * exact.norm)
    }
  }

  @Test func dropoutIsActiveOnlyInTraining() {
    let dropout = Dropout(0.5)
    dropout.setGenerator(Generator(seed: 1))
    let ones = Tensor.ones([10_000])
    let dropped = dropout(ones).array(of: Float.self)
    #expect(Set(dropped) == [0, 2])
    #expect(abs(Double(dropped.count { $0 == 0 }) / 10_000 - 0.5) < 0.03)
    dropout.train(false)
    #expect(dropout(ones).isEqual(to: ones))
  }
}

/// The number of handles is that of the process, so these tests run in separate processes.
@Suite struct LifetimeTests {
  @Test func nothingLeaksWhileTraining() async {
    await #expect(processExitsWith: .success) {
      func train(_ steps: Int) {
        let generator = Generator(seed: 1)
        let layer = Conv3d(2, 3, kernel: Extent3(1, 3, 3), using: generator)
        let normalization = BatchNorm3d(3, epsilon: 1e-3)
        let head = Linear(3, 4, using: generator)
        let parameters = [layer as Module, normalization, head].flatMap(\.parameters)
        let optimizer = Adam(ParameterGroup.sparingNormalization(parameters, weightDecay: 1e-3))
        let clip = Tensor.normal([2, 2, 2, 5, 5], using: generator)
        for _ in 0..<steps {
          optimizer.clearGradients()
          let features = normalization(layer(clip)).reluInPlace().globalAveragePool()
          crossEntropy(head(features), Tensor([1, 2])).backward()
          optimizer.step(learningRate: 1e-3)
          _ = optimizer.state.count
        }
      }
      let before = Tensor.liveCount
      train(3)
      let short = Tensor.liveCount
      train(300)
      exit(before == short && short == Tensor.liveCount ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }

  @Test func nothingLeaksInOperators() async {
    await #expect(processExitsWith: .success) {
      let a = Tensor.normal([4, 4], using: Generator(seed: 1))
      let before = Tensor.liveCount
      for _ in 0..<3000 {
        let b = (a + 1).matmul(a).softmax(-1)
        let parts = Tensor.stacked([a, b, a.permuted([1, 0])])
        _ = parts.gathered([nil, Tensor([0, 1])]).sum().item
        _ = b.array(of: Float.self).count
      }
      exit(Tensor.liveCount == before && a.referenceCount == 1 ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }

  /// Every argument is a temporary that ARC may free as soon as Swift sees no more uses of it. If one were freed during a
  /// call, the next tensor of that size would reuse its memory, and the sums would be wrong.
  @Test func temporariesLiveThroughTheirCall() async {
    await withTaskGroup(of: Int.self) { group in
      for worker in 0..<4 {
        group.addTask {
          var wrong = 0
          for round in 0..<1500 {
            let value = Double(worker * 1500 + round)
            func fresh() -> Tensor { .full([64], value) }
            let total = (fresh() + fresh() * fresh().fill(2)).maximum(fresh()).sum().item
            let joined = Tensor.concatenated([fresh(), fresh(), fresh()]).sum().item
            let picked = fresh().gathered([Tensor([0, 63, 5])]).sum().item
            let chosen = fresh().less(than: fresh() + 1).choose(fresh(), fresh() * 0).sum().item
            if total != 192 * value || joined != 192 * value || picked != 3 * value
              || chosen != 64 * value
            {
              wrong += 1
            }
          }
          return wrong
        }
      }
      for await wrong in group { #expect(wrong == 0) }
    }
  }

  @Test func temporariesLiveThroughBackward() async {
    await withTaskGroup(of: Int.self) { group in
      for worker in 0..<3 {
        group.addTask {
          var wrong = 0
          for round in 0..<300 {
            let x = Tensor.full([32], Double(round))
            x.requiresGradient = true
            (x * Tensor.full([32], Double(worker + 1))).backward(Tensor.ones([32]))
            let single = (x * x).sum().gradients(by: [x])[0]!.sum().item
            if x.gradient!.sum().item != Double(32 * (worker + 1)) || single != Double(64 * round) {
              wrong += 1
            }
          }
          return wrong
        }
      }
      for await wrong in group { #expect(wrong == 0) }
    }
  }

  @Test func copiesAreIndependentAndReferencesCounted() {
    let a = Tensor([1, 2, 3])
    let copy = a.clone()
    a.fill(0)
    #expect(copy.array(of: Int.self) == [1, 2, 3])
    #expect(a.referenceCount == 1)
    let view = a.reshaped([3, 1])
    #expect(a.referenceCount >= 1 && view.referenceCount == 1)
  }
}
