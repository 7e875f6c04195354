import Configuration
import Torch

/// How gradients become new weights: clipping, the optimizer with its schedule, and the moving average.
struct WeightUpdate {
  let optimizer: any Optimizer
  /// What is evaluated instead of the weights; nil for none.
  let average: ExponentialMovingAverage?
  private let schedule: CosineSchedule
  /// The norm to which larger gradients are scaled down; nil leaves them as they are.
  private let maxGradientNorm: Double?
  private let parameters: [Module.Parameter]

  init(
    of network: Module, optimizer: any Optimizer, schedule: CosineSchedule,
    maxGradientNorm: Double? = nil, averageDecay: Double? = nil
  ) {
    self.optimizer = optimizer
    self.schedule = schedule
    self.maxGradientNorm = maxGradientNorm
    average = averageDecay.map { ExponentialMovingAverage(of: network, decay: $0) }
    parameters = network.parameters
  }

  func clearGradients() { optimizer.clearGradients() }

  /// The learning rate of the step `step`, counted from 0.
  func learningRate(atStep step: Int) -> Double { schedule.rate(at: step) }

  /// One update by the gradients as they are; none if `isNotFinite` (float32 [] on the device) is not 0.
  func apply(atStep step: Int, unless isNotFinite: Tensor) {
    if let maxGradientNorm { clipGradients(of: parameters, toNorm: maxGradientNorm) }
    optimizer.step(learningRate: learningRate(atStep: step), unless: isNotFinite)
    average?.update()
  }

  /// Runs `body` with the weights that are evaluated in `network`, in evaluation mode.
  func withEvaluationWeights<Result>(in network: Module, _ body: () throws -> Result) rethrows
    -> Result
  {
    network.train(false)
    defer { network.train() }
    return if let average { try average.withAverages(body) } else { try body() }
  }
}
