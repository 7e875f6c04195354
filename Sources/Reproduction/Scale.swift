/// The size of networks and trainings.
public enum Scale: String, CaseIterable, Sendable, Codable {
  /// The paper's settings.
  case paper
  /// A network and clips that a laptop trains in minutes; see configs/paper/tiny.yaml.
  case tiny

  /// The changes of the scale to every experiment.
  var settings: Experiment.Settings {
    get throws {
      self == .paper ? .init() : try .init(bytes: PackageResources.tiny_yaml, name: "tiny.yaml")
    }
  }
}

extension Experiment.Settings {
  /// The changes for Moving Sprites to every experiment; see configs/paper/sprites.yaml.
  static var sprites: Self {
    get throws { try .init(bytes: PackageResources.sprites_yaml, name: "sprites.yaml") }
  }

  fileprivate init(bytes: [UInt8], name: String) throws {
    let fields = try Fields(yaml: String(decoding: bytes, as: UTF8.self), origin: name)
    try self.init(fields)
    try fields.finish()
  }
}
