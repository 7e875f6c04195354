/// The mean over the rows of the cross-entropy of `logits` [N, C] with the classes `labels` (int64 [N], in 0..<C);
/// label smoothing as in Szegedy et al. (2016), 0 for none. float32 [].
///
/// The classes can be candidates: with the products of predictions and targets as logits and each row's own target as
/// its label this is InfoNCE (van den Oord et al. 2018).
public func crossEntropy(_ logits: Tensor, _ labels: Tensor, smoothing: Double = 0) -> Tensor {
  Operators.crossEntropy(
    .tensor(logits), .tensor(labels), .none, .default, .default, .double(smoothing))
}

/// The mean over all elements of the squared difference of two tensors of one shape.
///
/// - Parameters:
///   - prediction: of any shape.
///   - target: of the same shape.
///   - weights: broadcast against both; each squared difference is multiplied by its weight, and the mean is still over all
///     elements, those of weight zero included.
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
