import SafeFiles

/// The notice that a training takes long, which stands before its first step.
public enum CostNotice {
  /// The seconds from which on a training is worth a notice.
  public static let threshold = 4.0 * 3600

  /// - Parameters:
  ///   - estimate: how long the training takes.
  ///   - preset: the name of a smaller configuration, and how long that takes; it is asked for only if there is a notice,
  ///     and named only if it is much faster.
  /// - Returns: the notice in one sentence; nil if the training does not take long.
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
