/// Batch normalization over all axes but the channels (Ioffe and Szegedy 2015).
///
/// Input and output [N, C, T, H, W], or [N, C] for features. Running statistics as in PyTorch: the new value weighs `momentum`,
/// the variance is the unbiased one.
public final class BatchNorm3d: Layer {
  /// [C], one at first.
  public let scale: Tensor
  /// [C], zero at first.
  public let shift: Tensor
  /// [C].
  public let runningMean: Tensor
  /// [C].
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

/// Normalization of each vector of the last axis (Ba et al. 2016). Input and output [..., features].
public final class LayerNorm: Layer {
  /// [features], one at first.
  public let scale: Tensor
  /// [features], zero at first.
  public let shift: Tensor
  public let epsilon: Double

  public init(_ features: Int, epsilon: Double, device: Device = .cpu) {
    self.epsilon = epsilon
    scale = .ones([features], device: device)
    shift = .zeros([features], device: device)
    scale.requiresGradient = true
    shift.requiresGradient = true
  }

  public override var ownParameters: [Parameter] {
    [
      Parameter(name: "weight", tensor: scale, role: .normalization),
      Parameter(name: "bias", tensor: shift, role: .normalization),
    ]
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    Operators.layerNorm(
      .tensor(input), .ints(scale.shape), .tensor(scale), .tensor(shift), .double(epsilon))
  }
}
