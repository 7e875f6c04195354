import Configuration
import MoSI

extension Weights {
  /// The paper's task if the network was pre-trained with it; nil for other tasks, for fine-tuned networks and for files
  /// that do not name the task.
  public var mosi: MotionFromStaticImages? {
    guard let pretraining, pretraining.task.kind == .mosi else { return nil }
    return pretraining.motionTask
  }
}
