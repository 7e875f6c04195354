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
    let recipes: [Experiment]
    do {
      recipes = try Experiment.all(named: experiments)
    } catch let error as UnknownExperiment {
      throw ValidationError(error.description)
    }
    let execution = try machine.execution(cacheBytes: cache.bytes)
    let folder = absolute(output)
    let sprites = dataset == "sprites" ? Self.sprites : nil
    func makePlan() throws -> Plan {
      try Plan(
        recipes, scale: scale ?? (sprites == nil ? .paper : .tiny), seeds: seeds,
        data: benchmarkData(sprites, folder: folder), folder: folder)
    }
    var plan = try makePlan()
    try plan.checkResults()
    Terminal.line(Terminal.faint("timing this machine"))
    let overview = PlanOverview(plan, here: .measured(plan.typicalStep, on: execution.device))
    if self.plan {
      return print(json ? try JSON.text(overview) : overview.text(withRuns: true))
    }
    Terminal.line(overview.text(withRuns: false))

    InterruptSignal.listen()
    let progress = ReproductionProgressReporter(seconds: budget.map { $0 * 3600 })
    if let sprites {
      try make(sprites, in: plan.data.dataset.videos)
      // Now that the videos exist.
      plan = try makePlan()
    }
    let (outcome, failures) = try Runner(plan, options: execution, throughput: overview.here)
      .run(progress)
    let tables = try plan.writeTables()
    print(json ? try JSON.text(tables) : tables.map(Self.text).joined(separator: "\n\n"))
    try plan.writePages(tables, warn: Terminal.warn)
    for failure in failures { Terminal.warn("\(failure.run.title): \(failure.reason)") }
    if outcome == .stopped {
      let done = plan.runs.count(where: plan.isFinished)
      Terminal.line(
        "\(done) of \(plan.runs.count) runs are done; run the same command again to resume")
      if InterruptSignal.isPending { throw ExitCode(130) }
    }
    // A budget that is used up is not a failure.
    if !failures.isEmpty { throw RunsFailed(count: failures.count) }
  }

  /// The videos of the built-in benchmark; not the seed that people try first.
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
      // Every folder there counts as a class.
      if settings.kind == .folders, (folder + "/").hasPrefix(settings.videos + "/") {
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

  /// Runs can be resumed from any folder.
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

/// Ctrl-C while the videos are made.
private struct Interrupted: Error, CustomStringConvertible {
  let description = "stopped before the videos were made; the same command starts over"
}

private struct RunsFailed: Error, CustomStringConvertible {
  let count: Int
  var description: String {
    "\(Format.count(count, "run")) failed, as reported above; the same command tries again"
  }
}
