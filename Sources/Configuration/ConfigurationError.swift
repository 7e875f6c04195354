/// The error for a configuration that cannot be used. Its text is one sentence that names the key.
public enum ConfigurationError: Error, Sendable, CustomStringConvertible {
  /// A file cannot be read or is not YAML.
  case unreadable(path: String, problem: String)
  /// A key does not exist; `nearest` is a similar one.
  case unknownKey(key: String, nearest: String?, origin: String)
  /// A setting occurs twice, under two of its names.
  case repeated(key: String, other: String, origin: String)
  /// A value has the wrong type.
  case wrongType(key: String, expected: String, origin: String)
  /// An argument of --set is not of the form key=value.
  case malformedSetting(String)
  /// A value breaks its rule.
  case impossible(key: String, rule: String)
  /// There is neither a file nor a preset with this name.
  case unknownPreset(name: String, nearest: String?, presets: [String])
  /// A preset is for the other kind of training.
  case foreignPreset(name: String, command: String, presets: [String])

  /// The file that cannot be used; nil if the problem is not about a file.
  public var path: String? {
    switch self {
    case .unreadable(let path, _): path
    case .unknownKey(_, _, let origin), .repeated(_, _, let origin), .wrongType(_, _, let origin):
      origin
    case .malformedSetting, .impossible, .unknownPreset, .foreignPreset: nil
    }
  }

  public var description: String {
    switch self {
    case .unreadable(let path, let problem):
      "the configuration \(path) cannot be read: \(problem)"
    case .unknownKey(let key, let nearest, let origin):
      (origin.isEmpty ? "" : "\(origin): ") + "there is no key \(key)"
        + (nearest.map { "; did you mean \($0)?" } ?? "")
    case .repeated(let key, let other, let origin):
      "\(origin): \(other) and \(key) are the same setting: remove one of them"
    case .wrongType(let key, let expected, let origin):
      "\(origin): \(key) must be \(expected)"
    case .malformedSetting(let setting):
      "--set \(setting): write key=value, as in --set optimizer.learning_rate=0.001"
    case .impossible(let key, let rule):
      "the configuration's \(key) \(rule)"
    case .unknownPreset(let name, let nearest, let presets):
      "there is neither a file nor a preset \(name)"
        + (nearest.map { "; did you mean \($0)?" }
          ?? ": presets are \(presets.joined(separator: ", "))")
    case .foreignPreset(let name, let command, let presets):
      "the preset \(name) is for mosi \(command): use \(presets.joined(separator: " or "))"
    }
  }
}
