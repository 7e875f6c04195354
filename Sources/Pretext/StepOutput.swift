import Torch

/// The network's output for a batch. All tensors stay on the device until they are read.
public struct StepOutput {
  /// The mean loss of the batch, float32 [], with the graph for differentiation.
  public var loss: Tensor
  /// Named parts of the loss or other measures, float32 [] each; the names are the same in every step.
  public var terms: [(name: String, value: Tensor)]
  /// The scores and labels; nil for tasks without classes.
  public var predictions: Predictions?
  /// The number of clips (or tuples, or samples) over which the mean is taken.
  public var count: Int

  /// The scores and labels of the clips of a batch.
  public struct Predictions {
    /// The scores, float [M, classes].
    public let logits: Tensor
    /// The labels, int64 [M].
    public let labels: Tensor

    /// Scores float [M, classes] with labels int64 [M].
    public init(logits: Tensor, labels: Tensor) {
      self.logits = logits
      self.labels = labels
    }

    /// The share of clips whose highest score is that of their label, float32 [].
    public var top1: Tensor {
      logits.detached().argmax(1).equal(to: labels).to(.float32).mean()
    }
  }

  /// The output for a batch; `loss` and the terms are float32 [].
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

extension StepOutput {
  /// The output of a task whose clips (or tuples, or samples) have classes: the mean cross-entropy in float32.
  ///
  /// - Parameters:
  ///   - logits: the scores, float [M, classes].
  ///   - labels: the labels, int64 [M].
  ///   - smoothing: the label smoothing of Szegedy et al. (2016); 0 for none.
  ///   - terms: named parts of the loss or other measures.
  public init(
    classifying logits: Tensor, as labels: Tensor, smoothing: Double = 0,
    terms: [(name: String, value: Tensor)] = []
  ) {
    self.init(
      loss: crossEntropy(logits.to(.float32), labels, smoothing: smoothing), terms: terms,
      predictions: Predictions(logits: logits, labels: labels), count: labels.count)
  }
}

/// Numbers that belong to a step and are set rather than measured, such as the range of MoSI's mask.
public struct Annotation: Hashable, Sendable {
  /// The name in records, in snake case.
  public let name: String
  /// One number, or the bounds of a range.
  public let values: [Double]

  /// An annotation with one number or the bounds of a range.
  public init(_ name: String, _ values: [Double]) {
    self.name = name
    self.values = values
  }
}
