/// The label that a heat map explains.
public enum HeatLabel: String, Codable, CaseIterable, Sendable {
  /// The clip's own label.
  case target
  /// The label that the network predicts.
  case predicted

  /// Earlier versions wrote "true" for the target.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let label = text == "true" ? .target : Self(rawValue: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(text) is not a label"))
    }
    self = label
  }
}
