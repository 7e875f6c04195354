/// Sets elements to zero with probability `p` while training, and divides the rest by 1 - p.
///
/// It draws from the generator of ``Module/setGenerator(_:)``, which a network that is trained must have, on its device.
public final class Dropout: Layer {
  let p: Double

  /// - Parameter p: in 0..<1.
  public init(_ p: Double) { self.p = p }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining, p > 0 else { return input }
    guard let generator else {
      preconditionFailure("dropout has no generator: call setGenerator before training")
    }
    return input.dropout(p, using: generator)
  }
}
