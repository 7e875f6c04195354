import Configuration
import Foundation
import SafeFiles
import Training
import VideoData

/// The runs that experiments need, without duplicates, in the order in which they are carried out: first everything for
/// the first seed, then for the second, so that complete tables exist early; see also ``Experiment/Order``.
public struct Plan: Sendable {
  /// The experiments.
  public let experiments: [Experiment]
  /// The size of networks and trainings.
  public let scale: Scale
  /// The number of seeds.
  public let seeds: Int
  /// The data.
  public let data: BenchmarkData
  /// The folder of all runs and results.
  public let folder: String
  /// What is kept of finished runs; nil to keep nothing but their folders.
  public let results: ResultFolder?
  /// The runs, in order.
  public let runs: [PlannedRun]
  /// The cells of all experiments.
  public let cells: [Cell]
  /// The rows that cannot be trained, with the reasons.
  public let omissions: [Omission]
  /// The deviations of the plan from the recipes, in sentences.
  public let remarks: [String]

  /// A row of an experiment in one of its series with one seed.
  public struct Cell: Sendable {
    /// The name of the experiment.
    public let experiment: String
    /// The index of the row.
    public let row: Int
    /// The index of the series.
    public let series: Int
    /// The random seed.
    public let seed: Int
    /// The name of its pre-training; nil if it does not need one.
    public let pretraining: String?
    /// The name of its fine-tuning; nil if it does not need one.
    public let finetuning: String?
  }

  /// A row that cannot be trained.
  public struct Omission: Sendable, Equatable {
    /// The name of the experiment.
    public let experiment: String
    /// The name of the row.
    public let row: String
    /// The reason, as the predicate of a sentence whose subject is the row.
    public let reason: String
  }

  /// Plans the runs.
  ///
  /// - Parameters:
  ///   - experiments: the experiments whose runs are planned.
  ///   - scale: the size of the runs.
  ///   - data: the videos.
  ///   - folder: the folder of all runs.
  ///   - seeds: the number of seeds, with each of which a run is repeated.
  ///   - results: what is kept of finished runs; nil to keep nothing but their folders.
  /// - Throws: ``RecipeError``, `ConfigurationError`, `SourceError`, `FileError`.
  public init(
    _ experiments: [Experiment], scale: Scale, seeds: Int, data: BenchmarkData, folder: String,
    results: ResultFolder? = nil
  ) throws {
    self.experiments = experiments
    self.scale = scale
    self.seeds = seeds
    self.data = data
    self.folder = folder
    self.results = results
    var planner = try Planner(scale: scale, data: data, folder: folder)
    // In turn: all experiments that are ordered by seeds and the first series of the others, then their second, and so on.
    for turn in 0..<(experiments.map(\.series.count).max() ?? 0) {
      for seed in 0..<seeds {
        for experiment in experiments {
          switch experiment.order {
          case .seeds where turn == 0:
            try planner.add(experiment, experiment.series.indices, seed: seed)
          case .series where turn < experiment.series.count:
            try planner.add(experiment, turn..<turn + 1, seed: seed)
          default: break
          }
        }
      }
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
  /// The runs that an experiment needs, including shared ones.
  public func runs(of experiment: Experiment) -> [PlannedRun] {
    let cells = cells.filter { $0.experiment == experiment.name }
    var trained = Set(cells.flatMap { [$0.pretraining, $0.finetuning].compactMap { $0 } })
    // A pre-training may begin with the weights of another one.
    for run in runs.reversed() where trained.contains(run.name) {
      if let predecessor = run.predecessor { trained.insert(predecessor) }
    }
    let analyzed = Set(cells.compactMap(\.pretraining))
    let kinds = Set(experiment.measures.compactMap(\.analysis))
    return runs.filter { run in
      guard let analysis = run.work.analysis else { return trained.contains(run.name) }
      return analyzed.contains(analysis.network) && kinds.contains(analysis.kind)
    }
  }

  /// The title of a run in an experiment. Experiments that share a run may use different titles.
  public func title(of run: PlannedRun, in experiment: Experiment) -> String {
    let trained = run.work.analysis?.network ?? run.name
    let cells = cells.filter {
      $0.experiment == experiment.name && [$0.pretraining, $0.finetuning].contains(trained)
    }
    guard let first = cells.first else { return run.title }
    let (row, series) = (experiment.rows[first.row].name, experiment.series[first.series].name)
    // A run that all rows of a series share is not named after one of them.
    let isOfSeries = !series.isEmpty && cells.contains { $0.row != first.row }
    return run.work.title(isOfSeries ? series : Self.label(series, row), seed: first.seed)
  }

  static func label(_ series: String, _ row: String) -> String {
    [series, row].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// The runs on the page of an experiment: the first finished ones of the first seed, at most `limit`, so that the page
  /// stays small.
  public func shownRuns(of experiment: Experiment, limit: Int = 8) -> [PlannedRun] {
    Array(
      runs(of: experiment).filter {
        $0.work.trainingSeed == 0 && runFolder($0.name).isFinished
      }.prefix(limit))
  }
}

/// A training, or an analysis of a pre-trained network.
public struct PlannedRun: Sendable {
  /// The name of its folder: a description with a digest of its configuration.
  public let name: String
  /// A description.
  public let title: String
  /// The training or the analysis.
  public let work: Work
  /// The run whose weights it starts from or analyzes; nil if there is none.
  public let predecessor: String?
  /// The number of pictures or videos to train on; nil for analyses.
  public let sources: Int?
  /// The total number of floating-point operations.
  public let operations: Double

  /// A training or an analysis.
  public enum Work: Sendable {
    /// A pre-training.
    case pretraining(PretrainingConfiguration)
    /// A fine-tuning.
    case finetuning(FinetuningConfiguration)
    /// An analysis.
    case analysis(Analysis)

    /// Nil for trainings.
    var analysis: Analysis? {
      if case .analysis(let analysis) = self { analysis } else { nil }
    }

    fileprivate func title(_ label: String, seed: Int) -> String {
      let what =
        switch self {
        case .pretraining: "pre-training"
        case .finetuning: "fine-tuning"
        case .analysis(let analysis): analysis.kind.title
        }
      return "\(what), \(label), seed \(seed)"
    }

    /// Nil for analyses.
    var trainingSeed: Int? {
      switch self {
      case .pretraining(let configuration): configuration.seed
      case .finetuning(let configuration): configuration.seed
      case .analysis: nil
      }
    }
  }

  /// An analysis of a network that a run has pre-trained.
  public struct Analysis: Sendable {
    /// The kind of analysis.
    public let kind: AnalysisKind
    /// The name of the pre-training.
    public let network: String
    /// How clips are cut from the test videos.
    public let clip: ClipSettings
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
  /// How clips are cut for the analyses of each pre-training.
  private var analysisClips: [String: ClipSettings] = [:]
  private var sourceCounts: [PretrainingConfiguration.Sources: (training: Int, heldOut: Int)] = [:]
  private var cost = TrainingCost()

  init(scale: Scale, data: BenchmarkData, folder: String) throws {
    self.scale = scale
    self.data = data
    self.folder = folder
    base = (data.isSprites ? [try .sprites] : []) + [try scale.settings]
  }

  mutating func add(_ experiment: Experiment, _ series: Range<Int>, seed: Int) throws {
    for (rowIndex, row) in experiment.rows.enumerated() {
      for seriesIndex in series {
        let series = experiment.series[seriesIndex]
        let settings = try MergedSettings(
          base + [experiment.settings, series.settings, row.settings], scale: scale)
        let before = try row.before.map {
          try MergedSettings(base + [experiment.settings, series.settings, $0], scale: scale)
        }
        do {
          let cell = try add(
            settings, after: before, measures: experiment.measures, seed: seed,
            label: Plan.label(series.name, row.name))
          cells.append(
            Plan.Cell(
              experiment: experiment.name, row: rowIndex, series: seriesIndex, seed: seed,
              pretraining: cell.pretraining, finetuning: cell.finetuning))
        } catch let missing as MissingData {
          let omission = Plan.Omission(
            experiment: experiment.name, row: row.name, reason: missing.problem)
          if !omissions.contains(omission) { omissions.append(omission) }
        }
      }
    }
  }

  private mutating func add(
    _ settings: MergedSettings, after before: MergedSettings?, measures: [Measure], seed: Int,
    label: String
  ) throws -> (pretraining: String?, finetuning: String?) {
    var pretraining = try settings.pretrainingConfiguration
    pretraining.seed = seed
    var pretrainingName: String?
    if settings.start == .pretrained {
      var first: String?
      if let before {
        var earlier = try before.pretrainingConfiguration
        earlier.seed = seed
        first = try addPretraining(&earlier, before, label: "\(label), first", after: nil)
      }
      let name = try addPretraining(&pretraining, settings, label: label, after: first)
      for kind in AnalysisKind.allCases where measures.contains(where: { $0.analysis == kind }) {
        let clip = try settings.finetuningConfiguration.clip
        if let known = analysisClips[name], known != clip {
          throw RecipeError(
            origin: label,
            problem:
              "one pre-training would be analyzed with clips that are cut in two ways: give its rows the same "
              + "finetuning.clip")
        }
        analysisClips[name] = clip
        let work = PlannedRun.Work.analysis(.init(kind: kind, network: name, clip: clip))
        add(
          PlannedRun(
            name: "\(name)-\(kind.rawValue)", title: work.title(label, seed: seed),
            work: work, predecessor: name, sources: nil,
            operations: try operations(of: kind, of: pretraining, settings, clip)))
      }
      pretrainingName = name
    }
    guard measures.contains(where: \.needsFinetuning) else { return (pretrainingName, nil) }

    var finetuning = try settings.finetuningConfiguration
    finetuning.seed = seed
    // Pre-training and fine-tuning have the same network; a recipe describes it once.
    finetuning.model.architecture = pretraining.model.architecture
    finetuning.model.width = pretraining.model.width
    finetuning.model.batchNormEpsilon = pretraining.model.batchNormEpsilon
    finetuning.model.positions = pretraining.model.positions
    finetuning.normalization = pretraining.normalization
    let shots = finetuning.dataset.shots
    finetuning.dataset = data.dataset
    finetuning.dataset.shots = shots
    let videos = data.trainingCount(shots: shots)
    if case .samples(let clips) = settings.length.finetuning, videos > 0 {
      finetuning.epochs = max(1, (clips + videos / 2) / videos)
    }
    // Name the weights by their run: a path would change when the folder is moved.
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
        operations: cost.operations(
          of: finetuning, classes: data.classCount, training: videos,
          heldOut: data.heldOutCount, evaluated: data.evaluatedCount)))
    return (pretrainingName, name)
  }

  /// - Parameter predecessor: the name of the pre-training with whose weights it begins; nil for random weights.
  private mutating func addPretraining(
    _ configuration: inout PretrainingConfiguration, _ settings: MergedSettings, label: String,
    after predecessor: String?
  ) throws -> String {
    let configured = configuration.sources
    let kind = sourceKind(settings)
    // A recipe may specify its sources, such as a number of synthetic pictures.
    if configured.paths == [ConfigurationLayer.usual] {
      let named = try data.sources(kind)
      configuration.sources.paths = named.paths
      if configured.validationPaths.isEmpty {
        configuration.sources.validationPaths = named.validationPaths
      }
      if kind == .own { configuration.sources.frameFolders = named.frameFolders }
      // Synthetic pictures have no folders: take as many as a hundred folders would give.
      if kind == .pictures, data.picturesAreSynthetic, let perFolder = configured.maxPerFolder {
        configuration.sources.paths = ["synthetic:dead-leaves:\(100 * perFolder)"]
        configuration.sources.maxPerFolder = nil
      }
    }
    let counts = try count(kind, configuration)
    switch settings.length.pretraining {
    case .samples(let pictures):
      configuration.epochs = max(1, (pictures + counts.training / 2) / max(counts.training, 1))
      // Every source is used at least once.
      let remark =
        "\(label): uses each of its \(counts.training) sources once; the other rows use about \(pictures) in total"
      if 2 * counts.training > 3 * pictures, !remarks.contains(remark) { remarks.append(remark) }
    case .budget(let clips, let network):
      let clip = try settings.finetuningConfiguration.clip
      var model = configuration.model
      if let network {
        model = try MergedSettings(base, scale: scale).pretrainingConfiguration.model
        model.architecture = network
      }
      configuration.epochs = cost.epochs(
        of: configuration, sources: counts.training,
        costing: Double(clips) * cost.forwards(model, frames: clip.frames, size: clip.size))
    case .epochs, nil: break
    }
    // As for a fine-tuning, weights are named by their run.
    if let predecessor { configuration.start.weights = predecessor }
    let name = try self.name("pretraining", configuration, seed: configuration.seed, from: nil)
    if let predecessor { configuration.start.weights = "\(folder)/runs/\(predecessor)" }
    try configuration.check()
    let work = PlannedRun.Work.pretraining(configuration)
    add(
      PlannedRun(
        name: name, title: work.title(label, seed: configuration.seed), work: work,
        predecessor: predecessor, sources: counts.training,
        operations: cost.operations(
          of: configuration, training: counts.training, heldOut: counts.heldOut)))
    return name
  }

  private func sourceKind(_ settings: MergedSettings) -> SourceKind {
    settings.sources ?? data.usualSources
  }

  private mutating func add(_ run: PlannedRun) {
    if names.insert(run.name).inserted { runs.append(run) }
  }

  /// A readable name that ends with a digest of the whole configuration, in which paths are relative to the folder.
  private func name<Configuration: RunConfiguration>(
    _ phase: String, _ configuration: Configuration, seed: Int, from start: String?
  ) throws -> String {
    let identity = try configuration.identity.replacingOccurrences(of: folder + "/", with: "")
    return [phase, start, "seed\(seed)", digest(identity)].compactMap { $0 }
      .joined(separator: "-")
  }

  // MARK: Costs

  /// Each seed draws the same number of sources.
  private mutating func count(_ kind: SourceKind, _ configuration: PretrainingConfiguration) throws
    -> (training: Int, heldOut: Int)
  {
    let sources = configuration.sources
    // Count a folder of a million pictures once for all rows that use it.
    let found =
      try sourceCounts[sources] ?? data.sourceCounts(kind, sources, seed: configuration.seed)
    sourceCounts[sources] = found
    return (found.training, min(found.heldOut, sources.validationLimit))
  }

  private mutating func operations(
    of kind: AnalysisKind, of configuration: PretrainingConfiguration,
    _ settings: MergedSettings, _ clip: ClipSettings
  ) throws -> Double {
    let task = configuration.makeTask()
    let heldOut = try count(sourceKind(settings), configuration).heldOut
    let forwards = cost.forwards(configuration.model, frames: clip.frames, size: clip.size)
    return forwards
      * Double(
        kind.forwards(
          videos: data.evaluatedCount, trainingVideos: data.trainingCount(shots: nil),
          maskedClips: configuration.masksClips ? heldOut * task.clipsPerSample : 0))
  }
}

extension ConfigurationLayer {
  /// A placeholder for the sources of a recipe that does not specify any.
  fileprivate static let usual = "the dataset's"
  fileprivate static let usualSources = ConfigurationLayer(
    [.init(key: "sources.paths", value: .text(usual))], origin: "the usual sources")
}

/// The settings of a cell: all changes that apply, where later ones override earlier ones.
struct MergedSettings {
  /// The layers, and whether each is a preset's.
  private var pretraining: [(layer: ConfigurationLayer, isPreset: Bool)] = []
  private var finetuning: [ConfigurationLayer] = []
  private(set) var start = Start.pretrained
  private(set) var sources: SourceKind?
  private(set) var length = Experiment.Length()

  /// The settings of the pre-training.
  var pretrainingLayers: [ConfigurationLayer] { pretraining.map(\.layer) }

  /// The fine-tuning, of a network of the pre-training's architecture, on which rules for other settings depend.
  ///
  /// - Throws: `ConfigurationError`.
  var finetuningConfiguration: FinetuningConfiguration {
    get throws {
      let name = try pretrainingConfiguration.model.architecture.rawValue
      let architecture = ConfigurationLayer(
        [.init(key: "model.architecture", value: .text(name))], origin: "the pre-training")
      return try FinetuningConfiguration(layers: finetuning + [architecture])
    }
  }

  /// The pre-training.
  ///
  /// - Throws: `ConfigurationError`.
  var pretrainingConfiguration: PretrainingConfiguration {
    get throws { try PretrainingConfiguration(layers: [.usualSources] + pretrainingLayers) }
  }

  /// - Throws: `ConfigurationError`; tests check that presets can be read.
  init(_ parts: [Experiment.Settings], scale: Scale) throws {
    let isTiny = scale == .tiny
    // The start determines which conditional changes apply, whichever part sets it.
    start = parts.compactMap { (isTiny ? $0.tiny?.settings.start : nil) ?? $0.start }.last ?? start
    for part in parts {
      try merge(part)
      if isTiny, let changes = part.tiny { try merge(changes.settings) }
      if start == .scratch, let changes = part.scratch { try merge(changes.settings) }
    }
  }

  private mutating func merge(_ part: Experiment.Settings) throws {
    if let preset = part.preset {
      pretraining.removeAll(where: \.isPreset)
      pretraining.append((try preset.layer, true))
    }
    pretraining += part.pretraining.map { ($0, false) }
    finetuning += part.finetuning
    sources = part.sources ?? sources
    length.pretraining = part.length.pretraining ?? length.pretraining
    length.finetuning = part.length.finetuning ?? length.finetuning
  }
}
