import Synchronization

/// Counts the multiply-adds of the convolutions and linear layers that run inside ``count(_:)``.
public final class OperationCounter: Sendable {
  @TaskLocal static var current: OperationCounter?
  private let multiplyAdds = Atomic(0)

  func add(_ multiplyAdds: Int) { self.multiplyAdds.add(multiplyAdds, ordering: .relaxed) }

  /// The multiply-adds of `body`; tensors on the device ``Device/meta`` make it free of cost.
  public static func count(_ body: () -> Void) -> Int {
    let counter = OperationCounter()
    $current.withValue(counter) { body() }
    return counter.multiplyAdds.load(ordering: .relaxed)
  }
}
