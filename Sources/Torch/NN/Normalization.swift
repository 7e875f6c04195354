/// Batch normalization over all axes except the channels (Ioffe and Szegedy 2015).
///
/// Input and output are [N, C, T, H, W], or [N, C] for features. Running statistics are those of PyTorch: the new value
/// has the weight `momentum`, and the variance is unbiased.
public final class BatchNorm3d: Layer {
  /// The scale γ, [C]; initially 1.
  public let scale: Tensor
  /// The shift β, [C]; initially 0.
  public let shift: Tensor
  /// The running mean, [C].
  public let runningMean: Tensor
  /// The running variance, [C].
  public let runningVariance: Tensor
  /// The number of batches in the running statistics, int64 [].
  public let batchesTracked: Tensor
  /// The number that is added to the variance.
  public let epsilon: Double
  /// The weight of a batch in the running statistics.
  public let momentum: Double

  /// A normalization of `channels` channels on `device`.
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

/// Layer normalization: normalizes each vector along the last axis (Ba et al. 2016). Input and output [..., features].
public final class LayerNorm: Layer {
  /// The scale γ, [features]; initially 1.
  public let scale: Tensor
  /// The shift β, [features]; initially 0.
  public let shift: Tensor
  /// The number that is added to the variance.
  public let epsilon: Double

  /// A normalization of vectors of size `features` on `device`.
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
