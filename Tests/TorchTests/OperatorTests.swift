import Foundation
import KeyedRandom
import TestSupport
import Testing
import Torch

@Suite struct OperatorTests {
  @Test func valuesAreThoseOfPyTorch() throws {
    let goldens: [String: GoldenTensor] = try golden("operators")
    let results = Self.results()
    #expect(Set(results.keys) == Set(goldens.keys))
    for (name, result) in results {
      guard let golden = goldens[name] else { continue }
      #expect(result.shape == golden.shape, "\(name)")
      #expect(result.dtype.description == golden.dtype, "\(name)")
      #expect(result.difference(to: golden) < 2e-6, "\(name)")
    }
  }

  /// One entry per operation, in the order and with the inputs of make_goldens.py.
  private static func results() -> [String: Tensor] {
    let a = Tensor.keyed(1, shape: [2, 3, 4])
    let b = Tensor.keyed(2, shape: [2, 3, 4])
    let row = Tensor.keyed(3, shape: [4])
    let positive = a.absolute() + 0.1
    let weight = Tensor.keyed(4, shape: [2, 1, 1], in: 0...1)
    let indices = Tensor([2, 0, 2])
    let clip = Tensor.keyed(5, shape: [2, 3, 4, 6, 5])
    let labels = Tensor([3, 0])
    let logits = Tensor.keyed(7, shape: [2, 4], in: -3...3)
    let u8 = Tensor.keyed(8, shape: [2, 5], in: 0...255).to(.uint8)
    let m = Tensor.keyed(9, shape: [4, 2])
    let zero = Tensor.zeros([])

    var results: [String: Tensor] = [
      "add": a + b, "add broadcast": a + row, "subtract": a - b, "multiply": a * b,
      "divide": a / positive, "add number": a + 0.3, "subtract number": a - 0.3,
      "multiply number": a * 0.3, "divide number": a / 0.3, "number less tensor": 0.3 - a,
      "negate": -a, "absolute": a.absolute(), "exponential": a.exponential(),
      "logarithm": positive.logarithm(), "square root": positive.squareRoot(),
      "floor": (a * 5).floor(), "round": (a * 5).round(),
    ]
    results["round halves"] = Tensor([Float(-1.5), -0.5, 0.5, 1.5, 2.5]).round()
    results["remainder"] = (a * 10).remainder(3)
    results["clamp"] = a.clamped(-0.2, 0.5)
    results["maximum"] = a.maximum(b)
    results["minimum"] = a.minimum(b)
    results["lerp"] = a.interpolated(to: b, by: weight)
    results["matmul"] = a.matmul(m)
    results["matmul vectors"] = row.matmul(row)
    results["equal"] = a.equal(to: a.maximum(b))
    results["equal number"] = (a * 2).round().equal(to: 1)
    results["greater"] = a.greater(than: b)
    results["greater or equal"] = a.greaterOrEqual(to: a.maximum(b))
    results["less"] = a.less(than: b)
    results["and"] = a.greater(than: zero).logicalAnd(b.greater(than: zero))
    results["not"] = a.greater(than: zero).logicalNot()
    results["where"] = a.greater(than: b).choose(a, row)
    results["uint8 to float"] = u8.to(.float32) * (1 / 255)
    results["float to int64"] = (a * 10).to(.int64)
    results["to bfloat16"] = a.to(.bfloat16)
    results["to float16"] = a.to(.float16)

    results["reshape"] = a.reshaped([4, -1])
    results["permute"] = a.permuted([2, 0, 1])
    results["unsqueeze"] = a.unsqueezed(-1)
    results["squeeze"] = a.unsqueezed(1).squeezed(1)
    results["expand"] = row.unsqueezed(0).expanded([3, -1])
    results["flatten"] = clip.flattened(from: 1, through: 2)
    results["select"] = a.selected(1, 2)
    results["select last"] = a.selected(-1, 3)
    results["narrow"] = a.sliced(2, 1..<3)
    results["flip"] = clip.flipped([2, -1])
    results["unfold"] = a.unfolded(2, size: 2, step: 1)
    results["unfold step"] = clip.unfolded(3, size: 3, step: 2)
    results["index select"] = a.selected(1, indices: indices)
    results["gather"] = a.gathered([Tensor([1, 0, 1]), nil, indices])
    results["set slices"] = a.clone().setSlices(1, indices: Tensor([2, 0]), to: b.sliced(1, 0..<2))
    results["cat"] = .concatenated([a, b], axis: 1)
    results["stack"] = .stacked([a, b], axis: 2)
    results["copy"] = Tensor.zeros([2, 3, 4]).copy(from: row)
    results["add in place"] = a.clone().add(b, scale: 0.5)
    results["scale in place"] = a.clone().scale(by: 3)
    results["increment"] = a.clone().increment()
    results["increment integers"] = Tensor([-1, 41]).increment()
    results["fill"] = Tensor.uninitialized([2, 2]).fill(7.5)

    results["sum"] = a.sum()
    results["mean"] = a.mean()
    results["sum axes"] = a.sum([0, 2])
    results["sum keeping"] = a.sum([1], keepingAxes: true)
    results["mean axes"] = a.mean([-1, 0])
    results["max axes"] = a.max([0, 1])
    results["min axes"] = a.min([2], keepingAxes: true)
    results["argmax"] = a.argmax(1)
    results["all"] = a.greater(than: .full([], -2)).all()
    results["softmax"] = a.softmax(1)
    results["log softmax"] = a.logSoftmax(-1)
    results["arange"] = .indices(5)
    results["full int"] = .full([2], 3, dtype: .int32)

    let generator = Generator(seed: 1)
    let kernel = Extent3(3, 3, 3)
    let convolution = Conv3d(3, 4, kernel: kernel, using: generator)
    let strided = Conv3d(3, 4, kernel: kernel, stride: Extent3(1, 2, 2), using: generator)
    let batchNorm = BatchNorm3d(3, epsilon: 1e-3)
    let linear = Linear(4, 2, using: generator)
    withoutGradients {
      for layer in [convolution, strided] {
        layer.weight.copy(from: .keyed(6, shape: [4, 3, 3, 3, 3]))
      }
      batchNorm.runningMean.copy(from: .keyed(10, shape: [3]))
      batchNorm.runningVariance.copy(from: .keyed(11, shape: [3], in: 0.5...2))
      batchNorm.scale.copy(from: .keyed(12, shape: [3], in: 0.5...2))
      batchNorm.shift.copy(from: .keyed(13, shape: [3]))
      linear.weight.copy(from: m.permuted([1, 0]))
      linear.bias!.copy(from: Tensor([Float(0.5), -0.25]))
      results["conv3d"] = convolution(clip)
      results["conv3d stride"] = strided(clip)
      let biased = Conv3d(
        3, 4, kernel: Extent3(3, 2, 2), stride: Extent3(2, 1, 1), padding: Extent3(0, 1, 0),
        bias: true, using: generator)
      biased.weight.copy(from: .keyed(14, shape: [4, 3, 3, 2, 2]))
      biased.bias!.copy(from: .keyed(15, shape: [4]))
      results["conv3d bias padding"] = biased(clip)
      batchNorm.train(false)
      results["batch norm eval"] = batchNorm(clip)
      batchNorm.train()
      results["batch norm train"] = batchNorm(clip)
      results["linear"] = linear(a)
    }
    let layerNorm = LayerNorm(4, epsilon: 1e-6)
    let transposed = ConvTranspose3d(
      3, 2, kernel: Extent3(2, 3, 2), stride: Extent3(2, 1, 2), padding: Extent3(0, 1, 0),
      bias: true, using: Generator(seed: 1))
    withoutGradients {
      layerNorm.scale.copy(from: row)
      layerNorm.shift.copy(from: row + 1)
      transposed.weight.copy(from: .keyed(16, shape: [3, 2, 2, 3, 2]))
      transposed.bias!.copy(from: Tensor([Float(0.5), -0.25]))
      results["layer norm"] = layerNorm(a)
      results["transposed conv3d"] = transposed(clip)
      let features = BatchNorm3d(4, epsilon: 1e-5)(logits)
      results["batch norm of features"] = features
    }
    let queries = Tensor.keyed(17, shape: [2, 2, 5, 4])
    results["attention"] = scaledDotProductAttention(
      queries, .keyed(18, shape: [2, 2, 7, 4]), .keyed(19, shape: [2, 2, 7, 3]))
    results["batched matmul"] = queries.matmul(queries.permuted([0, 1, 3, 2]))
    results["sigmoid"] = (a * 3).sigmoid()
    results["tanh"] = (a * 3).tanh()
    results["gelu"] = (a * 3).gelu()
    results["l2 normalize"] = Tensor.concatenated([a, a * 0]).l2Normalized(1)
    results["mean squared error"] = meanSquaredError(a, b)
    results["weighted squared error"] = meanSquaredError(a, b, weights: row)
    results["info nce"] = crossEntropy(
      queries.flattened(through: 2).matmul(m), Tensor((0..<20).map { $0 % 2 }))
    results["relu"] = a.relu()
    results["max pool"] = MaxPool3d(kernel: Extent3(1, 3, 3), stride: Extent3(1, 2, 2))(clip)
    results["max pool padding"] = MaxPool3d(
      kernel: Extent3(1, 2, 2), stride: Extent3(1, 2, 2), padding: Extent3(0, 1, 0))(clip)
    results["average pool windows"] = AveragePool3d(
      kernel: Extent3(2, 3, 3), stride: Extent3(1, 2, 2), padding: Extent3(0, 1, 1))(clip)
    results["average pool"] = clip.globalAveragePool()
    results["cross entropy"] = crossEntropy(logits, labels)
    results["cross entropy smooth"] = crossEntropy(logits, labels, smoothing: 0.1)
    return results
  }

  @Test(arguments: DType.allCases)
  func everyTypeIsMadeAndConverted(dtype: DType) {
    let tensor = Tensor.full([2, 3], 1, dtype: dtype)
    #expect(tensor.dtype == dtype)
    #expect(tensor.to(.float64).array(of: Double.self) == [1, 1, 1, 1, 1, 1])
    #expect(Tensor([Float(0), 1, 1]).to(dtype).to(.int64).array(of: Int.self) == [0, 1, 1])
  }

  @Test func elementsRoundTrip() {
    #expect(Tensor([Int8(-128), 127]).array(of: Int8.self) == [-128, 127])
    #expect(Tensor([Int16.min, .max]).array(of: Int16.self) == [.min, .max])
    #expect(Tensor([Int32.min, .max]).array(of: Int32.self) == [.min, .max])
    #expect(Tensor([Int64.min, .max]).array(of: Int64.self) == [.min, .max])
    #expect(Tensor([UInt8(0), 255]).array(of: UInt8.self) == [0, 255])
    #expect(Tensor([true, false]).array(of: Bool.self) == [true, false])
    #expect(Tensor([0.1, -1e300]).array(of: Double.self) == [0.1, -1e300])
    #expect(Tensor([Float]()).array(of: Float.self) == [])
    #expect(Tensor(scalar: Float(2.5)).item == 2.5 && Tensor(scalar: 3).shape == [])
    // Row-major, regardless of the strides.
    #expect(
      Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]).permuted([1, 0]).array(of: Int.self)
        == [1, 4, 2, 5, 3, 6])
  }

  @Test func equalityIsOfShapeTypeAndElements() {
    let a = Tensor([Float(1), 2])
    #expect(a.isEqual(to: Tensor([Float(1), 2])))
    #expect(!a.isEqual(to: Tensor([Float(1), 3])))
    #expect(!a.isEqual(to: Tensor([1.0, 2.0])))
    #expect(!a.isEqual(to: Tensor([Float(1), 2], shape: [2, 1])))
    let odd = Tensor([Float.nan])
    #expect(!odd.isEqual(to: odd) && !odd.isFinite && a.isFinite)
    #expect(!Tensor([Float.infinity]).isFinite)
  }

  @Test func memoryFormatsReorderAndViewsShare() {
    let clip = Tensor.keyed(1, shape: [2, 3, 2, 4, 5])
    let last = clip.contiguous(.channelsLast3d)
    #expect(last.isContiguous(.channelsLast3d) && !last.isContiguous())
    #expect(last.strides == [120, 1, 60, 15, 3])
    #expect(last.isEqual(to: clip))
    let copy = clip.clone()
    copy.selected(0, 1).fill(7)
    #expect(copy.selected(0, 0).isEqual(to: clip.selected(0, 0)))
    #expect(copy.selected(0, 1).isEqual(to: .full([3, 2, 4, 5], 7)))
  }

  @Test func partsAreViewsInOrderHoweverMany() {
    let numbers = Tensor.indices(41)
    let parts = numbers.split(size: 2)
    #expect(parts.count == 21 && parts[20].array(of: Int.self) == [40])
    #expect(Tensor.concatenated(parts).isEqual(to: numbers))
    parts[3].fill(7)
    #expect(numbers.sliced(0, 5..<9).array(of: Int.self) == [5, 7, 7, 8])
    let columns = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]).chunked(3, axis: -1)
    #expect(columns.map { $0.array(of: Int.self) } == [[1, 4], [2, 5], [3, 6]])
    #expect(Tensor.indices(7).chunked(3).map(\.count) == [3, 3, 1])
  }

  @Test func devicesHaveNames() {
    for name in ["cpu", "meta", "cuda:0", "cuda:3"] {
      #expect(Device(name)?.description == name)
    }
    #expect(Device("cuda") == .cuda(0))
    for name in ["", "CPU", "cuda:", "cuda:-1", "cuda:x", "mps"] { #expect(Device(name) == nil) }
    #expect(Tensor.zeros([2], device: .meta).device == .meta)
  }

  @Test func noDeviceHasAReason() {
    #expect((Device.cudaProblem == nil) == (Device.cudaCount > 0))
    if !Runtime.configuration.contains("CUDA") {
      #expect(Device.cudaProblem == "this libtorch was built without CUDA")
    }
  }

  @Test func metaTensorsHaveShapesAndCostsOnly() {
    let layer = Conv3d(3, 64, kernel: Extent3(3, 7, 7), stride: Extent3(1, 2, 2), using: .meta)
    let output = layer(.uninitialized([8, 3, 16, 112, 112], device: .meta))
    #expect(output.shape == [8, 64, 16, 56, 56])
    let operations = OperationCounter.count {
      _ = layer(.uninitialized([1, 3, 16, 112, 112], device: .meta))
    }
    #expect(operations.multiplyAdds == 64 * 16 * 56 * 56 * 3 * 3 * 49)
    #expect(operations.convolutionOutputs == 64 * 16 * 56 * 56)
    let enlarging = ConvTranspose3d(
      4, 2, kernel: Extent3(2, 2, 2), stride: Extent3(2, 2, 2), using: .meta)
    let enlarged = OperationCounter.count {
      _ = enlarging(.uninitialized([1, 4, 3, 5, 6], device: .meta))
    }
    // One product for each of four channels in each of the output's cells.
    #expect(enlarged.multiplyAdds == 2 * 6 * 10 * 12 * 4)
  }

  @Test func metaShapesAreThoseOfTheCPU() {
    let shape = [2, 3, 5, 7, 8]
    let (kernel, stride, padding) = (Extent3(3, 2, 4), Extent3(2, 2, 1), Extent3(0, 1, 2))
    let layers: [(Generator) -> Layer] = [
      { Conv3d(3, 4, kernel: kernel, stride: stride, padding: padding, bias: true, using: $0) },
      { Conv3d(3, 4, kernel: kernel, stride: stride, using: $0) },
      {
        ConvTranspose3d(
          3, 4, kernel: kernel, stride: stride, padding: padding, using: $0)
      },
      { _ in MaxPool3d(kernel: kernel, stride: stride, padding: padding) },
      { _ in MaxPool3d(kernel: kernel, stride: stride) },
      { _ in AveragePool3d(kernel: kernel, stride: stride, padding: padding) },
    ]
    for layer in layers {
      let expected = layer(Generator(seed: 1))(.zeros(shape)).shape
      #expect(layer(.meta)(.uninitialized(shape, device: .meta)).shape == expected)
    }
  }

  @Test func runtimeKnowsItself() {
    #expect(Runtime.version.split(separator: ".").count >= 2)
    #expect(Runtime.configuration.contains("PyTorch"))
    #expect(!Runtime.cpuCapability.isEmpty)
    #expect(Runtime.threads >= 1)
  }
}

/// Wrong shapes trap; each test runs in a separate process.
@Suite struct FailureTests {
  private func report(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func wrongShapesNameTheOperatorAndBothShapes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([4])
    }
    let text = report(result)
    #expect(text.contains("add(float32[2, 3], float32[4])"), "\(text)")
    #expect(text.contains("must match the size of tensor b (4)"), "\(text)")
  }

  @Test func theHandlerDecidesHowTheProgramEnds() async {
    let result = await #expect(
      processExitsWith: .exitCode(42), observing: [\.standardErrorContent]
    ) {
      TorchError.onFailure { error in
        FileHandle.standardError.write(Data("\(error.kind) | \(error.call) | \(error)".utf8))
        exit(42)
      }
      _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([4, 5]))
    }
    let text = report(result)
    #expect(text.contains("libtorch | matmul(float32[2, 3], float32[4, 5]) | matmul("), "\(text)")
    #expect(text.contains("2x3 and 4x5"), "\(text)")
  }

  /// The CPU's allocator throws a plain error that the shim recognizes by a word in its text (`DefaultCPUAllocator`):
  /// this test fails if libtorch changes it.
  @Test func exhaustedMemoryIsRecognizedByLibtorchsText() async {
    let result = await #expect(
      processExitsWith: .exitCode(42), observing: [\.standardErrorContent]
    ) {
      TorchError.onFailure { error in
        FileHandle.standardError.write(Data("\(error)".utf8))
        exit(error.kind == .outOfMemory ? 42 : 1)
      }
      _ = Tensor.zeros([1 << 46])
    }
    #expect(report(result).contains("out of memory in zeros"), "\(report(result))")
  }

  @Test func indicesBeyondTheEndTrap() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2]).selected(0, 2) }
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([2]).gathered([Tensor([0, 5])])
    }
    await #expect(processExitsWith: .failure) { _ = Tensor([Float(1)]).array(of: Double.self) }
    await #expect(processExitsWith: .failure) { _ = Tensor([1, 2, 3], shape: [2, 2]) }
  }

  /// The arguments of a failed call are released: nothing accumulates if a program continues.
  @Test func errorsThatAreThrownLeakNothing() async {
    await #expect(processExitsWith: .success) {
      let good = Module()
      for _ in 0..<3 { try? good.load(["x": .zeros([2])]) }
      let before = Tensor.liveCount
      for _ in 0..<1000 { try? good.load(["x": .zeros([2])]) }
      exit(Tensor.liveCount == before ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }
}
