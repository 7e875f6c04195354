import ArgumentParser
import Configuration
import Foundation
import Insight
import Reproduction
import SafeFiles
import Training
import VideoData

struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the paper's tables and figures again.",
    discussion: """
      Experiments are \(Recipe.allCases.map(\.rawValue).joined(separator: ", ")); all for every table and figure of the \
      paper; or a file of yours like those in configs/paper. Their runs are planned together: a pre-training that \
      several rows or tables need is made once. The plan is shown with its cost first, then the runs are made, the first \
      seed's before the second's. Whatever interrupts it, the same command goes on where it was, and repeats no \
      finished run. Started twice on one folder, on two GPUs say, the two share the work.

      --dataset sprites needs no data: videos are made from a seed, the pictures to pre-train on likewise. Other datasets \
      are pre-trained on the frames of their own training videos, as in the paper.

      Leaves in DIR: runs/ (a folder for each run, as of mosi pretrain and mosi finetune), and of every experiment \
      NAME-DATASET-SCALE.md, .json and .html: ours, mean and deviation over the seeds, beside the paper's numbers.

      Examples:
        mosi reproduce effect --dataset sprites --output out
        mosi reproduce table1 table3 --dataset hmdb51 --videos hmdb51 \\
          --splits splits --seeds 3 --output out
        mosi reproduce all --dataset ucf101 --videos UCF-101 --splits lists \\
          --output out --plan
      """)

  @Argument(help: ArgumentHelp("What to reproduce.", valueName: "experiment"))
  var experiments: [String]

  @Option(
    help: ArgumentHelp(
      "sprites, or the form of your dataset: ucf101, hmdb51, kinetics, csv, folders.",
      valueName: "kind"))
  var dataset: String

  @Option(
    help: ArgumentHelp("The folder of the videos. Of sprites: DIR/sprites.", valueName: "dir"))
  var videos: String?

  @Option(help: ArgumentHelp("The lists of the dataset, as of mosi finetune.", valueName: "path"))
  var splits: String?

  @Option(help: ArgumentHelp("Which official split.", valueName: "number"))
  var split: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Pictures to pre-train on where a recipe asks for them: folders (of ImageNet, a folder a class), lists. Of sprites: "
        + "\(BenchmarkData.syntheticPictures).", valueName: "path"))
  var pictures: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The training videos of Kinetics-400, for Table 5.", valueName: "path"))
  var kinetics: [String] = []

  @Option(help: ArgumentHelp("The folder of everything.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("Each row so many times, with seeds from 0.", valueName: "number"))
  var seeds = 1

  @Option(
    help: ArgumentHelp(
      "paper: its settings; tiny: networks that a laptop trains in minutes. Default: tiny for sprites, else paper.",
      valueName: "scale"))
  var scale: Scale?

  @Option(
    help: ArgumentHelp("Stop, and save, after so many hours.", valueName: "hours"))
  var budget: Double?

  @Flag(help: "Show the plan with every run, and leave.")
  var plan = false

  @OptionGroup var machine: MachineOptions

  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print the tables, or with --plan the plan, as JSON.")
  var json = false

  func validate() throws {
    if dataset != "sprites", DatasetKind(rawValue: dataset) == nil {
      throw ValidationError(
        "--dataset must be sprites, \(DatasetKind.allCases.map(\.rawValue).joined(separator: ", ")), not \(dataset)"
      )
    }
    if dataset == "sprites", splits != nil || split != nil {
      throw ValidationError(
        "--dataset sprites has lists of its own: leave out --splits and --split")
    }
    if !(1...100).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 100, not \(seeds)")
    }
    if let budget, !(budget > 0 && budget.isFinite) {
      throw ValidationError("--budget must be above 0 hours, not \(budget)")
    }
  }

  func run() throws {
    let recipes = try recipes()
    let execution = try machine.execution(cacheBytes: cache.bytes)
    let folder = URL(fileURLWithPath: output).standardizedFileURL.path
    let sprites = dataset == "sprites" ? Self.sprites : nil
    func makePlan() throws -> Plan {
      try Plan(
        recipes, scale: scale ?? (sprites == nil ? .paper : .tiny), seeds: seeds,
        data: benchmarkData(sprites, folder: folder), folder: folder)
    }
    var plan = try makePlan()
    try refuseToReplaceOthers(plan)
    Terminal.line(Terminal.faint("timing this machine"))
    let overview = PlanOverview(plan, here: .measured(for: plan, on: execution.device))
    if self.plan {
      return print(json ? try JSON.text(overview) : overview.text(withRuns: true))
    }
    Terminal.line(overview.text(withRuns: false))

    InterruptSignal.listen()
    let progress = ReproductionProgressReporter(seconds: budget.map { $0 * 3600 })
    if let sprites {
      try make(sprites, in: plan.data.videos)
      // Now that they are there.
      plan = try makePlan()
    }
    let (outcome, failures) = try Runner(plan, options: execution, throughput: overview.here)
      .run(progress)
    let tables = try plan.experiments.map { try ResultTable($0, of: plan) }
    for table in tables {
      let stem = "\(folder)/\(table.fileName)"
      try replaceFile(at: stem + ".md", with: Data(table.markdown.utf8))
      try replaceFile(at: stem + ".json", with: Data((try JSON.text(table) + "\n").utf8))
    }
    print(json ? try JSON.text(tables) : tables.map(Self.text).joined(separator: "\n\n"))
    for (experiment, table) in zip(plan.experiments, tables) {
      try writePage(table, of: experiment, in: plan)
    }
    for failure in failures {
      Terminal.warn("\(failure.run.title): \(failure.reason)")
    }
    switch outcome {
    case .finished:
      if !failures.isEmpty {
        throw RunsFailed(count: failures.count)
      }
    case .stopped:
      let done = plan.runs.count(where: plan.isFinished)
      Terminal.line(
        "\(done) of \(plan.runs.count) runs are done; the same command goes on from here")
      if InterruptSignal.isPending { throw ExitCode(130) }
      // A budget that is used up is what was asked for; failures are not.
      if !failures.isEmpty { throw RunsFailed(count: failures.count) }
    }
  }

  /// Each once, `table1 all` too; names of files tell results apart.
  private func recipes() throws -> [Experiment] {
    var recipes: [Experiment] = []
    var origins: [String: String] = [:]
    for typed in experiments {
      for recipe in try Self.recipes(typed) {
        let origin = typed.contains(".") ? absolute(typed) : recipe.name
        if let other = origins[recipe.name], other != origin {
          throw ValidationError(
            "two experiments are called \(recipe.name): rename one of the files")
        }
        if origins.updateValue(origin, forKey: recipe.name) == nil { recipes.append(recipe) }
      }
    }
    return recipes
  }

  private static func recipes(_ name: String) throws -> [Experiment] {
    if name == "all" {
      return try Recipe.allCases.filter(\.isOfThePaper).map { try $0.experiment }
    }
    if let recipe = Recipe(rawValue: name) { return [try recipe.experiment] }
    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") else {
      throw ValidationError(
        "there is no experiment \(name): write \(Recipe.allCases.map(\.rawValue).joined(separator: ", ")), all, or the "
          + "path of a .yaml file")
    }
    let text = String(decoding: try readFile(at: name), as: UTF8.self)
    let own = URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
    guard Recipe(rawValue: own) == nil else {
      throw ValidationError(
        "\(name) has the name of the built-in experiment \(own), whose results it would replace: rename it"
      )
    }
    return [try Experiment(yaml: text, name: own, origin: name)]
  }

  /// The videos of the embedded benchmark; another seed than a person's first.
  private static var sprites: SpriteDataset {
    var sprites = SpriteDataset()
    sprites.seed = 1
    return sprites
  }

  private func benchmarkData(_ sprites: SpriteDataset?, folder: String) throws -> BenchmarkData {
    var settings = FinetuningConfiguration.Dataset()
    if sprites == nil {
      settings = try datasetSettings(
        DatasetKind(rawValue: dataset), videos: videos.map(absolute), splits: splits.map(absolute),
        split: split, frameRate: nil)
      // Every folder there is a class.
      if settings.kind == .folders, try (folder + "/").hasPrefix(settings.description.videos + "/")
      {
        throw ValidationError(
          "--output \(output) lies in the folder of the videos, where it would be a class: name another"
        )
      }
    } else {
      settings.kind = .csv
      settings.videos = videos.map(absolute) ?? "\(folder)/sprites"
    }
    return try BenchmarkData(
      dataset: settings, sprites: sprites,
      pictures: pictures.map { $0.hasPrefix("synthetic:") ? $0 : absolute($0) },
      kinetics: kinetics.map(absolute), folder: folder)
  }

  /// Two folders of videos may bear one name.
  private func refuseToReplaceOthers(_ plan: Plan) throws {
    for experiment in plan.experiments {
      let path = "\(plan.folder)/\(plan.fileName(of: experiment)).json"
      guard let other = try? JSON.decode(ResultTable.self, from: readFile(at: path)),
        other.dataset != plan.data.title
      else { continue }
      throw ValidationError(
        "\(path) holds results of \(other.dataset), not of \(plan.data.title): name another --output, or remove it"
      )
    }
  }

  /// Runs are resumed from wherever the command is typed.
  private func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  private func make(_ sprites: SpriteDataset, in folder: String) throws {
    let progress = ProgressLine(label: "making videos", total: sprites.videoCount, unit: "videos")
    defer { progress.finish() }
    try BenchmarkData.writeSprites(sprites, to: folder) { done in
      if InterruptSignal.isPending { throw Interrupted() }
      progress.update(done)
    }
  }

  /// A run whose files are damaged is left out, with a warning: its numbers stand in the table.
  private func writePage(_ table: ResultTable, of experiment: Experiment, in plan: Plan) throws {
    let records = plan.shownRuns(of: experiment).flatMap { run in
      let path = plan.runFolder(run.name).path
      do {
        return try RunDescription.all(at: [path], names: [plan.title(of: run, in: experiment)])
      } catch {
        Terminal.warn(
          "the page does without \(run.title): \(error); remove \(path), and the same command makes it again"
        )
        return []
      }
    }
    try ReportPage(of: records, results: [table.section])
      .write(to: "\(plan.folder)/\(table.fileName).html")
  }

  private static func text(_ table: ResultTable) -> String {
    let (header, rows) = table.cells
    var text = TextTable()
    text.add(header)
    for row in rows { text.add(row) }
    return "\(table.title)\n\(table.question)\n\n\(text.text())\n\n\(table.legend)"
      + (table.omissions.map { "\nnot trained: \($0)" } + table.notes.map { "\n\($0)" }).joined()
  }
}

extension Scale: ExpressibleByArgument {}

extension Recipe {
  /// Whether it is a table or figure of the paper.
  fileprivate var isOfThePaper: Bool {
    switch self {
    case .limits, .effect, .scratchTuning: false
    default: true
    }
  }
}

/// Ctrl-C while the videos are made.
private struct Interrupted: Error, CustomStringConvertible {
  let description = "stopped before the videos were made; the same command begins them anew"
}

private struct RunsFailed: Error, CustomStringConvertible {
  let count: Int
  var description: String {
    "\(count) \(count == 1 ? "run" : "runs") failed, as told above; the same command tries again"
  }
}
