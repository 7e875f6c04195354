/// Reads keys and values into a structure, by current and former names.
struct SettingsReader<Root: Settings> {
  private(set) var root: Root
  /// The name of the text in error messages.
  private let origin: String
  /// The former names of groups, with their current names.
  private let moved: KeyValuePairs<String, String>
  private let ignoresUnknownKeys: Bool
  /// The keys set so far: the names in the file by the current names.
  private(set) var written: [String: String] = [:]

  init(
    _ root: Root, origin: String, moved: KeyValuePairs<String, String> = [:],
    ignoresUnknownKeys: Bool = false
  ) {
    self.root = root
    self.origin = origin
    self.moved = moved
    self.ignoresUnknownKeys = ignoresUnknownKeys
  }

  mutating func read(_ entries: [PlainValue.Entry]) throws {
    try read(entries, Root.settings, as: "", today: "")
  }

  private mutating func read(
    _ entries: [PlainValue.Entry], _ settings: [Setting<Root>], as prefix: String,
    today: String
  ) throws {
    for entry in entries {
      let name = prefix + entry.key
      if let setting = settings.first(where: { $0.isCalled(entry.key) }) {
        try read(entry.value, setting, as: name, today: today + setting.name)
      } else if prefix.isEmpty, let place = moved.first(where: { $0.key == entry.key })?.value {
        try read(entry.value, Self.setting(at: place), as: name, today: place)
      } else if let dot = entry.key.firstIndex(of: "."), dot != entry.key.startIndex {
        // "clip.frames: 8" is an abbreviation of "clip: {frames: 8}".
        let below = PlainValue.Entry(
          key: String(entry.key[entry.key.index(after: dot)...]), value: entry.value)
        let group = PlainValue.Entry(key: String(entry.key[..<dot]), value: .group([below]))
        guard isKnown(group.key, settings, prefix) else { throw unknown(name) }
        try read([group], settings, as: prefix, today: today)
      } else if !ignoresUnknownKeys {
        throw unknown(name)
      }
    }
  }

  private func isKnown(_ key: String, _ settings: [Setting<Root>], _ prefix: String) -> Bool {
    settings.contains { $0.isCalled(key) } || prefix.isEmpty && moved.contains { $0.key == key }
  }

  private func unknown(_ key: String) -> ConfigurationError {
    .unknownKey(key: key, nearest: Root.key(nearest: key, moved: moved), origin: origin)
  }

  private mutating func read(
    _ plain: PlainValue, _ setting: Setting<Root>, as name: String, today: String
  ) throws {
    switch setting.content {
    case .group(let group):
      guard case .group(let entries) = plain else {
        let keys = group.settings.map(\.name).joined(separator: ", ")
        throw ConfigurationError.wrongType(
          key: name, expected: "a group of keys (\(keys))", origin: origin)
      }
      try read(entries, group.settings, as: name + ".", today: today + ".")
    case .value(let value):
      if let other = written.updateValue(name, forKey: today), !ignoresUnknownKeys {
        throw ConfigurationError.repeated(key: name, other: other, origin: origin)
      }
      guard value.set(plain, &root) else {
        let form = value.form + (value.isOptional ? " or null" : "")
        throw ConfigurationError.wrongType(
          key: name, expected: "\(form), not \(plain.words)", origin: origin)
      }
    }
  }

  /// The key or group with this dotted name, which must exist.
  private static func setting(at name: String) -> Setting<Root> {
    var settings = Root.settings
    var found: Setting<Root>?
    for part in name.split(separator: ".") {
      found = settings.first { $0.name == part }
      if case .group(let group) = found?.content { settings = group.settings }
    }
    guard let found else { preconditionFailure("there is no group \(name)") }
    return found
  }
}

extension Setting {
  fileprivate func isCalled(_ key: String) -> Bool { name == key || formerNames.contains(key) }
}

// MARK: - Names

extension Settings {
  /// All names, former and current, of keys and groups, with their current names.
  static func names(moved: KeyValuePairs<String, String>) -> [(name: String, now: String)] {
    let names = Setting.names(of: settings)
    return names
      + moved.flatMap { old, place in
        names.compactMap { name in
          if name.name == place { return (old, name.now) }
          guard name.name.hasPrefix(place + ".") else { return nil }
          return (old + name.name.dropFirst(place.count), name.now)
        }
      }
  }

  /// The current name of the key with the smallest edit distance to `key`; nil if none is close enough.
  static func key(nearest key: String, moved: KeyValuePairs<String, String>) -> String? {
    let names = names(moved: moved)
    let nearest = nearestName(to: key, among: names.map(\.name))
    return names.first { $0.name == nearest }?.now
  }
}

/// The name with the smallest edit distance to `name`, compared with the whole name or its last component; nil if none is
/// close enough.
public func nearestName(to name: String, among names: [String]) -> String? {
  let last = name.split(separator: ".").last.map(String.init) ?? name
  func distance(_ candidate: String) -> Int {
    let tail = candidate.split(separator: ".").last.map(String.init) ?? candidate
    return min(
      editDistance(name.lowercased(), candidate), editDistance(last.lowercased(), tail) + 1)
  }
  let best = names.min { (distance($0), $0) < (distance($1), $1) }
  return best.flatMap { distance($0) <= max(3, last.count / 3) ? $0 : nil }
}

private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let cost = x == y ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
      diagonal = row[j + 1]
      row[j + 1] = cost
    }
  }
  return row[b.count]
}

// MARK: - JSON

extension Settings {
  /// Reads JSON with current or former names. Missing keys have their defaults, and unknown keys are ignored.
  public init(from decoder: any Decoder) throws {
    let plain = try PlainValue(from: decoder)
    guard case .group(let entries) = plain else {
      throw DecodingError.typeMismatch(
        Self.self,
        .init(codingPath: decoder.codingPath, debugDescription: "it holds no keys and values"))
    }
    var reader = SettingsReader(Self(), origin: "JSON", ignoresUnknownKeys: true)
    try reader.read(entries)
    guard !reader.written.isEmpty else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "it holds none of the keys"))
    }
    self = reader.root
  }

  public func encode(to encoder: any Encoder) throws {
    try plain(Self.settings).encode(to: encoder)
  }
}
