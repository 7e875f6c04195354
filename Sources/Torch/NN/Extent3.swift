/// A size in time, height and width.
public struct Extent3: Hashable, Sendable {
  /// The number of frames.
  public var time: Int
  /// The number of rows.
  public var height: Int
  /// The number of columns.
  public var width: Int

  /// A size of `time` frames, `height` rows and `width` columns.
  public init(_ time: Int, _ height: Int, _ width: Int) {
    self.time = time
    self.height = height
    self.width = width
  }

  /// 1 x 1 x 1.
  public static let one = Extent3(1, 1, 1)
  /// 0 x 0 x 0.
  public static let zero = Extent3(0, 0, 0)

  /// Half of each size, rounded down: the padding with which a convolution with this (odd) kernel and stride 1 keeps the
  /// size of its input.
  public var half: Extent3 { Extent3(time / 2, height / 2, width / 2) }

  var array: [Int] { [time, height, width] }
}
