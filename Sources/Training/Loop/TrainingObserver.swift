import Configuration
import Pretext
import Torch
import VideoModels

/// Hears what a training does, and makes something of it: event files, curves, pictures. Trouble with that never stops the
/// training: an observer reports it and goes on.
public protocol TrainingObserver: AnyObject {
  /// The run's folder is there, and the steps begin.
  func began(_ start: TrainingStart)
  /// A step that is recorded is done.
  func stepped(_ record: StepRecord)
  func validated(_ record: ValidationRecord)
  /// An epoch is over; its checkpoint is still to be written.
  func endedEpoch(_ epoch: EpochEnd)
  /// A checkpoint at the end of an epoch has been written; `metrics` holds everything recorded so far.
  func saved(_ metrics: Metrics)
  /// The trained network has been evaluated, and its files are in the folder.
  func evaluated(_ evaluation: Evaluation, in folder: String)
  /// The training is over, whether it is finished or was stopped.
  func ended()
}

extension TrainingObserver {
  public func began(_ start: TrainingStart) {}
  public func stepped(_ record: StepRecord) {}
  public func validated(_ record: ValidationRecord) {}
  public func endedEpoch(_ epoch: EpochEnd) {}
  public func saved(_ metrics: Metrics) {}
  public func evaluated(_ evaluation: Evaluation, in folder: String) {}
  public func ended() {}
}

/// What observers are told of a training when it begins or resumes.
public struct TrainingStart {
  public let run: RunFolder
  public let phase: TrainingPhase
  public let architecture: Architecture
  /// nil for a task without classes.
  public let classNames: [String]?
  /// The steps that are done before; nil for a new run.
  public let resumedAfterStep: Int?
  /// What is learned from; nil if the run's folder has it already.
  public let preview: TaskPreview?
  /// A few clips that are not trained on, to look at; nil if there are none, or they have no classes.
  public let watchedClips: LabeledClips?
  public let normalization: Normalization

  /// The greatest number of watched clips.
  static let watchedClipLimit = 4
}

/// The network at the end of an epoch.
public struct EpochEnd {
  public let step: Int
  /// From 1.
  public let epoch: Int
  public let epochs: Int
  /// With the gradients of its last step.
  public let network: Module
  /// Runs its body with the weights that are evaluated (the moving average if there is one), in evaluation mode.
  public let withEvaluationWeights: (_ body: () -> Void) -> Void
}
