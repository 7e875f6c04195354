/// Hears how a training proceeds, and may end it.
public protocol TrainingReporter: AnyObject, Sendable {
  /// Something worth a line.
  func note(_ text: String)
  /// Something wrong that does not stop the run.
  func warn(_ text: String)
  /// A step is done.
  func stepped(_ progress: TrainingProgress)
  /// The network has been evaluated on this number of the videos.
  func evaluating(_ done: Int, of total: Int)
  /// A validation is done.
  func validated(_ record: ValidationRecord)
  /// True once the person wants the run to save and leave.
  var wantsToStop: Bool { get }
}

extension TrainingReporter {
  public func evaluating(_ done: Int, of total: Int) {}
}

/// How far a training is.
public struct TrainingProgress: Sendable {
  public let step: Int
  public let totalSteps: Int
  /// From 1.
  public let epoch: Int
  public let epochs: Int
  /// Means over the last steps.
  public let loss: Double
  /// nil without classes.
  public let top1: Double?
  public let clipsPerSecond: Double
  /// Seconds to the end at the present speed.
  public let remainingSeconds: Double
}
