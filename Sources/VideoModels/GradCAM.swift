// Grad-CAM: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization" (ICCV
// 2017), section 3, over space and time instead of space.

import Torch

extension VideoClassifier {
  /// Computes the Grad-CAM of clips, as ``heat(_:by:labels:among:)`` says; the coarse maps are those of eq. 2.
  ///
  /// - Parameters:
  ///   - clips: float32 [B, 3, T, H, W], normalized, on the network's device.
  ///   - stage: the stage whose output is weighted. Later stages carry more meaning but locate less precisely.
  ///   - labels: a label for each clip; nil for the label with the highest logit.
  ///   - candidates: the labels from which that with the highest logit is chosen; nil for all.
  public func gradCAM(
    _ clips: Tensor, at stage: StageName, labels: [Int]? = nil, among candidates: [Int]? = nil
  ) -> HeatMaps {
    let batch = clips.shape[0]
    let mode = beginExplaining(batch, labels)
    defer { train(mode) }
    // Record nothing up to the stage.
    let activations = withoutGradients {
      backbone.output(of: stage, clips.divided(intoBlocks: blocks)).joined(fromBlocks: blocks)
    }
    activations.requiresGradient = true
    let (logits, chosen, gradient) = withGradients {
      let logits = classify(
        pooled(backbone.output(from: stage, activations.divided(intoBlocks: blocks))))
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
      return HeatMaps(coarse: coarse, for: clips.shape, labels: chosen, logits: logits)
    }
  }
}
