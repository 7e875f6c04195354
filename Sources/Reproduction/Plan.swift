import Configuration
import Foundation
import Training
import VideoData

/// The runs that experiments take, each once however many cells share it, in the order in which they are made: all that
/// the first seed needs, then the second, so that what is there early is whole.
public struct Plan: Sendable {
  public let experiments: [Experiment]
  public let scale: Scale
  public let seeds: Int
  public let data: BenchmarkData
  /// The folder of all.
  public let folder: String
  public let runs: [PlannedRun]
  public let cells: [Cell]
  /// Rows that cannot be trained here, and why.
  public let omissions: [Omission]
  /// What is not quite as the recipes have it, in sentences.
  public let remarks: [String]

  /// A row of an experiment in one of its series with one seed.
  public struct Cell: Sendable {
    public let experiment: String
    public let row: Int
    public let series: Int
    public let seed: Int
    /// The names of its runs; nil for what it does not take.
    public let pretraining: String?
    public let finetuning: String?
  }

  public struct Omission: Sendable {
    public let experiment: String
    public let row: String
    /// The predicate of a sentence whose subject is the row.
    public let reason: String
  }

  /// - Throws: ``RecipeError``, `ConfigurationError`, `SourceError`, `FileError`.
  public init(
    _ experiments: [Experiment], scale: Scale, seeds: Int, data: BenchmarkData, folder: String
  ) throws {
    self.experiments = experiments
    self.scale = scale
    self.seeds = seeds
    self.data = data
    self.folder = folder
    var planner = try Planner(scale: scale, data: data, folder: folder)
    for seed in 0..<seeds {
      for experiment in experiments { try planner.add(experiment, seed: seed) }
    }
    runs = planner.runs
    cells = planner.cells
    omissions = planner.omissions
    remarks = planner.remarks
  }

  /// The folder of a run.
  public func runFolder(_ name: String) -> RunFolder { RunFolder(path: "\(folder)/runs/\(name)") }
}

extension Plan {
  /// The runs that an experiment needs, with those that others need too.
  public func runs(of experiment: Experiment) -> [PlannedRun] {
    let cells = cells.filter { $0.experiment == experiment.name }
    let trained = Set(cells.flatMap { [$0.pretraining, $0.finetuning].compactMap { $0 } })
    let examined = Set(cells.compactMap(\.pretraining))
    let analyses = Set(experiment.measures.compactMap(\.analysis))
    return runs.filter { run in
      if let analysis = run.work.analysis {
        return examined.contains(run.predecessor!) && analyses.contains(analysis)
      }
      return trained.contains(run.name)
    }
  }

  /// What a run is in an experiment: others that share it call it otherwise.
  public func title(of run: PlannedRun, in experiment: Experiment) -> String {
    let trained = run.work.analysis == nil ? run.name : run.predecessor!
    let cells = cells.filter {
      $0.experiment == experiment.name && [$0.pretraining, $0.finetuning].contains(trained)
    }
    guard let first = cells.first else { return run.title }
    let (row, series) = (experiment.rows[first.row].name, experiment.series[first.series].name)
    // What all rows of a series share is none of them.
    let isOfSeries = !series.isEmpty && cells.contains { $0.row != first.row }
    return run.work.title(isOfSeries ? series : Self.label(series, row), seed: first.seed)
  }

  static func label(_ series: String, _ row: String) -> String {
    [series, row].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// What a page shows below an experiment's table: the first runs of the first seed that are over, at most `limit`, since
  /// a page with dozens of runs is nothing that one sends around.
  public func shownRuns(of experiment: Experiment, limit: Int = 8) -> [PlannedRun] {
    Array(
      runs(of: experiment).filter { $0.work.trainingSeed == 0 && isFinished($0) }.prefix(limit))
  }
}

/// One training, or one look into a network that has been pre-trained.
public struct PlannedRun: Sendable {
  /// The name of its folder: what it is, and a number that changes with the configuration.
  public let name: String
  /// What it is, in words.
  public let title: String
  public let work: Work
  /// The run whose weights it takes.
  public let predecessor: String?
  /// The number of pictures or videos that it learns from; nil of looks.
  public let sources: Int?
  /// Floating-point operations in all.
  public let operations: Double

  public enum Work: Sendable {
    case pretraining(PretrainingConfiguration)
    case finetuning(FinetuningConfiguration)
    /// Of the predecessor, in clips that are cut from the test videos so.
    case analysis(AnalysisKind, ClipSettings)

    /// Nil of trainings.
    var analysis: AnalysisKind? {
      if case .analysis(let analysis, _) = self { analysis } else { nil }
    }

    fileprivate func title(_ label: String, seed: Int) -> String {
      let what =
        switch self {
        case .pretraining: "pre-training"
        case .finetuning: "fine-tuning"
        case .analysis(let analysis, _): analysis.title
        }
      return "\(what), \(label), seed \(seed)"
    }

    /// Nil of looks.
    var trainingSeed: Int? {
      switch self {
      case .pretraining(let configuration): configuration.seed
      case .finetuning(let configuration): configuration.seed
      case .analysis: nil
      }
    }
  }
}

/// Collects runs and cells.
private struct Planner {
  let scale: Scale
  let data: BenchmarkData
  let folder: String
  private let base: [Experiment.Settings]
  private(set) var runs: [PlannedRun] = []
  private(set) var cells: [Plan.Cell] = []
  private(set) var omissions: [Plan.Omission] = []
  private(set) var remarks: [String] = []
  private var names: Set<String> = []
  /// How the clips are cut that pre-trainings are looked at with.
  private var looks: [String: ClipSettings] = [:]
  private var sourceCounts: [PretrainingConfiguration.Sources: (training: Int, heldOut: Int)] = [:]
  private var costs: [Network: Double] = [:]

  /// What decides the cost of a clip.
  private struct Network: Hashable {
    let model: ModelSettings
    let classes: Int
    let frames: Int
    let size: Int
  }

  init(scale: Scale, data: BenchmarkData, folder: String) throws {
    self.scale = scale
    self.data = data
    self.folder = folder
    base = (data.isSprites ? [try .sprites] : []) + [try scale.settings]
  }

  mutating func add(_ experiment: Experiment, seed: Int) throws {
    for (rowIndex, row) in experiment.rows.enumerated() {
      for (seriesIndex, series) in experiment.series.enumerated() {
        let settings = MergedSettings(
          base + [experiment.settings, series.settings, row.settings], scale: scale)
        do {
          let cell = try add(
            settings, measures: experiment.measures, seed: seed,
            label: Plan.label(series.name, row.name))
          cells.append(
            Plan.Cell(
              experiment: experiment.name, row: rowIndex, series: seriesIndex, seed: seed,
              pretraining: cell.pretraining, finetuning: cell.finetuning))
        } catch let missing as MissingData {
          guard seed == 0 else { continue }
          omissions.append(
            Plan.Omission(experiment: experiment.name, row: row.name, reason: missing.problem))
        }
      }
    }
  }

  private mutating func add(
    _ settings: MergedSettings, measures: [Measure], seed: Int, label: String
  ) throws -> (pretraining: String?, finetuning: String?) {
    var pretraining = try PretrainingConfiguration(layers: [.usualSources] + settings.pretraining)
    pretraining.seed = seed
    var pretrainingName: String?
    if settings.start == .pretrained {
      let name = try addPretraining(&pretraining, settings, label: label)
      let analyses = AnalysisKind.allCases.filter { analysis in
        measures.contains { $0.analysis == analysis }
      }
      for analysis in analyses {
        let clip = try FinetuningConfiguration(layers: settings.finetuning).clip
        if let known = looks[name], known != clip {
          throw RecipeError(
            origin: label,
            problem:
              "one pre-training would be looked at with clips that are cut in two ways: give its rows the same "
              + "finetuning.clip")
        }
        looks[name] = clip
        let work = PlannedRun.Work.analysis(analysis, clip)
        add(
          PlannedRun(
            name: "\(name)-\(analysis.rawValue)", title: work.title(label, seed: seed),
            work: work, predecessor: name, sources: nil,
            operations: try operations(of: analysis, of: pretraining, settings, clip)))
      }
      pretrainingName = name
    }
    guard measures.contains(where: \.needsFinetuning) else { return (pretrainingName, nil) }

    var finetuning = try FinetuningConfiguration(layers: settings.finetuning)
    finetuning.seed = seed
    // A network is the same before and after; a recipe says it once.
    finetuning.model.architecture = pretraining.model.architecture
    finetuning.model.width = pretraining.model.width
    finetuning.model.batchNormEpsilon = pretraining.model.batchNormEpsilon
    finetuning.normalization = pretraining.normalization
    let shots = finetuning.dataset.shots
    finetuning.dataset = data.dataset
    finetuning.dataset.shots = shots
    let videos = data.trainingCount(shots: shots)
    if case .samples(let clips) = settings.length.finetuning, videos > 0 {
      finetuning.epochs = max(1, (clips + videos / 2) / videos)
    }
    // The weights by their run, not by a path that changes when the folder moves.
    finetuning.start.weights = pretrainingName
    let name = try self.name(
      "finetuning", finetuning, seed: seed,
      from: pretrainingName == nil ? "scratch" : "mosi")
    if let pretrainingName {
      finetuning.start.weights = "\(folder)/runs/\(pretrainingName)"
    }
    try finetuning.check()
    let work = PlannedRun.Work.finetuning(finetuning)
    add(
      PlannedRun(
        name: name, title: work.title(label, seed: seed), work: work,
        predecessor: pretrainingName, sources: videos,
        operations: operations(of: finetuning, videos: videos)))
    return (pretrainingName, name)
  }

  private mutating func addPretraining(
    _ configuration: inout PretrainingConfiguration, _ settings: MergedSettings, label: String
  ) throws -> String {
    let told = configuration.sources
    let kind = sourceKind(settings)
    // A recipe may name its sources itself, as so many synthetic pictures.
    if told.paths == [ConfigurationLayer.usual] {
      let named = try data.sources(kind)
      configuration.sources.paths = named.paths
      if told.validationPaths.isEmpty {
        configuration.sources.validationPaths = named.validationPaths
      }
      if kind == .own { configuration.sources.frameFolders = named.frameFolders }
      // Synthetic pictures lie in no folders; as many as a hundred folders would give.
      if kind == .pictures, data.picturesAreSynthetic, let perFolder = told.maxPerFolder {
        configuration.sources.paths = ["synthetic:dead-leaves:\(100 * perFolder)"]
        configuration.sources.maxPerFolder = nil
      }
    }
    let counts = try count(kind, configuration)
    if case .samples(let pictures) = settings.length.pretraining {
      configuration.epochs = max(1, (pictures + counts.training / 2) / max(counts.training, 1))
      // Nothing is seen less than once.
      let remark =
        "\(label): each of its \(counts.training) sources is seen once, though others see about \(pictures) in all"
      if 2 * counts.training > 3 * pictures, !remarks.contains(remark) { remarks.append(remark) }
    }
    try configuration.check()
    let name = try self.name("pretraining", configuration, seed: configuration.seed, from: nil)
    let work = PlannedRun.Work.pretraining(configuration)
    add(
      PlannedRun(
        name: name, title: work.title(label, seed: configuration.seed), work: work,
        predecessor: nil, sources: counts.training,
        operations: operations(of: configuration, counts)))
    return name
  }

  private func sourceKind(_ settings: MergedSettings) -> SourceKind {
    settings.sources ?? data.usualSources
  }

  private mutating func add(_ run: PlannedRun) {
    if names.insert(run.name).inserted { runs.append(run) }
  }

  /// A name that tells what is special and ends in a number of the whole configuration, paths below the folder relative.
  private func name<Configuration: RunConfiguration>(
    _ phase: String, _ configuration: Configuration, seed: Int, from start: String?
  ) throws -> String {
    let identity = try configuration.identity.replacingOccurrences(of: folder + "/", with: "")
    return [phase, start, "seed\(seed)", digest(identity)].compactMap { $0 }
      .joined(separator: "-")
  }

  // MARK: Costs

  /// What is drawn by the seed is as many for each.
  private mutating func count(_ kind: SourceKind, _ configuration: PretrainingConfiguration) throws
    -> (training: Int, heldOut: Int)
  {
    let sources = configuration.sources
    // Folders of a million pictures are listed once for all rows that take the same of them.
    let found =
      try sourceCounts[sources] ?? data.sourceCounts(kind, sources, seed: configuration.seed)
    sourceCounts[sources] = found
    return (found.training, min(found.heldOut, sources.validationLimit))
  }

  private mutating func operations(
    of configuration: PretrainingConfiguration, _ counts: (training: Int, heldOut: Int)
  ) -> Double {
    let task = configuration.motionTask
    let clips = Double(configuration.epochs * task.clipsPerSample)
    let forwards = forwards(
      configuration.model, classes: task.labelNames.count, frames: configuration.clip.frames,
      size: configuration.clip.size)
    return clips * forwards * (3 * Double(counts.training) + Double(counts.heldOut))
  }

  private mutating func operations(of configuration: FinetuningConfiguration, videos: Int)
    -> Double
  {
    let forwards = forwards(
      configuration.model, classes: data.classCount, frames: configuration.clip.frames,
      size: configuration.clip.size)
    let validation = configuration.validation
    let validations = validation.everyEpochs.map { configuration.epochs / $0 } ?? 0
    let judged =
      validations * validation.clipsPerVideo * data.heldOutCount
      + (validation.testClipsPerVideo ?? 0) * data.evaluatedCount
    return forwards * (3 * Double(configuration.epochs * videos) + Double(judged))
  }

  private mutating func operations(
    of analysis: AnalysisKind, of configuration: PretrainingConfiguration,
    _ settings: MergedSettings, _ clip: ClipSettings
  ) throws -> Double {
    let task = configuration.motionTask
    let heldOut = try count(sourceKind(settings), configuration).heldOut
    let forwards = forwards(
      configuration.model, classes: task.labelNames.count, frames: clip.frames, size: clip.size)
    return forwards
      * Double(
        analysis.forwards(
          videos: data.evaluatedCount,
          maskedClips: configuration.task.mosi.mask.enabled ? heldOut * task.clipsPerSample : 0))
  }

  /// The operations of a clip forwards; training takes about three times that.
  private mutating func forwards(_ model: ModelSettings, classes: Int, frames: Int, size: Int)
    -> Double
  {
    let key = Network(model: model, classes: classes, frames: frames, size: size)
    if let known = costs[key] { return known }
    let cost = Double(
      model.architecture.cost(
        width: model.width, classes: classes, frames: frames, height: size, clipWidth: size
      ).operations)
    costs[key] = cost
    return cost
  }
}

extension ConfigurationLayer {
  /// Stands for the sources of a recipe that names none.
  fileprivate static let usual = "the dataset's"
  fileprivate static let usualSources = ConfigurationLayer(
    yaml: "sources: {paths: [\"\(usual)\"]}", origin: "the usual sources")
}

/// What holds for one cell: everything that applies, later over earlier.
struct MergedSettings {
  private(set) var pretraining: [ConfigurationLayer] = []
  private(set) var finetuning: [ConfigurationLayer] = []
  private(set) var start = Start.pretrained
  private(set) var sources: SourceKind?
  private(set) var length = Experiment.Length()

  init(_ parts: [Experiment.Settings], scale: Scale) {
    let isTiny = scale == .tiny
    // Where a cell begins decides about what its parts change, whichever of them says it.
    start = parts.compactMap { (isTiny ? $0.tiny?.settings.start : nil) ?? $0.start }.last ?? start
    for part in parts {
      merge(part)
      if isTiny, let changes = part.tiny { merge(changes.settings) }
      if start == .scratch, let changes = part.scratch { merge(changes.settings) }
    }
  }

  private mutating func merge(_ part: Experiment.Settings) {
    pretraining += part.pretraining
    finetuning += part.finetuning
    sources = part.sources ?? sources
    length.pretraining = part.length.pretraining ?? length.pretraining
    length.finetuning = part.length.finetuning ?? length.finetuning
  }
}
