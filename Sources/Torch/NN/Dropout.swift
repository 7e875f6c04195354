/// Dropout: during training, sets elements to zero with probability `p` and divides the others by 1 - p.
///
/// It draws from the generator set by ``Module/setGenerator(_:)``, which must be on the network's device. Training
/// requires one.
public final class Dropout: Layer {
  let p: Double

  /// - Parameter p: the probability, in 0..<1.
  public init(_ p: Double) { self.p = p }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining, p > 0 else { return input }
    guard let generator else {
      preconditionFailure("dropout has no generator: call setGenerator before training")
    }
    return input.dropout(p, using: generator)
  }
}
