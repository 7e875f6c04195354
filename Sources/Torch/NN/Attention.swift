/// Scaled dot-product attention (Vaswani et al. 2017) of `queries` [..., L, E] to `keys` [..., S, E] with `values` [...,
/// S, V]: the values are weighted by the softmax over S of the products divided by √E. Returns [..., L, V]. The leading
/// axes are batch and heads.
public func scaledDotProductAttention(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> Tensor
{
  Operators.scaledDotProductAttention(.tensor(queries), .tensor(keys), .tensor(values))
}

/// Self-attention with several heads (Vaswani et al. 2017), with biases for queries and values and none for keys, as in
/// BEiT and VideoMAE. Input and output [N, K, width]: N sequences of K tokens.
public final class SelfAttention: Layer {
  /// The weights of queries, keys and values one after another, [3 * width, width]; the rows of each are those of the heads
  /// in order.
  public let weight: Tensor
  /// The bias of the queries, [width].
  public let queryBias: Tensor
  /// The bias of the values, [width].
  public let valueBias: Tensor
  private let output: Linear
  private let heads: Int

  /// Draws weights from the distribution of Glorot and Bengio; biases are zero.
  ///
  /// - Parameters:
  ///   - width: the size of a token, a multiple of `heads`.
  ///   - heads: the number of heads.
  ///   - generator: draws the weights. The layer is made on its device.
  public init(_ width: Int, heads: Int, using generator: Generator) {
    precondition(
      width % heads == 0, "tokens of \(width) numbers do not divide among \(heads) heads")
    self.heads = heads
    weight = Linear.Initialization.glorot.drawn([3 * width, width], using: generator)
    queryBias = .zeros([width], device: generator.device)
    valueBias = .zeros([width], device: generator.device)
    output = Linear(width, width, weights: .glorot, using: generator)
    for tensor in [weight, queryBias, valueBias] { tensor.requiresGradient = true }
  }

  public override var ownParameters: [Parameter] {
    [
      Parameter(name: "q_bias", tensor: queryBias, role: .bias),
      Parameter(name: "v_bias", tensor: valueBias, role: .bias),
      Parameter(name: "qkv.weight", tensor: weight, role: .weight),
    ]
  }

  public override var children: [(name: String, module: Module)] { [("proj", output)] }

  public override func callAsFunction(_ tokens: Tensor) -> Tensor {
    let (count, length, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let projected = projected(tokens)
    // The products of queries with keys and of weights with values.
    OperationCounter.current?.add(
      2 * count * length * length * width, convolutionOutputs: projected.count)
    if tokens.device == .meta { return output(tokens) }
    let (queries, keys, values) = divided(projected)
    return joined(scaledDotProductAttention(queries, keys, values))
  }

  /// The same, with the weights of the values, [N, heads, K, K]: the softmax over the last axis. They are kept in memory.
  public func attended(_ tokens: Tensor) -> (output: Tensor, weights: Tensor) {
    let (queries, keys, values) = divided(projected(tokens))
    let scale = 1 / Double(queries.shape[3]).squareRoot()
    let weights = (queries * scale).matmul(keys.permuted([0, 1, 3, 2])).softmax(3)
    return (joined(weights.matmul(values)), weights)
  }

  /// Queries, keys and values of tokens one after another, [N, K, 3 * width].
  private func projected(_ tokens: Tensor) -> Tensor {
    tokens.linear(
      weight, .concatenated([queryBias, valueBias.detached().zerosLike(), valueBias]))
  }

  /// Queries, keys and values [N, heads, K, width / heads] of [N, K, 3 * width].
  private func divided(_ projected: Tensor) -> (Tensor, Tensor, Tensor) {
    let (count, length) = (projected.shape[0], projected.shape[1])
    // Divided at once, so that the gradients are only concatenated.
    let parts = projected.chunked(3, axis: 2).map {
      $0.reshaped([count, length, heads, -1]).permuted([0, 2, 1, 3])
    }
    return (parts[0], parts[1], parts[2])
  }

  /// The output for the heads' values [N, heads, K, width / heads].
  private func joined(_ values: Tensor) -> Tensor {
    output(values.permuted([0, 2, 1, 3]).flattened(from: 2))
  }
}
