/// The mean cross-entropy over the rows of `logits` [N, C] with the classes `labels` (int64 [N], in 0..<C), in nats;
/// float32 []. Label smoothing is that of Szegedy et al. (2016), 0 for none.
///
/// The classes can be candidates: with the products of predictions and targets as logits, and each row's own target as
/// its label, this is InfoNCE (van den Oord et al. 2018).
public func crossEntropy(_ logits: Tensor, _ labels: Tensor, smoothing: Double = 0) -> Tensor {
  Operators.crossEntropy(
    .tensor(logits), .tensor(labels), .none, .default, .default, .double(smoothing))
}

/// The mean cross-entropy over the rows of `logits` [N, C] with distributions of the classes, `targets` [N, C] with rows
/// that sum to 1, in nats; float32 [].
public func crossEntropy(_ logits: Tensor, distributions targets: Tensor) -> Tensor {
  precondition(
    logits.shape == targets.shape,
    "logits of shape \(logits.shape) and distributions of shape \(targets.shape)")
  return -(targets * logits.logSoftmax(1)).sum([1]).mean()
}

/// The mean squared difference of two tensors with the same shape; float32 [].
///
/// - Parameters:
///   - prediction: a tensor of any shape.
///   - target: a tensor of the same shape.
///   - weights: broadcast against both. Each squared difference is multiplied by its weight; the mean is over all
///     elements, including those of weight zero.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor, weights: Tensor? = nil)
  -> Tensor
{
  precondition(
    prediction.shape == target.shape,
    "a prediction of shape \(prediction.shape) and a target of shape \(target.shape)")
  let difference = prediction - target
  let squares = difference * difference
  return (weights.map { squares * $0 } ?? squares).mean()
}
