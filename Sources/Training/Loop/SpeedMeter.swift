/// Measures how fast steps go, and foretells the end.
struct SpeedMeter {
  private let clipsPerStep: Int
  /// The seconds of the last steps.
  private var window: [Double] = []
  private var losses: [Double] = []
  private var top1s: [Double] = []

  init(clipsPerStep: Int) { self.clipsPerStep = clipsPerStep }

  mutating func add(seconds: Double) {
    window.append(seconds)
    if window.count > 20 { window.removeFirst() }
  }

  /// Clips a second of the last step.
  var latest: Double { window.last.map { Double(clipsPerStep) / $0 } ?? 0 }

  mutating func progress(
    step: Int, totalSteps: Int, epoch: Int, epochs: Int, loss: Double, top1: Double
  ) -> TrainingProgress {
    losses.append(loss)
    top1s.append(top1)
    if losses.count > 20 {
      losses.removeFirst()
      top1s.removeFirst()
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
    let perStep = mean(window)
    return TrainingProgress(
      step: step, totalSteps: totalSteps, epoch: epoch, epochs: epochs, loss: mean(losses),
      top1: mean(top1s), clipsPerSecond: perStep > 0 ? Double(clipsPerStep) / perStep : 0,
      remainingSeconds: perStep * Double(totalSteps - step))
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
