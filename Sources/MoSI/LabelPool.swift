// The label pool: the paper's section 3.1, eq. 1

/// A motion of the crop window over the source picture. The content of the clip moves in the opposite direction.
public struct Motion: Hashable, Sendable {
  /// The speed along the horizontal axis in -K...K, positive to the right.
  public let x: Int
  /// The speed along the vertical axis in -K...K, positive downward.
  public let y: Int

  /// A motion with these speeds.
  public init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }

  /// The direction of the window in words: "right", "left", "down", "up", "static".
  public var direction: String {
    switch (x, y) {
    case (0, 0): "static"
    case (1..., 0): "right"
    case (_, 0): "left"
    case (0, 1...): "down"
    default: "up"
    }
  }

  /// The speed without its direction, 0...K.
  public var speed: Int { Swift.max(Swift.abs(x), Swift.abs(y)) }
}

extension Motion: CustomStringConvertible {
  /// The speeds, such as "(+2, 0)".
  public var description: String {
    func signed(_ value: Int) -> String { value > 0 ? "+\(value)" : "\(value)" }
    return "(\(signed(x)), \(signed(y)))"
  }
}

/// The axes along which windows move.
public enum MotionAxes: String, Codable, Sendable, CaseIterable {
  /// Both axes.
  case both = "xy"
  /// The horizontal axis.
  case x
  /// The vertical axis.
  case y
}

/// The motions that the network distinguishes as classes: the pairs (x, y) of eq. 1 with x, y in -K...K and xy = 0.
///
/// The order is that of the authors' code: the horizontal speeds from -K to K without 0, then the vertical ones, and the
/// static label last. There are 4K + 1 labels for both axes and 2K + 1 for one.
public struct LabelPool: Hashable, Sendable {
  /// The number of speeds in one direction.
  public let granularity: Int
  /// The axes.
  public let axes: MotionAxes
  /// The motions; a motion's index is its label.
  public let motions: [Motion]

  /// A pool. Traps unless `granularity` (K) is positive.
  public init(granularity: Int = 2, axes: MotionAxes = .both) {
    precondition(granularity > 0, "a label pool needs at least one speed, not \(granularity)")
    self.granularity = granularity
    self.axes = axes
    let speeds = (-granularity...granularity).filter { $0 != 0 }
    let horizontal = axes == .y ? [] : speeds.map { Motion(x: $0, y: 0) }
    let vertical = axes == .x ? [] : speeds.map { Motion(x: 0, y: $0) }
    motions = horizontal + vertical + [Motion(x: 0, y: 0)]
  }

  /// The number of motions.
  public var count: Int { motions.count }

  /// The labels of all motions except the static one.
  public var movingLabels: [Int] { motions.indices.filter { motions[$0].speed > 0 } }
}
