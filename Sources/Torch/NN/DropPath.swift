/// Stochastic depth (Huang et al. 2016): during training, sets all numbers of a sample to zero with probability `p` and
/// divides those of the other samples by 1 - p. It ends the branch of a residual block. Input and output [N, ...].
///
/// It draws from the generator set by ``Module/setGenerator(_:)``, as ``Dropout`` does.
public final class DropPath: Layer {
  private let p: Double

  /// - Parameter p: the probability, in 0..<1.
  public init(_ p: Double) {
    precondition((0..<1).contains(p), "the probability is in 0..<1, not \(p)")
    self.p = p
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining, p > 0 else { return input }
    guard let generator else {
      preconditionFailure("drop path has no generator: call setGenerator before training")
    }
    let shape = [input.shape[0]] + Array(repeating: 1, count: input.rank - 1)
    return input * (Tensor.bernoulli(shape, probability: 1 - p, using: generator) * (1 / (1 - p)))
  }
}
