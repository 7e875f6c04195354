/// Receives the progress of a training, and can request that it stop.
public protocol TrainingReporter: AnyObject, Sendable {
  /// A message.
  func note(_ text: String)
  /// A warning: a problem that does not stop the run.
  func warn(_ text: String)
  /// A step is done, and its loss was read.
  func stepped(_ progress: TrainingProgress)
  /// `done` of `total` videos or sources are evaluated.
  func evaluating(_ done: Int, of total: Int)
  /// A validation is done.
  func validated(_ record: ValidationRecord)
  /// True when the run should save a checkpoint and stop.
  var wantsToStop: Bool { get }
}

extension TrainingReporter {
  /// Does nothing.
  public func evaluating(_ done: Int, of total: Int) {}
}

/// The progress of a training.
public struct TrainingProgress: Sendable {
  /// The number of steps done.
  public let step: Int
  /// The number of steps of the whole run.
  public let totalSteps: Int
  /// The current epoch, from 1.
  public let epoch: Int
  /// The total number of epochs.
  public let epochs: Int
  /// The mean loss of the latest steps (at most 20).
  public let loss: Double
  /// The mean accuracy of these steps, from 0 to 1; nil for tasks without classes.
  public let top1: Double?
  /// Clips per second, averaged over these steps.
  public let clipsPerSecond: Double
  /// Estimated seconds to the end of the training.
  public let remainingSeconds: Double
}
