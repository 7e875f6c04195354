// Vaswani et al., "Attention Is All You Need" (NIPS 2017), with normalizations before attention and MLP, as in ViT.

import Torch

/// Attention among the tokens of a clip, then a perceptron for each token; both add to their input. Input and output [N, K,
/// width].
public final class TransformerBlock: Layer {
  private let norm1: LayerNorm
  private let attention: SelfAttention
  private let norm2: LayerNorm
  private let perceptron: Perceptron
  private let dropPath: DropPath

  /// Draws weights from the distribution of Glorot and Bengio; biases are zero.
  ///
  /// - Parameters:
  ///   - width: the size of a token.
  ///   - heads: the number of heads of the attention.
  ///   - epsilon: the epsilon of the normalizations.
  ///   - dropPath: the probability with which each of the two branches is left out for a clip while training.
  ///   - generator: draws the weights. The block is made on its device.
  public init(
    width: Int, heads: Int, epsilon: Double, dropPath: Double = 0, using generator: Generator
  ) {
    norm1 = LayerNorm(width, epsilon: epsilon, device: generator.device)
    attention = SelfAttention(width, heads: heads, using: generator)
    norm2 = LayerNorm(width, epsilon: epsilon, device: generator.device)
    perceptron = Perceptron(width, using: generator)
    self.dropPath = DropPath(dropPath)
  }

  /// Drop path has no tensors and does not appear in names, but it needs the mode and the generator.
  public override var children: [(name: String, module: Module)] {
    [
      ("norm1", norm1), ("attn", attention), ("norm2", norm2), ("mlp", perceptron),
      ("drop_path", dropPath),
    ]
  }

  public override func callAsFunction(_ tokens: Tensor) -> Tensor {
    completed(tokens, attention(norm1(tokens)))
  }

  /// The weights of the attention of tokens, [N, heads, K, K], and the gradients of a score by them and by the tokens.
  ///
  /// - Parameters:
  ///   - tokens: the input, [N, K, width].
  ///   - gradient: the gradient of the score by the output, [N, K, width].
  func attention(of tokens: Tensor, gradient: Tensor) -> (
    weights: Tensor, gradients: (tokens: Tensor, weights: Tensor)
  ) {
    let input = tokens.detached()
    input.requiresGradient = true
    return withGradients {
      let (mixed, weights) = attention.attended(norm1(input))
      let score = (completed(input, mixed) * gradient).sum()
      let gradients = score.gradients(by: [input, weights])
      return (weights.detached(), (gradients[0]!, gradients[1]!))
    }
  }

  private func completed(_ tokens: Tensor, _ mixed: Tensor) -> Tensor {
    let attended = tokens + dropPath(mixed)
    return attended + dropPath(perceptron(norm2(attended)))
  }

  /// Two linear layers with a GELU between them, four times as wide inside.
  private final class Perceptron: Layer {
    private let first: Linear
    private let second: Linear

    init(_ width: Int, using generator: Generator) {
      first = Linear(width, 4 * width, weights: .glorot, using: generator)
      second = Linear(4 * width, width, weights: .glorot, using: generator)
    }

    override var children: [(name: String, module: Module)] { [("fc1", first), ("fc2", second)] }

    override func callAsFunction(_ tokens: Tensor) -> Tensor { second(first(tokens).gelu()) }
  }
}
