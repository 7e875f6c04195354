import Torch

/// Turns a backbone's output into features, instead of averaging over time and space. It can be, for example, a recurrent
/// network over time, which a pretext task has trained with the backbone and which fine-tuning keeps.
///
/// Input [N, C, t, h, w], output [N, ``featureCount``].
open class FeatureAggregator: Layer {
  /// The number of features of a clip.
  open var featureCount: Int {
    preconditionFailure("\(type(of: self)) does not say how many features it gives")
  }
}
