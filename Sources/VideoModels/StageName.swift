/// The five stages of a video network in order; see ``Backbone/stages``.
public enum StageName: String, CaseIterable, Codable, Sendable {
  /// The stages.
  case conv1, conv2, conv3, conv4, conv5

  /// The index of the stage, from 0.
  var index: Int { Self.allCases.firstIndex(of: self)! }

  /// The stage named `name`.
  ///
  /// - Throws: ``UnknownStage`` if there is no such stage.
  public init(named name: String) throws {
    guard let stage = Self(rawValue: name) else { throw UnknownStage(name: name) }
    self = stage
  }
}

/// The error for a name that is not that of a stage.
public struct UnknownStage: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let name: String
  public var description: String {
    "there is no convolutional stage \(name): the networks have "
      + StageName.allCases.map(\.rawValue).joined(separator: ", ")
  }
}
