import Configuration
import Pretext
import Torch
import VideoModels

/// Receives the events of a training and makes event files, curves or pictures of them. An observer reports its own
/// errors and continues: they never stop the training.
public protocol TrainingObserver: AnyObject {
  /// The run's folder exists, and the steps begin.
  func began(_ start: TrainingStart)
  /// A step was recorded.
  func stepped(_ record: StepRecord)
  /// A validation was recorded.
  func validated(_ record: ValidationRecord)
  /// An epoch is done. Its checkpoint is not written yet.
  func endedEpoch(_ epoch: EpochEnd)
  /// A checkpoint at the end of an epoch was written. `metrics` holds everything recorded so far.
  func saved(_ metrics: Metrics)
  /// The trained network was evaluated, and the results are in `folder`.
  func evaluated(_ evaluation: Evaluation, in folder: String)
  /// The training ended: it is finished or was stopped.
  func ended()
}

extension TrainingObserver {
  /// Does nothing.
  public func began(_ start: TrainingStart) {}
  /// Does nothing.
  public func stepped(_ record: StepRecord) {}
  /// Does nothing.
  public func validated(_ record: ValidationRecord) {}
  /// Does nothing.
  public func endedEpoch(_ epoch: EpochEnd) {}
  /// Does nothing.
  public func saved(_ metrics: Metrics) {}
  /// Does nothing.
  public func evaluated(_ evaluation: Evaluation, in folder: String) {}
  /// Does nothing.
  public func ended() {}
}

/// What observers receive when a training begins or resumes.
public struct TrainingStart {
  /// The run's folder.
  public let run: RunFolder
  /// Pre-training or fine-tuning.
  public let phase: TrainingPhase
  /// The architecture of the backbone.
  public let architecture: Architecture
  /// The names of the classes in the order of the logits; nil for a task without classes.
  public let classNames: [String]?
  /// The number of steps that were already done; nil for a new run.
  public let resumedAfterStep: Int?
  /// A preview of the training clips; nil if the run's folder already has one.
  public let preview: TaskPreview?
  /// A few validation clips to follow during training; nil if there are none or they have no classes.
  public let watchedClips: LabeledClips?
  /// What the network makes of a few validation samples at the moment; it is in evaluation mode. Nil for tasks that have
  /// nothing to show.
  public let result: (() -> TaskPreview?)?
  /// The normalization of the network's input.
  public let normalization: Normalization
  /// The number of sources or videos to train on.
  public let trainingSources: Int
  /// The number of sources or videos to validate on.
  public let validationSources: Int

  /// The maximum number of watched clips.
  static let watchedClipLimit = 4
}

/// The network at the end of an epoch.
public struct EpochEnd {
  /// The number of steps done.
  public let step: Int
  /// The epoch that ended, from 1.
  public let epoch: Int
  /// The total number of epochs.
  public let epochs: Int
  /// The network, with the gradients of its last step.
  public let network: Module
  /// Runs its body in evaluation mode, with the weights that are evaluated (the moving average if there is one).
  public let withEvaluationWeights: (_ body: () -> Void) -> Void
}
