/// Measures the speed of steps and estimates the remaining time.
struct SpeedMeter {
  private let clipsPerStep: Int
  /// The seconds of the latest steps.
  private var seconds = RecentValues()
  private var losses = RecentValues()
  private var top1s = RecentValues()

  init(clipsPerStep: Int) { self.clipsPerStep = clipsPerStep }

  mutating func add(seconds: Double) { self.seconds.add(seconds) }

  /// Clips per second of the latest step.
  var latest: Double { seconds.last.map { Double(clipsPerStep) / $0 } ?? 0 }

  mutating func progress(
    step: Int, totalSteps: Int, epoch: Int, epochs: Int, loss: Double, top1: Double?
  ) -> TrainingProgress {
    if loss.isFinite { losses.add(loss) }
    if let top1 { top1s.add(top1) }
    let perStep = seconds.mean
    return TrainingProgress(
      step: step, totalSteps: totalSteps, epoch: epoch, epochs: epochs, loss: losses.mean,
      top1: top1 == nil ? nil : top1s.mean,
      clipsPerSecond: perStep > 0 ? Double(clipsPerStep) / perStep : 0,
      remainingSeconds: perStep * Double(totalSteps - step))
  }
}

/// The latest values of a series.
private struct RecentValues {
  private static let limit = 20
  private var values: [Double] = []

  mutating func add(_ value: Double) {
    values.append(value)
    if values.count > Self.limit { values.removeFirst() }
  }

  var last: Double? { values.last }
  var mean: Double { values.reduce(0, +) / Double(max(values.count, 1)) }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
