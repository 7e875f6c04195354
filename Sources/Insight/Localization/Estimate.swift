/// A mean, and how far it can be trusted.
public struct Estimate: Codable, Equatable, Sendable {
  public let mean: Double
  /// The standard error over the sources, whose clips are not independent; nil of a single source.
  public let standardError: Double?

  /// - Parameter values: a number for each source: the mean over its clips. At least one.
  public init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    standardError = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
  }
}
