// The label pool of the paper's section 3.1, eq. 1.

/// A motion of the crop window over the source picture; the picture's content moves the other way.
public struct Motion: Hashable, Sendable {
  /// The speed along the horizontal axis in -K...K, positive to the right.
  public let x: Int
  /// The speed along the vertical axis in -K...K, positive downwards.
  public let y: Int

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

  /// The speed regardless of the direction, 0...K.
  public var speed: Int { Swift.max(Swift.abs(x), Swift.abs(y)) }
}

extension Motion: CustomStringConvertible {
  /// As "(+2, 0)".
  public var description: String {
    func signed(_ value: Int) -> String { value > 0 ? "+\(value)" : "\(value)" }
    return "(\(signed(x)), \(signed(y)))"
  }
}

/// The axes along which windows move.
public enum MotionAxes: String, Codable, Sendable, CaseIterable {
  case both = "xy"
  case x
  case y
}

/// Every motion that the network distinguishes, each a class: eq. 1's pairs (x, y) with x, y in -K...K and
/// xy = 0.
///
/// The order is the one of the authors' code: the horizontal speeds from -K to K without 0, the vertical ones,
/// then the static label last. 4K + 1 labels for both axes, 2K + 1 for one.
public struct LabelPool: Hashable, Sendable {
  /// The number of speeds in one direction.
  public let granularity: Int
  public let axes: MotionAxes
  /// The motions; a motion's index is its label.
  public let motions: [Motion]

  /// Traps unless `granularity` (K) is positive.
  public init(granularity: Int = 2, axes: MotionAxes = .both) {
    precondition(granularity > 0, "a label pool needs at least one speed, not \(granularity)")
    self.granularity = granularity
    self.axes = axes
    let speeds = (-granularity...granularity).filter { $0 != 0 }
    let horizontal = axes == .y ? [] : speeds.map { Motion(x: $0, y: 0) }
    let vertical = axes == .x ? [] : speeds.map { Motion(x: 0, y: $0) }
    motions = horizontal + vertical + [Motion(x: 0, y: 0)]
  }

  public var count: Int { motions.count }

  /// The labels of all motions but the static one.
  public var movingLabels: [Int] { motions.indices.filter { motions[$0].speed > 0 } }
}
