/// The mean and the spread of a sample: results over random seeds, or over sources.
public struct SampleStatistics: Codable, Equatable, Sendable {
  /// The values; empty if only their statistics were kept.
  public let values: [Double]
  /// The mean.
  public let mean: Double
  /// The standard deviation of the sample; nil for a single value.
  public let deviation: Double?
  /// The standard error of the mean; nil for a single value.
  public let standardError: Double?

  /// Computes the statistics of values.
  ///
  /// - Parameters:
  ///   - values: the values, at least one. The standard error assumes that they are independent: if the clips of a source
  ///     are not, pass the mean of each source.
  ///   - keepsValues: false to keep only the statistics.
  public init(_ values: [Double], keepsValues: Bool = true) {
    precondition(!values.isEmpty, "values must not be empty")
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.values = keepsValues ? values : []
    self.mean = mean
    deviation = values.count > 1 ? (squares / (count - 1)).squareRoot() : nil
    standardError = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
  }

  private enum CodingKeys: CodingKey { case values, mean, deviation, standardError }

  /// Earlier versions wrote no values, or no standard error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    values = try container.decodeIfPresent([Double].self, forKey: .values) ?? []
    mean = try container.decode(Double.self, forKey: .mean)
    deviation = try container.decodeIfPresent(Double.self, forKey: .deviation)
    standardError = try container.decodeIfPresent(Double.self, forKey: .standardError)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if !values.isEmpty { try container.encode(values, forKey: .values) }
    try container.encode(mean, forKey: .mean)
    try container.encodeIfPresent(deviation, forKey: .deviation)
    try container.encodeIfPresent(standardError, forKey: .standardError)
  }
}
