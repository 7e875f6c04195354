import SafeFiles

/// The notice before the first step of a long training.
public enum CostNotice {
  /// The estimated seconds from which a training gets a notice.
  public static let threshold = 4.0 * 3600

  /// The throughput for a training of this number of operations. It is measured, which takes a few seconds, only if the training
  /// would get a notice on a slow CPU.
  public static func throughput(for operations: Double, measure: () -> Throughput) -> Throughput {
    let slow = Throughput(operationsPerSecond: 5e9, origin: "assumed: a slow CPU")
    return slow.seconds(operations) < threshold ? slow : measure()
  }

  /// - Parameters:
  ///   - estimate: the estimated time of the training.
  ///   - preset: the name and the estimated time of a smaller configuration. It is evaluated only if there is a notice,
  ///     and named only if it is much faster.
  /// - Returns: the notice, one sentence; nil if the training does not take long.
  public static func text(
    for estimate: TrainingEstimate, preset: (name: String, estimate: () -> TrainingEstimate?)
  ) -> String? {
    guard estimate.seconds >= threshold else { return nil }
    func rough(_ seconds: Double) -> String { Format.roughDuration(seconds) }
    let text =
      "on this machine this training takes about \(rough(estimate.seconds)) "
      + "(one step \(rough(estimate.secondsPerStep)))"
    guard let smaller = preset.estimate(), 4 * smaller.seconds < estimate.seconds else {
      return text
    }
    return text + "; for a laptop: --config \(preset.name) (\(rough(smaller.seconds)))"
  }
}
