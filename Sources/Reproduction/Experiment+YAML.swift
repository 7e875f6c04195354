import Configuration
import Training
import Yams

/// Why a recipe cannot be used: one sentence that names the file and the key.
public struct RecipeError: Error, Sendable, CustomStringConvertible {
  public let origin: String
  public let problem: String
  public var description: String { "\(origin): \(problem)" }
}

extension Experiment {
  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - yaml: the text; see configs/paper for the form.
  ///   - name: what the experiment is called.
  ///   - origin: what errors call the text.
  /// - Throws: ``RecipeError``.
  public init(yaml: String, name: String, origin: String) throws {
    let fields = try Fields(yaml: yaml, origin: origin)
    self.name = name
    title = try fields.text("title")
    question = try fields.optionalText("question") ?? ""
    measures = try fields.list("measures").map { try fields.choice(Measure.self, $0, "measures") }
    axis = try fields.optionalText("axis") ?? ""
    settings = try Settings(fields)
    var series = try fields.optionalList("series").map { node in
      let fields = try Fields(node, key: "series", origin: origin)
      let variant = Variant(name: try fields.text("name"), settings: try Settings(fields))
      try fields.finish()
      return variant
    }
    if series.isEmpty { series = [Variant(name: "", settings: Settings())] }
    self.series = series
    rows = try fields.list("rows").map { node in
      let fields = try Fields(node, key: "rows", origin: origin)
      let row = Row(
        name: try fields.text("name"), position: try fields.optionalNumber("position"),
        settings: try Settings(fields),
        paper: try fields.paper(series: series.count))
      try fields.finish()
      return row
    }
    others = try fields.optionalList("others").map { node in
      let fields = try Fields(node, key: "others", origin: origin)
      let name = try fields.text("name")
      let numbers = try fields.optionalFields("paper")
      var paper: [PaperDataset: Double] = [:]
      for dataset in PaperDataset.allCases {
        paper[dataset] = try numbers?.optionalNumber(dataset.rawValue)
      }
      try numbers?.finish()
      try fields.finish()
      return Other(name: name, paper: paper)
    }
    try fields.finish()
  }
}

extension Experiment.Settings {
  /// - Parameter isConditional: true within `tiny` and `scratch`, which hold no others.
  init(_ fields: Fields, isConditional: Bool = false) throws {
    self.init()
    pretraining = try fields.layer("pretraining", without: ["seed": "follows from --repeats"])
    finetuning = try fields.layer(
      "finetuning",
      without: [
        "seed": "follows from --repeats", "start.weights": "follows from start",
        "model.architecture": "is pretraining.model.architecture: say it there",
        "model.width": "is pretraining.model.width: say it there",
        "model.batch_norm_epsilon": "is pretraining.model.batch_norm_epsilon: say it there",
        "normalization": "is pretraining.normalization: say it there",
        "dataset.kind": "is --dataset", "dataset.videos": "is --data-root",
        "dataset.splits": "is --splits", "dataset.split": "is --split",
        "dataset.frame_rate": "is the dataset's own",
      ])
    start = try fields.optionalChoice(Start.self, "start")
    sources = try fields.optionalChoice(SourceKind.self, "sources")
    let lengths = try fields.optionalFields("length")
    length.pretraining = try fields.duration("pretraining", lengths)
    length.finetuning = try fields.duration("finetuning", lengths)
    try lengths?.finish()
    guard !isConditional else { return }
    func box(_ key: String) throws -> Box? {
      guard let below = try fields.optionalFields(key) else { return nil }
      let box = Box(try Self(below, isConditional: true))
      try below.finish()
      return box
    }
    tiny = try box("tiny")
    scratch = try box("scratch")
    guard scratch?.settings.start == nil else {
      throw fields.fail("scratch.start", "cannot be set: it is what scratch holds for")
    }
  }
}

/// The keys and values of one mapping, each read by name; a key that nothing reads is an error.
final class Fields {
  private let mapping: Node.Mapping
  /// The place of the mapping: dotted keys from the root.
  private let path: String
  private let origin: String
  private var asked: [String] = []

  init(yaml: String, origin: String) throws {
    let tooLong = RecipeError(origin: origin, problem: "it is too long for a recipe")
    guard yaml.utf8.count <= 1 << 18 else { throw tooLong }
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      let words = "\(error)".split(separator: "\n").first.map(String.init) ?? "it is no YAML"
      throw RecipeError(origin: origin, problem: words)
    }
    // Few aliases can unfold into more than any memory holds.
    guard root?.isSmall ?? true else { throw tooLong }
    guard let mapping = root?.mapping else {
      throw RecipeError(origin: origin, problem: "it holds no keys and values")
    }
    self.mapping = mapping
    path = ""
    self.origin = origin
  }

  init(_ node: Node, key: String, origin: String) throws {
    guard let mapping = node.mapping else {
      throw RecipeError(origin: origin, problem: "\(key) must hold keys and values")
    }
    self.mapping = mapping
    path = key + "."
    self.origin = origin
  }

  private func node(_ key: String) -> Node? {
    asked.append(key)
    return mapping[Node(key)]
  }

  func fail(_ key: String, _ rule: String) -> RecipeError {
    RecipeError(origin: origin, problem: "\(path)\(key) \(rule)")
  }

  /// - Throws: ``RecipeError`` if there are keys that nothing has read.
  func finish() throws {
    for key in mapping.keys.map({ $0.string ?? "?" }) where !asked.contains(key) {
      throw fail(key, "is not a key of a recipe; the keys are \(asked.joined(separator: ", "))")
    }
  }

  func optionalText(_ key: String) throws -> String? {
    guard let node = node(key) else { return nil }
    guard let text = node.scalar?.string else { throw fail(key, "must be a text") }
    return text
  }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else { throw fail(key, "is missing") }
    return text
  }

  func optionalNumber(_ key: String) throws -> Double? {
    guard let node = node(key) else { return nil }
    guard let number = node.float ?? node.int.map(Double.init), number.isFinite else {
      throw fail(key, "must be a number")
    }
    return number
  }

  func optionalCount(_ key: String) throws -> Int? {
    guard let node = node(key) else { return nil }
    guard let count = node.int, (1...1_000_000_000).contains(count) else {
      throw fail(key, "must be a whole number from 1 on")
    }
    return count
  }

  func optionalList(_ key: String) throws -> [Node] {
    guard let node = node(key) else { return [] }
    guard let list = node.sequence else { throw fail(key, "must be a list") }
    return Array(list)
  }

  func list(_ key: String) throws -> [Node] {
    let list = try optionalList(key)
    guard !list.isEmpty else { throw fail(key, "must be a list of at least one") }
    return list
  }

  func optionalFields(_ key: String) throws -> Fields? {
    try node(key).map { try Fields($0, key: path + key, origin: origin) }
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type, _ node: Node, _ key: String
  ) throws -> Choice {
    guard let choice = node.string.flatMap(Choice.init) else {
      throw fail(
        key, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type, _ key: String
  ) throws -> Choice? {
    try node(key).map { try choice(Choice.self, $0, key) }
  }

  /// The value at `key` as a layer of a configuration; an empty layer if there is none.
  ///
  /// - Parameter settled: dotted keys below it that a recipe cannot choose, and what decides them instead.
  func layer(_ key: String, without settled: [String: String]) throws -> [ConfigurationLayer] {
    guard let node = node(key) else { return [] }
    for (name, reason) in settled.sorted(by: { $0.key < $1.key }) {
      let found = name.split(separator: ".").reduce(Optional(node)) {
        $0?.mapping?[Node(String($1))]
      }
      if found != nil { throw fail("\(key).\(name)", "cannot be set: it \(reason)") }
    }
    return [
      ConfigurationLayer(yaml: try Yams.serialize(node: node), origin: "\(origin), \(path)\(key)")
    ]
  }

  /// The length of the training at `key`: its epochs, or the `length` of that name.
  func duration(_ key: String, _ lengths: Fields?) throws -> Experiment.Duration? {
    let saysEpochs = mapping[Node(key)]?.mapping?[Node("epochs")] != nil
    guard let samples = try lengths?.optionalCount(key) else { return saysEpochs ? .epochs : nil }
    guard !saysEpochs else {
      throw fail("\(key).epochs", "and length.\(key) both say how long: leave one of them out")
    }
    return .samples(samples)
  }

  /// The numbers of the paper at the key `paper`.
  func paper(series: Int) throws -> [PaperDataset: [Measure: [Double?]]] {
    var numbers: [PaperDataset: [Measure: [Double?]]] = [:]
    guard let datasets = try optionalFields("paper") else { return numbers }
    for dataset in PaperDataset.allCases {
      guard let measures = try datasets.optionalFields(dataset.rawValue) else { continue }
      for measure in Measure.allCases {
        guard let node = measures.node(measure.rawValue) else { continue }
        let values = node.sequence.map(Array.init) ?? [node]
        guard values.count == series else {
          throw measures.fail(measure.rawValue, "must be \(series) numbers, one for each series")
        }
        numbers[dataset, default: [:]][measure] = try values.map { value in
          if value.null != nil { return nil }
          guard let number = value.float ?? value.int.map(Double.init), number.isFinite else {
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
