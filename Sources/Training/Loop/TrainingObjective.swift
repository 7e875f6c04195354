import Pretext
import Torch

/// What a training loop trains: it provides batches, a loss and a validation. The loop knows nothing else about the task.
protocol TrainingObjective: AnyObject {
  /// Inputs and targets on the device.
  associatedtype Batch

  /// The network. All of its parameters that are not frozen are trained.
  var network: Module { get }

  /// The names of the classes in the order of the logits; nil if there are none.
  var classNames: [String]? { get }

  /// The next batch. The loop calls this in the order of the plan.
  func nextBatch(_ place: BatchPlace) throws -> Batch

  func evaluate(_ batch: Batch) -> StepOutput

  /// Values that are recorded with a step in addition to the measured ones; `progress` is from 0 to 1.
  func annotations(at progress: Double) -> [Annotation]

  /// Whether the network is validated at the end of this epoch (from 1).
  func validates(afterEpoch epoch: Int) -> Bool

  /// Evaluates the network, which is in evaluation mode, on the validation set; nil if there is none.
  ///
  /// - Parameter progress: called with the number of finished sources and their total; an error that it throws stops the
  ///   validation.
  func validate(progress: (_ done: Int, _ total: Int) throws -> Void) throws -> ValidationResult?

  /// The names of the sources of the samples at these positions of the run, for error messages.
  func sources(ofSamples positions: Range<Int>) -> [String]

  /// The indices of the sources skipped so far because they cannot be read.
  var skippedSources: [Int] { get }
}

extension TrainingObjective {
  func annotations(at progress: Double) -> [Annotation] { [] }
  func validates(afterEpoch epoch: Int) -> Bool { true }
}

/// The result of a validation.
struct ValidationResult {
  /// The mean over the clips.
  let loss: Double
  /// The share of the clips that are classified correctly; nil for tasks without classes.
  let top1: Double?
  /// The accuracy of each class; nil for a class without clips.
  var top1PerLabel: [Double?] = []
  /// Named parts of the loss and other measures: means over the clips.
  var terms: [String: Double] = [:]
  /// The number of sources or videos that were evaluated.
  let sourceCount: Int
}
