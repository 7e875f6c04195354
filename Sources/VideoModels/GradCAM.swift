// Grad-CAM: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization"
// (ICCV 2017), section 3, with space and time in place of space.

import Torch

/// Where in clips a network finds what speaks for a label.
public struct GradCAM {
  /// The maps as the stage gives them, float32 [B, t, h, w] from 0 on: eq. 2.
  public let coarse: Tensor
  /// The maps at the clips' extents, float32 [B, T, H, W] in 0...1: each trilinearly enlarged and divided by its
  /// greatest value. A clip in which nothing speaks for its label has 0 everywhere.
  public let maps: Tensor
  /// The labels that the maps are of.
  public let labels: [Int]
  /// The network's logits, float32 [B, classes].
  public let logits: Tensor
}

extension VideoClassifier {
  /// The Grad-CAM of clips.
  ///
  /// The network works in evaluation mode and is left as it was: its mode, its parameters' gradients and its running
  /// statistics do not change. A clip's maps do not depend on the others of its batch, up to rounding.
  ///
  /// - Parameters:
  ///   - clips: float32 [B, 3, T, H, W], normalized, on the network's device.
  ///   - stage: whose output is weighed; later stages mean more and tell less exactly where.
  ///   - labels: a label for each clip; nil takes the one with the greatest logit.
  ///   - candidates: the labels among which the one with the greatest logit is taken; nil for all.
  public func gradCAM(
    _ clips: Tensor, at stage: StageName, labels: [Int]? = nil, among candidates: [Int]? = nil
  ) -> GradCAM {
    let batch = clips.shape[0]
    precondition(
      labels.map { $0.count == batch } ?? true, "\(labels!.count) labels, \(batch) clips")
    let wasTraining = isTraining
    train(false)
    defer { train(wasTraining) }

    // Up to the stage nothing is to be recorded.
    let activations = withoutGradients { backbone.output(of: stage, clips) }
    activations.requiresGradient = true
    let (logits, chosen, gradient) = withGradients {
      let logits = classify(pooled(backbone.output(from: stage, activations)))
      let chosen = labels ?? Self.likeliest(logits.detached(), among: candidates)
      let device = clips.device
      // In evaluation mode the clips do not mix: one derivative of the sum is those of all.
      let scores = logits.gathered([
        Tensor.indices(batch, device: device), Tensor(chosen).to(device),
      ])
      return (logits.detached(), chosen, scores.sum().gradients(by: [activations])[0]!)
    }
    activations.requiresGradient = false

    return withoutGradients {
      let weights = gradient.mean([2, 3, 4], keepingAxes: true)  // eq. 1
      let coarse = (activations * weights).sum([1], keepingAxes: true).relu()
      let extents = clips.shape.suffix(3).map { $0 }
      let enlarged = coarse.resizedTrilinearly(to: Extent3(extents[0], extents[1], extents[2]))
      let greatest = enlarged.max([1, 2, 3, 4], keepingAxes: true)
      let divisor = greatest.equal(to: 0).choose(greatest + 1, greatest)
      return GradCAM(
        coarse: coarse.squeezed(1), maps: (enlarged / divisor).squeezed(1), labels: chosen,
        logits: logits)
    }
  }
}

extension VideoClassifier {
  /// For each clip the label with the greatest logit; of equal ones the first.
  private static func likeliest(_ logits: Tensor, among labels: [Int]?) -> [Int] {
    guard let labels else { return logits.argmax(1).array(of: Int.self) }
    return logits.to(.cpu).selected(1, indices: Tensor(labels)).argmax(1).array(of: Int.self)
      .map { labels[$0] }
  }
}
