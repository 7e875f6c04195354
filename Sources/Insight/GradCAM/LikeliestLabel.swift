import Torch
import VideoModels

extension VideoClassifier {
  /// For each clip the one of `labels` with the greatest logit; the network must be in evaluation mode.
  ///
  /// - Parameters:
  ///   - labels: as the head counts them, from 0.
  ///   - clips: float32 [B, 3, T, H, W], normalized, on the network's device.
  func likeliest(of labels: [Int], in clips: Tensor) -> [Int] {
    let logits = withoutGradients { self(clips) }.to(.cpu)
    return logits.selected(1, indices: Tensor(labels)).argmax(1).array(of: Int.self)
      .map { labels[$0] }
  }
}
