import Synchronization

/// Counts the multiply-adds of convolutions and linear layers inside ``count(_:)``.
public final class OperationCounter: Sendable {
  @TaskLocal static var current: OperationCounter?
  private let multiplyAdds = Atomic(0)

  func add(_ multiplyAdds: Int) { self.multiplyAdds.add(multiplyAdds, ordering: .relaxed) }

  /// The number of multiply-adds in `body`. With tensors on ``Device/meta`` nothing is actually computed.
  public static func count(_ body: () -> Void) -> Int {
    let counter = OperationCounter()
    $current.withValue(counter) { body() }
    return counter.multiplyAdds.load(ordering: .relaxed)
  }
}
