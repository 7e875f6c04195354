/// The five stages of a video network, in their order; see ``Backbone/stages``.
public enum StageName: String, CaseIterable, Codable, Sendable {
  case conv1, conv2, conv3, conv4, conv5

  /// From 0.
  var index: Int { Self.allCases.firstIndex(of: self)! }

  /// - Throws: ``UnknownStage`` if there is no stage of that name.
  public init(named name: String) throws {
    guard let stage = Self(rawValue: name) else { throw UnknownStage(name: name) }
    self = stage
  }
}

/// A name that no stage has.
public struct UnknownStage: Error, Hashable, Sendable, CustomStringConvertible {
  public let name: String
  public var description: String {
    "there is no convolutional stage \(name): the networks have "
      + StageName.allCases.map(\.rawValue).joined(separator: ", ")
  }
}
