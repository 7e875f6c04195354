/// Some numbers, their mean, and how far they scatter: what networks with random weights come to, or runs that differ in
/// their seed.
public struct Spread: Codable, Equatable, Sendable {
  public let values: [Double]
  public let mean: Double
  /// The sample's standard deviation; nil of a single number.
  public let deviation: Double?

  /// - Parameter values: at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "no numbers have no mean")
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    (self.values, self.mean) = (values, mean)
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }
}
