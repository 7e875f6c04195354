import Configuration
import Training

/// The error for a recipe that cannot be used. Its text is one sentence that names the file and the key.
public struct RecipeError: Error, Sendable, CustomStringConvertible {
  /// The name of the recipe's file.
  public let origin: String
  /// The problem, which names the key.
  public let problem: String
  public var description: String { "\(origin): \(problem)" }
}

extension Experiment {
  /// Reads a recipe.
  ///
  /// - Parameters:
  ///   - yaml: the text; see configs/paper for its form.
  ///   - name: the name of the experiment.
  ///   - origin: the name of the text in error messages.
  /// - Throws: ``RecipeError``.
  public init(yaml: String, name: String, origin: String) throws {
    let fields = try Fields(yaml: yaml, origin: origin)
    self.name = name
    title = try fields.text("title")
    question = try fields.optionalText("question") ?? ""
    measures = try fields.list("measures").map { try fields.choice(Measure.self, $0, "measures") }
    axis = try fields.optionalText("axis") ?? ""
    order = try fields.optionalChoice(Order.self, "order") ?? .seeds
    reference = try fields.optionalText("reference")
    settings = try Settings(fields)
    var series = try fields.optionalList("series").map { value in
      let fields = try Fields(value, key: "series", origin: origin)
      let variant = Variant(name: try fields.text("name"), settings: try Settings(fields))
      try fields.finish()
      return variant
    }
    if series.isEmpty { series = [Variant(name: "", settings: Settings())] }
    self.series = series
    rows = try fields.list("rows").map { value in
      let fields = try Fields(value, key: "rows", origin: origin)
      let row = Row(
        name: try fields.text("name"), position: try fields.optionalNumber("position"),
        settings: try Settings(fields),
        before: try fields.optionalFields("before").map { below in
          let settings = try Settings(below)
          try below.finish()
          return settings
        },
        paper: try fields.paper(series: series.count))
      try fields.finish()
      return row
    }
    if let reference, !rows.contains(where: { $0.name == reference }) {
      throw fields.fail("reference", "must be the name of a row, not \(reference)")
    }
    try fields.finish()
  }
}

extension Experiment.Settings {
  /// - Parameter isConditional: true for `tiny` and `scratch`, which cannot contain each other.
  init(_ fields: Fields, isConditional: Bool = false) throws {
    self.init()
    preset = try fields.optionalChoice(Preset.self, "preset")
    if let preset, preset.phase != .pretraining {
      throw fields.fail("preset", "must be a preset of a pre-training, not \(preset.rawValue)")
    }
    pretraining = try fields.layer("pretraining", without: ["seed": "follows from --repeats"])
    finetuning = try fields.layer(
      "finetuning",
      without: [
        "seed": "follows from --repeats", "start.weights": "follows from start",
        "model.architecture": "equals pretraining.model.architecture; set that instead",
        "model.width": "equals pretraining.model.width; set that instead",
        "model.batch_norm_epsilon": "equals pretraining.model.batch_norm_epsilon; set that instead",
        "model.positions": "equals pretraining.model.positions; set that instead",
        "normalization": "equals pretraining.normalization; set that instead",
        "dataset.kind": "is --dataset", "dataset.videos": "is --data-root",
        "dataset.splits": "is --splits", "dataset.split": "is --split",
        "dataset.frame_rate": "is that of the dataset",
      ])
    start = try fields.optionalChoice(Start.self, "start")
    sources = try fields.optionalChoice(SourceKind.self, "sources")
    let lengths = try fields.optionalFields("length")
    length.pretraining = try fields.duration("pretraining", lengths)
    length.finetuning = try fields.duration("finetuning", lengths)
    if let budget = try lengths?.optionalBudget("pretraining_budget") {
      guard length.pretraining == nil else {
        throw fields.fail(
          "length.pretraining_budget", "and another key both set the length: remove one of them")
      }
      length.pretraining = budget
    }
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
      throw fields.fail("scratch.start", "cannot be set: scratch applies only if start is scratch")
    }
  }
}
