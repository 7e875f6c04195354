// Grad-CAM: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization" (ICCV
// 2017), section 3, over space and time instead of space.

import Torch

/// Shows which places and times in clips support a label.
public struct GradCAM {
  /// The maps at the resolution of the stage, float32 [B, t, h, w], not negative: eq. 2.
  public let coarse: Tensor
  /// The maps at the size of the clips, float32 [B, T, H, W] in 0...1: enlarged trilinearly and divided by each map's
  /// maximum. If nothing in a clip supports its label, its map is 0.
  public let maps: Tensor
  /// The label of each map.
  public let labels: [Int]
  /// The network's logits, float32 [B, classes].
  public let logits: Tensor
}

extension VideoClassifier {
  /// Computes the Grad-CAM of clips.
  ///
  /// The network is used in evaluation mode. Its mode, its parameters' gradients and its running statistics do not
  /// change. The maps of a clip do not depend on the other clips of the batch, up to rounding.
  ///
  /// - Parameters:
  ///   - clips: float32 [B, 3, T, H, W], normalized, on the network's device.
  ///   - stage: the stage whose output is weighted. Later stages carry more meaning but locate less precisely.
  ///   - labels: a label for each clip; nil for the label with the highest logit.
  ///   - candidates: the labels from which that with the highest logit is chosen; nil for all.
  public func gradCAM(
    _ clips: Tensor, at stage: StageName, labels: [Int]? = nil, among candidates: [Int]? = nil
  ) -> GradCAM {
    let batch = clips.shape[0]
    precondition(
      labels.map { $0.count == batch } ?? true, "\(labels!.count) labels, \(batch) clips")
    let wasTraining = isTraining
    train(false)
    defer { train(wasTraining) }

    // Record nothing up to the stage.
    let activations = withoutGradients { backbone.output(of: stage, clips) }
    activations.requiresGradient = true
    let (logits, chosen, gradient) = withGradients {
      let logits = classify(pooled(backbone.output(from: stage, activations)))
      let chosen = labels ?? Self.likeliest(logits.detached(), among: candidates)
      let device = clips.device
      // In evaluation mode, clips are independent: the derivative of the sum contains those of all clips.
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
  /// The label with the highest logit for each clip; the first of several equal ones.
  private static func likeliest(_ logits: Tensor, among labels: [Int]?) -> [Int] {
    guard let labels else { return logits.argmax(1).array(of: Int.self) }
    return logits.to(.cpu).selected(1, indices: Tensor(labels)).argmax(1).array(of: Int.self)
      .map { labels[$0] }
  }
}
