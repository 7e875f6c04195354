/// An extent in time, height and width.
public struct Extent3: Hashable, Sendable {
  public var time: Int
  public var height: Int
  public var width: Int

  public init(_ time: Int, _ height: Int, _ width: Int) {
    self.time = time
    self.height = height
    self.width = width
  }

  public static let one = Extent3(1, 1, 1)
  public static let zero = Extent3(0, 0, 0)

  /// Half of each extent, rounded down: the padding that keeps the extents of the input of a
  /// convolution with this odd kernel and stride 1.
  public var half: Extent3 { Extent3(time / 2, height / 2, width / 2) }

  var array: [Int] { [time, height, width] }
}
