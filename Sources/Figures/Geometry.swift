/// A position in points, or in data units if stated: on a canvas, x is to the right and y down.
public struct Point: Hashable, Sendable {
  /// The horizontal coordinate.
  public var x: Double
  /// The vertical coordinate.
  public var y: Double

  /// A position.
  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// A displacement in a picture: `dx` to the right, `dy` down.
public struct Vector: Hashable, Sendable {
  /// The distance to the right.
  public var dx: Double
  /// The distance down.
  public var dy: Double

  /// A displacement.
  public init(_ dx: Double, _ dy: Double) {
    self.dx = dx
    self.dy = dy
  }

  /// The Euclidean length, in the units of `dx` and `dy`.
  public var length: Double { (dx * dx + dy * dy).squareRoot() }
}

/// An axis-aligned rectangle in points, or in pixels of a frame if stated.
public struct Rectangle: Hashable, Sendable {
  /// The left edge.
  public var x: Double
  /// The top edge.
  public var y: Double
  /// The width.
  public var width: Double
  /// The height.
  public var height: Double

  /// A rectangle with this left top corner and size.
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
  /// The center.
  public var center: Point { Point(x + width / 2, y + height / 2) }

  /// The rectangle with each side moved inward by `amount` (outward if negative).
  public func inset(by amount: Double) -> Rectangle {
    Rectangle(
      x: x + amount, y: y + amount, width: max(0, width - 2 * amount),
      height: max(0, height - 2 * amount))
  }
}
