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
  /// The processes over whose batches the statistics are computed while training; nil for this process's alone.
  var group: ProcessGroup?
  /// True if the statistics are those of the batches of several processes.
  public var isSynchronized: Bool { group != nil }

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
    countBatch()
    if isTraining, let group { return normalized(input, over: group) }
    let (mean, variance) = statistics
    return Operators.batchNorm(
      .tensor(input), .tensor(scale), .tensor(shift), .tensor(mean), .tensor(variance),
      .bool(isTraining), .double(momentum), .double(epsilon), .bool(true))
  }

  /// The normalized input [N, C, T, H, W] plus a residual of the same shape, and then ReLU if `relu` is true.
  public func callAsFunction(_ input: Tensor, adding residual: Tensor?, relu: Bool) -> Tensor {
    guard canFuse(input, residual) else {
      let output = self(input)
      let sum = residual.map { output + $0 } ?? output
      return relu ? sum.reluInPlace() : sum
    }
    countBatch()
    let (mean, variance) = statistics
    let results = Operators.fusedBatchNorm.tensors([
      .tensor(input), .optionalTensor(residual), .tensor(scale), .tensor(shift),
      .tensor(mean), .tensor(variance), .double(momentum), .double(epsilon), .bool(relu),
    ])
    return results[0]
  }

  private func countBatch() {
    guard isTraining, !Recomputation.isActive else { return }
    withoutGradients { _ = batchesTracked.increment() }
  }

  /// The running mean and variance, which a batch changes; copies if they contain the batch already.
  private var statistics: (mean: Tensor, variance: Tensor) {
    Recomputation.isActive
      ? (runningMean.clone(), runningVariance.clone()) : (runningMean, runningVariance)
  }

  /// What the normalization is in evaluation mode: a factor and a summand for each channel, both [C], which a convolution
  /// before it can take over. Nil while training, and while autograd records, so that gradients reach all parameters. They are
  /// computed from the current parameters and statistics each time.
  public var inferenceMap: (scale: Tensor, shift: Tensor)? {
    guard !isTraining, !isRecordingGradients else { return nil }
    let factor = scale / (runningVariance + epsilon).squareRoot()
    return (factor, shift - runningMean * factor)
  }

  // With the statistics of this process's batch: one operator in two passes over memory.
  private func canFuse(_ input: Tensor, _ residual: Tensor?) -> Bool {
    let types: [DType] =
      switch input.device {
      case .cpu: [.float32]
      case .cuda: Runtime.gpuKernels == .own ? [.float32, .bfloat16, .float16] : []
      case .meta: []
      }
    return isTraining && group == nil && types.contains(input.dtype)
      && scale.dtype == .float32 && input.rank == 5 && input.count > input.shape[1]
      && (residual.map { $0.dtype == input.dtype && $0.shape == input.shape } ?? true)
  }
}

extension BatchNorm3d {
  /// The same with mean and variance of the batches of all processes: sums over all of them take the place of the sums over
  /// one batch, and autograd sees them.
  private func normalized(_ input: Tensor, over group: ProcessGroup) -> Tensor {
    let values = input.to(.float32)
    let channels = values.shape[1]
    let axes = (0..<values.rank).filter { $0 != 1 }
    let shape = (0..<values.rank).map { $0 == 1 ? channels : 1 }
    func perChannel(_ tensor: Tensor) -> Tensor { tensor.reshaped(shape) }
    let ownCount = Tensor.full(
      [1], Double(values.count / channels), dtype: .float32, device: values.device)
    let sums = group.sum(.concatenated([values.sum(axes), ownCount]))
    // [1]: elements of a channel, in all processes.
    let count = sums.sliced(0, channels..<channels + 1)
    let mean = sums.sliced(0, 0..<channels) / count
    let centered = values - perChannel(mean)
    // Centered first: the difference of large squares would lose the digits of a small variance.
    let squares = group.sum((centered * centered).sum(axes))
    let deviation = (squares / count + epsilon).squareRoot()
    withoutGradients {
      let (runningMean, runningVariance) = statistics
      runningMean.scale(by: 1 - momentum).add(mean.detached(), scale: momentum)
      runningVariance.scale(by: 1 - momentum).add(
        (squares / (count - 1)).detached(), scale: momentum)
    }
    return (centered * perChannel(scale / deviation) + perChannel(shift)).to(input.dtype)
  }
}

extension Module {
  /// Makes every batch normalization at or below this part use, while training, mean and variance of the batches of all
  /// processes of `group`; nil for those of its own process. Every process must then run the same layers in the same order.
  public func synchronizeStatistics(over group: ProcessGroup?) {
    (self as? BatchNorm3d)?.group = group
    for child in children { child.module.synchronizeStatistics(over: group) }
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
    if input.device == .meta { return input }
    return Operators.layerNorm(
      .tensor(input), .ints(scale.shape), .tensor(scale), .tensor(shift), .double(epsilon))
  }
}
