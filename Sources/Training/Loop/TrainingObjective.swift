import Pretext
import Torch

/// What a training loop trains: batches, a loss, and a way to measure progress. The loop knows nothing else of the task.
protocol TrainingObjective: AnyObject {
  /// Inputs and targets on the device.
  associatedtype Batch

  /// What is trained: every parameter that is not frozen.
  var network: Module { get }

  /// The names of the classes in the order of the logits; nil if there are none.
  var classNames: [String]? { get }

  /// The next batch of the plan; asked for in order.
  func nextBatch(_ place: BatchPlace) throws -> Batch

  func evaluate(_ batch: Batch) -> StepOutput

  /// What records say about a step at this progress (0 to 1) beside what was measured.
  func annotations(at progress: Double) -> [Annotation]

  /// Whether the network is validated at the end of an epoch, counted from 1.
  func validates(afterEpoch epoch: Int) -> Bool

  /// Measures the network, which is in evaluation mode; nil if there is nothing to validate on.
  ///
  /// - Parameter progress: called with the finished and the total number of sources; an error that it throws ends the work.
  func validate(progress: (_ done: Int, _ total: Int) throws -> Void) throws -> ValidationResult?

  /// The names of the sources of the samples at these positions of the run, for messages.
  func sources(ofSamples positions: Range<Int>) -> [String]

  /// The indices of the sources that could not be used so far.
  var skippedSources: [Int] { get }
}

extension TrainingObjective {
  func annotations(at progress: Double) -> [Annotation] { [] }
  func validates(afterEpoch epoch: Int) -> Bool { true }
}

/// How a network does on what it has not been trained on.
struct ValidationResult {
  /// The mean over the clips.
  let loss: Double
  /// The share of the clips that are recognized; nil without classes.
  let top1: Double?
  /// By class; nil for a class of which there are no clips.
  var top1PerLabel: [Double?] = []
  /// Named parts of the loss and measures beside it, means over the clips.
  var terms: [String: Double] = [:]
  /// The number of sources or videos.
  let sourceCount: Int
}
