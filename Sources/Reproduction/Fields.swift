import Configuration
import VideoModels

/// The keys and values of a mapping, which are read by name; a key that is not read is an error.
final class Fields {
  private let mapping: PlainValue
  /// The position of the mapping: dotted keys from the root.
  private let path: String
  private let origin: String
  private var asked: [String] = []

  init(yaml: String, origin: String) throws {
    do {
      mapping = .group(try PlainValue.entries(yaml: yaml))
    } catch {
      throw RecipeError(origin: origin, problem: error.problem)
    }
    path = ""
    self.origin = origin
  }

  init(_ value: PlainValue, key: String, origin: String) throws {
    guard case .group = value else {
      throw RecipeError(origin: origin, problem: "\(key) must hold keys and values")
    }
    mapping = value
    path = key + "."
    self.origin = origin
  }

  private func value(_ key: String) -> PlainValue? {
    asked.append(key)
    return mapping[key]
  }

  func fail(_ key: String, _ rule: String) -> RecipeError {
    RecipeError(origin: origin, problem: "\(path)\(key) \(rule)")
  }

  /// Checks that all keys were read.
  ///
  /// - Throws: ``RecipeError`` if there are other keys.
  func finish() throws {
    guard case .group(let entries) = mapping else { return }
    for entry in entries where !asked.contains(entry.key) {
      throw fail(
        entry.key, "is not a key of a recipe; the keys are \(asked.joined(separator: ", "))")
    }
  }

  func optionalText(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard let text = String(plain: value) else { throw fail(key, "must be a text") }
    return text
  }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else { throw fail(key, "is missing") }
    return text
  }

  func optionalNumber(_ key: String) throws -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = Double(plain: value) else { throw fail(key, "must be a number") }
    return number
  }

  func optionalCount(_ key: String) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let count = Int(plain: value), (1...1_000_000_000).contains(count) else {
      throw fail(key, "must be a whole number of at least 1")
    }
    return count
  }

  func optionalList(_ key: String) throws -> [PlainValue] {
    guard let value = value(key) else { return [] }
    guard case .list(let list) = value else { throw fail(key, "must be a list") }
    return list
  }

  func list(_ key: String) throws -> [PlainValue] {
    let list = try optionalList(key)
    guard !list.isEmpty else { throw fail(key, "must be a list of at least one") }
    return list
  }

  func optionalFields(_ key: String) throws -> Fields? {
    try value(key).map { try Fields($0, key: path + key, origin: origin) }
  }

  /// The operations of a number of clips, `N` for those of the trained network or `{clips: N, of: NETWORK}`.
  func optionalBudget(_ key: String) throws -> Experiment.Duration? {
    guard case .group = value(key) else {
      return try optionalCount(key).map { .budget(clips: $0, of: nil) }
    }
    guard let fields = try optionalFields(key), let clips = try fields.optionalCount("clips"),
      let network = try fields.optionalChoice(Architecture.self, "of")
    else { throw fail(key, "must be a number of clips, or {clips: N, of: NETWORK}") }
    try fields.finish()
    return .budget(clips: clips, of: network)
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type, _ value: PlainValue, _ key: String
  ) throws -> Choice {
    guard let choice = String(plain: value).flatMap(Choice.init) else {
      throw fail(
        key, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type, _ key: String
  ) throws -> Choice? {
    try value(key).map { try choice(Choice.self, $0, key) }
  }

  /// The value at `key` as a layer of a configuration; empty if there is none.
  ///
  /// - Parameter settled: dotted keys below it that a recipe cannot set, each with the reason.
  func layer(_ key: String, without settled: [String: String]) throws -> [ConfigurationLayer] {
    guard let value = value(key) else { return [] }
    guard case .group(let entries) = value else { throw fail(key, "must hold keys and values") }
    for (name, reason) in settled.sorted(by: { $0.key < $1.key }) {
      if value[name] != nil { throw fail("\(key).\(name)", "cannot be set: it \(reason)") }
    }
    return [ConfigurationLayer(entries, origin: "\(origin), \(path)\(key)")]
  }

  /// The length of the training `key`: its epochs, or its entry in `length`.
  func duration(_ key: String, _ lengths: Fields?) throws -> Experiment.Duration? {
    let saysEpochs = mapping["\(key).epochs"] != nil
    guard let samples = try lengths?.optionalCount(key) else { return saysEpochs ? .epochs : nil }
    guard !saysEpochs else {
      throw fail("\(key).epochs", "and length.\(key) both set the length: remove one of them")
    }
    return .samples(samples)
  }

  /// The paper's results under the key `paper`.
  func paper(series: Int) throws -> [PaperDataset: [Measure: [Double?]]] {
    var numbers: [PaperDataset: [Measure: [Double?]]] = [:]
    guard let datasets = try optionalFields("paper") else { return numbers }
    for dataset in PaperDataset.allCases {
      guard let measures = try datasets.optionalFields(dataset.rawValue) else { continue }
      for measure in Measure.allCases {
        guard let found = measures.value(measure.rawValue) else { continue }
        let values = if case .list(let values) = found { values } else { [found] }
        guard values.count == series else {
          throw measures.fail(measure.rawValue, "must be \(series) numbers, one for each series")
        }
        numbers[dataset, default: [:]][measure] = try values.map { value in
          if value == .null { return nil }
          guard let number = Double(plain: value) else {
            throw measures.fail(measure.rawValue, "must be a number, or ~ for none")
          }
          return number
        }
      }
      try measures.finish()
    }
    try datasets.finish()
    return numbers
  }
}
