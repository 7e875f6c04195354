/// Counts the multiply-adds of the convolutions and linear layers that run inside ``count(_:)``.
public final class OperationCounter: @unchecked Sendable {
  @TaskLocal static var current: OperationCounter?
  var multiplyAdds = 0

  /// The multiply-adds of `body`; tensors on the device ``Device/meta`` make it free of cost.
  public static func count(_ body: () -> Void) -> Int {
    let counter = OperationCounter()
    $current.withValue(counter) { body() }
    return counter.multiplyAdds
  }
}
