/// A position in points (or data units, where so described): x to the right, y down on a canvas.
public struct Point: Hashable, Sendable {
  public var x: Double
  public var y: Double

  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// A displacement as in pictures: `dx` to the right, `dy` down.
public struct Vector: Hashable, Sendable {
  public var dx: Double
  public var dy: Double

  public init(_ dx: Double, _ dy: Double) {
    self.dx = dx
    self.dy = dy
  }

  /// The Euclidean length, in the units of `dx` and `dy`.
  public var length: Double { (dx * dx + dy * dy).squareRoot() }
}

/// A rectangle with sides along the axes, in points (or frame pixels, where so described).
public struct Rectangle: Hashable, Sendable {
  /// The left edge.
  public var x: Double
  /// The top edge.
  public var y: Double
  public var width: Double
  public var height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The right edge.
  public var maxX: Double { x + width }
  /// The bottom edge.
  public var maxY: Double { y + height }
  /// The middle.
  public var center: Point { Point(x + width / 2, y + height / 2) }

  /// The rectangle with each side moved inwards by `amount` (outwards if negative).
  public func inset(by amount: Double) -> Rectangle {
    Rectangle(
      x: x + amount, y: y + amount, width: max(0, width - 2 * amount),
      height: max(0, height - 2 * amount))
  }
}
