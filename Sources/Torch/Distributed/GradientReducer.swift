import CTorch

/// Sums gradients over the processes of a group while a backward pass still computes others (c10d's Reducer): they travel in
/// buckets, as soon as the gradients of a bucket's parameters are there.
public final class GradientReducer {
  private let group: ProcessGroup
  private let handle: ct_reducer

  /// Bytes of gradients that travel together, unless said otherwise.
  public static let defaultBucketBytes = 25 << 20

  /// - Parameters:
  ///   - parameters: what requires a gradient, the same and in the same order in each process. Each must get a gradient
  ///     in every backward pass.
  ///   - group: the processes.
  ///   - bucketBytes: bytes of gradients that travel together.
  /// - Throws: ``PeerFailure``.
  public init(
    of parameters: [Tensor], over group: ProcessGroup, bucketBytes: Int = defaultBucketBytes
  ) throws(PeerFailure) {
    self.group = group
    handle = try group.makeReducer(parameters, bucketBytes: bucketBytes)
  }

  deinit { ct_reducer_release(handle) }

  /// Adds the derivative of `loss`, a single number, to the parameters' gradients, and replaces these by their sums over all
  /// processes.
  ///
  /// - Parameters:
  ///   - loss: the loss of this process, a single number.
  ///   - reduces: false to only add them here; the next pass that reduces takes them along.
  /// - Throws: ``PeerFailure``.
  public func backward(_ loss: Tensor, reduces: Bool = true) throws(PeerFailure) {
    // The engine divides by the number of processes.
    let loss = loss * Double(group.count)
    try group.exchanging { () throws(TorchError) in
      try check(
        "backward",
        withExtendedLifetime(loss) { ct_reducer_backward(handle, loss.handle, reduces) })
    }
  }
}
