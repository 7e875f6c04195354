import Synchronization

/// Counts the multiply-adds of convolutions, linear layers and attention, and the numbers in the outputs of convolutions and
/// in the queries, keys and values of attention, inside ``count(_:)``.
public final class OperationCounter: Sendable {
  @TaskLocal static var current: OperationCounter?
  private let multiplyAdds = Atomic(0)
  private let convolutionOutputs = Atomic(0)

  func add(_ multiplyAdds: Int, convolutionOutputs: Int = 0) {
    self.multiplyAdds.add(multiplyAdds, ordering: .relaxed)
    self.convolutionOutputs.add(convolutionOutputs, ordering: .relaxed)
  }

  /// The counts of `body`. With tensors on ``Device/meta`` nothing is actually computed.
  public static func count(_ body: () -> Void) -> (multiplyAdds: Int, convolutionOutputs: Int) {
    let counter = OperationCounter()
    $current.withValue(counter) { body() }
    return (
      counter.multiplyAdds.load(ordering: .relaxed),
      counter.convolutionOutputs.load(ordering: .relaxed)
    )
  }
}
