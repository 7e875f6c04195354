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

    // Clip by clip: the weights of all blocks and heads are many times as large as a clip.
    let parts = (0..<batch).map { place -> (map: Tensor, label: Int, logits: Tensor) in
      let (map, label, logits, weights, gradients) = withGradients {
        let clip = clips.sliced(0, place..<place + 1).divided(intoBlocks: blocks)
        let (map, weights) = transformer.attended(clip)
        let logits = classify(pooled(map))
        let label =
          labels?[place] ?? Self.likeliest(logits.detached(), among: candidates)[0]
        let score = logits.selected(1, label).sum()
        return (
          map.detached(), label, logits.detached(), weights.map { $0.detached() },
          score.gradients(by: weights).map { $0! }
        )
      }
      let heat = withoutGradients {
        let count = weights[0].shape[3]
        let uniform = Tensor.full([1, count], 1 / Double(count), device: clips.device)
        // The tokens of a part of the clip have attention for each other only.
        let parts = (0..<blocks).map { part in
          // The mean row of the product, from the last block of the network back.
          let row = zip(weights, gradients).reversed().reduce(uniform) { row, block in
            row + row.matmul((block.0 * block.1).selected(0, part).relu().mean([0]))
          }
          return (row - uniform).reshaped([1, 1] + map.shape[2...])
        }
        return Tensor.concatenated(parts, axis: 0).joined(fromBlocks: blocks)
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
