/// An extent in time, height and width.
public struct Extent3: Hashable, Sendable {
  public var time: Int
  public var height: Int
  public var width: Int

  public init(_ time: Int, _ height: Int, _ width: Int) {
    self.time = time
    self.height = height
    self.width = width
  }

  public static let one = Extent3(1, 1, 1)

  var array: [Int] { [time, height, width] }

  /// The padding that keeps the extent of a convolution of this odd kernel.
  var same: Extent3 { Extent3(time / 2, height / 2, width / 2) }
}

/// A 3D convolution without bias, padded by half its kernel.
///
/// Input [N, Cin, T, H, W], output [N, Cout, T', H', W'].
public final class Conv3d: Layer {
  /// [Cout, Cin, kernel time, height, width].
  public let weight: Tensor
  public let kernel: Extent3
  public let stride: Extent3

  /// Weights from the normal distribution of He et al. (2015) with the gain of ReLU and the fan-out, drawn
  /// from libtorch's generator.
  public init(
    _ input: Int, _ output: Int, kernel: Extent3, stride: Extent3 = .one, device: Device = .cpu
  ) {
    self.kernel = kernel
    self.stride = stride
    let fanOut = output * kernel.time * kernel.height * kernel.width
    let deviation = (2 / Double(fanOut)).squareRoot()
    weight = (Tensor.normal([output, input] + kernel.array, device: device) * deviation)
      .contiguous(.channelsLast3d)
    weight.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [Parameter(name: "weight", tensor: weight, role: .weight)]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    let output =
      input.device == .meta
      ? Tensor.uninitialized(
        [input.shape[0], weight.shape[0]]
          + outputExtents(input.shape, kernel: kernel, stride: stride), device: .meta)
      : Operators.conv3d(
        .tensor(input), .tensor(weight), .none, .ints(stride.array), .ints(kernel.same.array))
    if let counter = OperationCounter.current {
      let shape = weight.shape
      counter.multiplyAdds += output.count * shape[1...].reduce(1, *)
    }
    return output
  }
}

/// The extents of a convolution's or pooling's output, padded by half the kernel. On the device ``Device/meta`` libtorch
/// leaves them to us.
private func outputExtents(_ input: [Int], kernel: Extent3, stride: Extent3) -> [Int] {
  zip(input.suffix(3), zip(kernel.array, stride.array)).map { extent, pair in
    (extent + 2 * (pair.0 / 2) - pair.0) / pair.1 + 1
  }
}

/// Batch normalization over all axes but the channels (Ioffe and Szegedy 2015).
///
/// Input and output [N, C, T, H, W]. Running statistics as in PyTorch: the new value weighs `momentum`,
/// the variance is the unbiased one.
public final class BatchNorm3d: Layer {
  public let scale: Tensor
  public let shift: Tensor
  public let runningMean: Tensor
  public let runningVariance: Tensor
  /// The number of batches that the running statistics have seen, int64 [].
  public let batchesTracked: Tensor
  public let epsilon: Double
  public let momentum: Double

  public init(_ channels: Int, epsilon: Double, momentum: Double = 0.1, device: Device = .cpu) {
    self.epsilon = epsilon
    self.momentum = momentum
    scale = .ones([channels], device: device)
    shift = .zeros([channels], device: device)
    runningMean = .zeros([channels], device: device)
    runningVariance = .ones([channels], device: device)
    batchesTracked = .zeros([], dtype: .int64, device: device)
    scale.requiresGradient = true
    shift.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [
      Parameter(name: "weight", tensor: scale, role: .normalization),
      Parameter(name: "bias", tensor: shift, role: .normalization),
    ]
  }

  public override var ownBuffers: [(name: String, tensor: Tensor)] {
    [
      ("running_mean", runningMean), ("running_var", runningVariance),
      ("num_batches_tracked", batchesTracked),
    ]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if input.device == .meta { return input }
    if isTraining { withoutGradients { _ = batchesTracked.increment() } }
    return Operators.batchNorm(
      .tensor(input), .tensor(scale), .tensor(shift), .tensor(runningMean),
      .tensor(runningVariance),
      .bool(isTraining), .double(momentum), .double(epsilon), .bool(true))
  }
}

/// `x W^T + b`. Input [..., in], output [..., out].
public final class Linear: Layer {
  /// [out, in].
  public let weight: Tensor
  /// [out].
  public let bias: Tensor

  /// Weights from the normal distribution of deviation 0.01, drawn from libtorch's generator; no bias.
  public init(_ input: Int, _ output: Int, device: Device = .cpu) {
    weight = Tensor.normal([output, input], device: device) * 0.01
    bias = .zeros([output], device: device)
    weight.requiresGradient = true
    bias.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [
      Parameter(name: "weight", tensor: weight, role: .weight),
      Parameter(name: "bias", tensor: bias, role: .bias),
    ]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if let counter = OperationCounter.current {
      counter.multiplyAdds += input.count / weight.shape[1] * weight.count
    }
    return Operators.linear(.tensor(input), .tensor(weight), .tensor(bias))
  }
}

/// The greatest element of each window. Input [N, C, T, H, W].
public final class MaxPool3d: Layer {
  let kernel: Extent3
  let stride: Extent3

  /// Pads by half the kernel with minus infinity.
  public init(kernel: Extent3, stride: Extent3) {
    self.kernel = kernel
    self.stride = stride
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if input.device == .meta {
      return .uninitialized(
        input.shape.prefix(2) + outputExtents(input.shape, kernel: kernel, stride: stride),
        device: .meta)
    }
    return Operators.maxPool3d(
      .tensor(input), .ints(kernel.array), .ints(stride.array), .ints(kernel.same.array))
  }
}

/// Sets elements to zero with probability `p` while training, and scales the rest by 1 / (1 - p).
public final class Dropout: Layer {
  let p: Double

  public init(_ p: Double) { self.p = p }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining, input.device == .cpu, 0 < p, p < 1 else {
      return Operators.dropout(.tensor(input), .double(p), .bool(isTraining))
    }
    // What libtorch's operator does on the CPU; of that nobody can say what it is to draw from.
    let kept = Operators.emptyLike(.tensor(input))
    Operators.bernoulliInPlace(.tensor(kept), .double(1 - p), .generator(.cpu))
    return input * Operators.divideScalarInPlace(.tensor(kept), .double(1 - p))
  }
}

extension Tensor {
  /// Elements below zero become zero.
  public func relu() -> Tensor { Operators.relu(.tensor(self)) }

  /// ``relu()`` in place: for results that nothing else holds and whose own derivative does not need them.
  public func reluInPlace() -> Tensor { Operators.reluInPlace(.tensor(self)) }

  /// The tensor [N, C, T, H, W] at other extents, trilinearly between the centres of its cells; beyond the outermost
  /// ones it is constant. (PyTorch's `align_corners=False`.)
  public func resizedTrilinearly(to extents: Extent3) -> Tensor {
    Operators.upsampleTrilinear3d(.tensor(self), .ints(extents.array), .bool(false))
  }

  /// The mean over time, height and width: [N, C, T, H, W] to [N, C].
  public func globalAveragePool() -> Tensor { mean([2, 3, 4]) }
}

/// The mean over the batch of the cross-entropy of `logits` [N, C] with the classes `labels` (int64 [N]);
/// label smoothing as in Szegedy et al. (2016), 0 for none.
public func crossEntropy(_ logits: Tensor, _ labels: Tensor, smoothing: Double = 0) -> Tensor {
  Operators.crossEntropy(
    .tensor(logits), .tensor(labels), .none, .default, .default, .double(smoothing))
}

/// Counts the multiply-adds of the convolutions and linear layers that run inside ``count(_:)``.
public final class OperationCounter: @unchecked Sendable {
  @TaskLocal static var current: OperationCounter?
  var multiplyAdds = 0

  /// The multiply-adds of `body`; tensors on the device ``Device/meta`` make it free of cost.
  public static func count(_ body: () -> Void) -> Int {
    let counter = OperationCounter()
    $current.withValue(counter) { body() }
    return counter.multiplyAdds
  }
}
