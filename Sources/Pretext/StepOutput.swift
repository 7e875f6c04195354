import Torch

/// What a network makes of one batch. Every tensor stays on the device until somebody reads it.
public struct StepOutput {
  /// The mean loss over the batch, float32 [], with the graph to differentiate it.
  public var loss: Tensor
  /// Named parts of the loss, or measures beside it, float32 [] each; the names are the same in every step.
  public var terms: [(name: String, value: Tensor)]
  /// Scores and labels, for tasks with classes.
  public var predictions: Predictions?
  /// The number of clips (or tuples, or samples) that the mean is over.
  public var count: Int

  /// What a network with classes says about the clips of a batch.
  public struct Predictions {
    /// float [M, classes].
    public let logits: Tensor
    /// int64 [M].
    public let labels: Tensor

    public init(logits: Tensor, labels: Tensor) {
      self.logits = logits
      self.labels = labels
    }

    /// The share of the clips whose highest score is their label's, float32 [].
    public var top1: Tensor {
      logits.detached().argmax(1).equal(to: labels).to(.float32).mean()
    }
  }

  public init(
    loss: Tensor, terms: [(name: String, value: Tensor)] = [], predictions: Predictions? = nil,
    count: Int
  ) {
    self.loss = loss
    self.terms = terms
    self.predictions = predictions
    self.count = count
  }
}

/// Numbers that belong to a step and are not measured: for MoSI the range of the mask.
public struct Annotation: Hashable, Sendable {
  /// In snake case, as records name it.
  public let name: String
  /// One number, or the lower and the upper bound of a range.
  public let values: [Double]

  public init(_ name: String, _ values: [Double]) {
    self.name = name
    self.values = values
  }
}
