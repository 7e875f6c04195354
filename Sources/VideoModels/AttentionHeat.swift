// Chefer, Gur, Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers" (ICCV
// 2021), section 3, for self-attention (eq. 5 and 6).

import Torch

extension VideoClassifier {
  /// Computes what tokens of clips contribute to their labels through the attention of all blocks, as
  /// ``heat(_:by:labels:among:)`` says. Traps if the network is not a transformer.
  ///
  /// With the weights A of a block's attention and the gradients of the label's score by them, the mean over the heads of
  /// relu(A * gradient) is added to the product of those of all blocks before. Features are the mean over the tokens, and so
  /// is the map.
  public func attentionHeat(
    _ clips: Tensor, labels: [Int]? = nil, among candidates: [Int]? = nil
  ) -> HeatMaps {
    guard let transformer = backbone as? VisionTransformer else {
      preconditionFailure("\(type(of: backbone)) has no attention")
    }
    let batch = clips.shape[0]
    let mode = beginExplaining(batch, labels)
    defer { train(mode) }

    let parts = (0..<batch).map { place -> (map: Tensor, label: Int, logits: Tensor) in
      let clip = clips.sliced(0, place..<place + 1).divided(intoBlocks: blocks)
      let (map, steps) = withoutGradients { transformer.traced(clip) }
      // Also of a network whose weights are frozen.
      map.requiresGradient = true
      let (label, logits, gradient) = withGradients {
        let logits = classify(pooled(map))
        let label =
          labels?[place] ?? Self.likeliest(logits.detached(), among: candidates)[0]
        let score = logits.selected(1, label).sum()
        return (label, logits.detached(), score.gradients(by: [map])[0]!)
      }
      let uniform = Tensor.full(
        [blocks, 1, steps[0].tokens.shape[1]], 1 / Double(steps[0].tokens.shape[1]),
        device: clips.device)
      // From the last block back, so that the weights of one block at a time are in memory: those of all blocks and heads are
      // gigabytes for a large network. For each part of the clip, whose tokens have attention for each other only, the mean
      // row of the product.
      let (row, _) = steps.reversed().reduce(
        (uniform, VisionTransformer.tokens(gradient))
      ) { state, step in
        let (row, gradient) = state
        let (weights, gradients) = step.block.attention(of: step.tokens, gradient: gradient)
        return withoutGradients {
          let relevance = (weights * gradients.weights).relu().mean([1])
          return (row + row.matmul(relevance), gradients.tokens)
        }
      }
      let heat = withoutGradients {
        (row - uniform).reshaped([blocks, 1] + map.shape[2...]).joined(fromBlocks: blocks)
      }
      return (heat, label, logits)
    }
    return withoutGradients {
      HeatMaps(
        coarse: .concatenated(parts.map(\.map), axis: 0), for: clips.shape,
        labels: parts.map(\.label), logits: .concatenated(parts.map(\.logits), axis: 0))
    }
  }
}
