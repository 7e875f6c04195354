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

/// What networks with random weights come to, one a seed.
public struct RandomWeights: Codable, Equatable, Sendable {
  public let values: [Double]

  public init(_ values: [Double]) { self.values = values }

  public var mean: Double { values.reduce(0, +) / Double(values.count) }

  /// The standard deviation over the seeds; 0 of a single one.
  public var deviation: Double {
    guard values.count > 1 else { return 0 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
