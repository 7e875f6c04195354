/// The mean over the batch of the cross-entropy of `logits` [N, C] with the classes `labels` (int64 [N]);
/// label smoothing as in Szegedy et al. (2016), 0 for none.
public func crossEntropy(_ logits: Tensor, _ labels: Tensor, smoothing: Double = 0) -> Tensor {
  Operators.crossEntropy(
    .tensor(logits), .tensor(labels), .none, .default, .default, .double(smoothing))
}
