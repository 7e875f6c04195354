import Configuration
import Torch

/// Turns gradients into new weights: the scale of the loss, gradient clipping, the optimizer with its schedule, and the
/// moving average.
struct WeightUpdate {
  let optimizer: any Optimizer
  /// The moving average, which is evaluated instead of the weights; nil for none.
  let average: ExponentialMovingAverage?
  /// The scale of the loss for float16; nil for none.
  let lossScale: LossScale?
  private let schedule: LearningRateSchedule
  /// Gradients with a larger norm are scaled down to it; nil leaves them unchanged.
  private let maxGradientNorm: Double?
  private let parameters: [Module.Parameter]

  init(
    of network: Module, optimizer: any Optimizer, schedule: LearningRateSchedule,
    maxGradientNorm: Double? = nil, averageDecay: Double? = nil, scalesLoss: Bool = false
  ) {
    self.optimizer = optimizer
    self.schedule = schedule
    self.maxGradientNorm = maxGradientNorm
    average = averageDecay.map { ExponentialMovingAverage(of: network, decay: $0) }
    parameters = network.parameters
    lossScale =
      scalesLoss ? LossScale(on: network.parameters.first?.tensor.device ?? .cpu) : nil
  }

  /// The loss, float32 [], from which gradients are computed.
  func scaled(_ loss: Tensor) -> Tensor { lossScale.map { loss * $0.factor } ?? loss }

  /// What processes share and checkpoints contain.
  var states: [StateDictionary] {
    [optimizer.state] + [average?.state, lossScale?.state].compactMap(\.self)
  }

  func clearGradients() { optimizer.clearGradients() }

  /// The learning rate of a step, counted from 0.
  func learningRate(atStep step: Int) -> Double { schedule.rate(at: step) }

  /// Updates the weights once with the current gradients, unless `isNotFinite` (float32 [] on the device) is 1.
  func apply(atStep step: Int, unless isNotFinite: Tensor) {
    if let maxGradientNorm { clipGradients(of: parameters, toNorm: maxGradientNorm) }
    optimizer.step(learningRate: learningRate(atStep: step), unless: isNotFinite)
    // On a GPU, do not wait for the flag: after a suppressed step the average includes the unchanged weights once more.
    if isNotFinite.device != .cpu || isNotFinite.item == 0 { average?.update() }
  }

  /// Runs `body` in evaluation mode, with the weights of `network` that are evaluated.
  func withEvaluationWeights<Result>(in network: Module, _ body: () throws -> Result) rethrows
    -> Result
  {
    network.train(false)
    defer { network.train() }
    return if let average { try average.withAverages(body) } else { try body() }
  }
}
