import ArgumentParser
import Configuration
import Foundation
import Insight
import Reproduction
import SafeFiles
import SyntheticData
import Training
import VideoData

struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reproduces the paper's tables and figures.",
    usage: "mosi reproduce <experiment> ... --dataset <format> --output <dir>\n  [<options>]",
    discussion: """
      Experiments are \(Recipe.allCases.map(\.rawValue).joined(separator: ", ")); all, for every table and figure of the \
      paper; or a file of your own, like those in configs/paper. Their runs are planned together: a pre-training that \
      several rows or tables share runs only once. The plan and its cost are shown first. Then all runs of the first seed \
      are carried out, then those of the second. If it is interrupted, run the same command again: finished \
      runs are not repeated. Two commands on one folder, for instance on two GPUs, share the work.

      --dataset sprites needs no data: its videos are made from a seed, and so are the pictures to pre-train on. With \
      --sprites looks, the default, a part of the class is in the look of a video, as in real actions; with plain, only \
      motion tells classes apart. For other datasets, networks are pre-trained on the frames of the dataset's own training \
      videos, as in the paper.

      Writes to DIR: runs/ (a folder for each run, like those of mosi pretrain and mosi finetune), and for each experiment \
      NAME-DATASET-SCALE.md, .json and .html: our results, mean and deviation over the seeds, beside the paper's. --results \
      also keeps a small file for each finished run. Such a run is not repeated, even without its folder, unless another run \
      needs its weights.

      Examples:
        mosi reproduce effect --dataset sprites --output out
        mosi reproduce table1 table3 --dataset hmdb51 --data-root hmdb51 \\
          --splits splits --repeats 3 --output out
        mosi reproduce all --dataset ucf101 --data-root UCF-101 --splits lists \\
          --output out --plan
      """)

  @Argument(help: ArgumentHelp("What to reproduce.", valueName: "experiment"))
  var experiments: [String]

  @Option(
    help: ArgumentHelp(
      "sprites, or the format of your dataset: ucf101, hmdb51, kinetics, csv or folders.",
      valueName: "format"))
  var dataset: ReproductionDataset

  @OptionGroup var root: DataRootOption

  @Option(
    help: ArgumentHelp(
      "The setting of Moving Sprites: looks or plain. Default: that of --data-root, else looks.",
      valueName: "setting"))
  var sprites: SpriteSetting?

  @Option(
    help: ArgumentHelp("The lists of the dataset, as for mosi finetune.", valueName: "path"))
  var splits: String?

  @Option(help: ArgumentHelp("The official split. Default: 1.", valueName: "number"))
  var split: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Pictures to pre-train on if an experiment asks for them: folders (of ImageNet: a folder per class) or lists. Default "
        + "for sprites: \(BenchmarkData.syntheticPictures).", valueName: "path"))
  var pictures: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The training videos of Kinetics-400, for Table 5.", valueName: "path"))
  var kinetics: [String] = []

  @Option(help: ArgumentHelp("The folder for runs and results.", valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "A folder for small files of finished runs, from which a plan continues. Default: none.",
      valueName: "dir"))
  var results: String?

  @Option(
    help: ArgumentHelp(
      "Repetitions of each row, with the seeds 0, 1, ... Default: 1.", valueName: "number"))
  var repeats: Int?

  @Option(name: .customLong("seeds"), help: .hidden)
  var oldRepeats: Int?

  @Option(
    help: ArgumentHelp(
      "paper (its settings) or tiny (networks that a laptop trains in minutes). Default: tiny for sprites, else paper.",
      valueName: "scale"))
  var scale: Scale?

  @Option(help: ArgumentHelp("Save and stop after this number of hours.", valueName: "hours"))
  var budgetHours: Double?

  @Option(name: .customLong("budget"), help: .hidden)
  var oldBudgetHours: Double?

  @Flag(help: "Show the plan with every run, and stop.")
  var plan = false

  @OptionGroup var machine: MachineOptions

  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print the tables, or with --plan the plan, as JSON.")
  var json = false

  private var seeds: Int {
    get throws { try renamed("--repeats", repeats, from: "--seeds", oldRepeats) ?? 1 }
  }

  private var hours: Double? {
    get throws { try renamed("--budget-hours", budgetHours, from: "--budget", oldBudgetHours) }
  }

  func validate() throws {
    if dataset == .sprites, splits != nil || split != nil {
      throw ValidationError(
        "--dataset sprites has its own lists: leave out --splits and --split")
    }
    if dataset != .sprites, sprites != nil {
      throw ValidationError("--sprites needs --dataset sprites")
    }
    let seeds = try seeds
    if !(1...100).contains(seeds) {
      throw ValidationError("--repeats must be from 1 to 100, not \(seeds)")
    }
    if let hours = try hours, !(hours > 0 && hours.isFinite) {
      throw ValidationError("--budget-hours must be above 0, not \(hours)")
    }
  }

  func run() throws {
    let recipes: [Experiment]
    do {
      recipes = try Experiment.all(named: experiments)
    } catch let error as UnknownExperiment {
      throw ValidationError(error.description)
    }
    try requireOutput(output, outside: pictures + kinetics)
    let execution = try machine.execution(cacheBytes: cache.bytes)
    let folder = absolute(output)
    let sprites = dataset == .sprites ? try benchmarkSprites : nil
    func makePlan() throws -> Plan {
      try Plan(
        recipes, scale: scale ?? (sprites == nil ? .paper : .tiny), seeds: seeds,
        data: benchmarkData(sprites, folder: folder), folder: folder,
        results: results.map { ResultFolder(path: absolute($0)) })
    }
    var plan = try makePlan()
    try plan.checkResults()
    let missing = plan.missingRuns
    let timed = self.plan ? plan.runs : missing
    let speed = MachineSpeed(plan, timing: timed, on: execution.device) { done, total in
      if done == 0 {
        Terminal.line(Terminal.faint("timing this machine: a step of each of \(total) kinds"))
      }
    }
    let overview = PlanOverview(plan, here: speed)
    if self.plan {
      return print(json ? try JSON.text(overview) : overview.text(withRuns: true))
    }
    Terminal.line(
      missing.isEmpty ? "all \(plan.runs.count) runs are done" : overview.text(withRuns: false))

    InterruptSignal.listen()
    let progress = ReproductionProgressReporter(seconds: try hours.map { $0 * 3600 })
    if let sprites {
      try make(sprites, in: plan.data.videos)
      // Plan again, because the videos now exist.
      plan = try makePlan()
    }
    let (outcome, failures) = try Runner(plan, options: execution, speed: speed)
      .run(progress)
    let tables = try plan.writeTables()
    print(json ? try JSON.text(tables) : tables.map(Self.text).joined(separator: "\n\n"))
    try plan.writePages(tables, warn: Terminal.warn)
    for failure in failures { Terminal.warn("\(failure.run.title): \(failure.reason)") }
    if outcome == .stopped {
      let done = plan.runs.count(where: plan.isFinished)
      Terminal.line(
        "\(done) of \(plan.runs.count) runs are done; run the same command again to resume")
      if InterruptSignal.isPending { throw ExitCode(InterruptSignal.exitStatus) }
    }
    // Reaching the budget is not a failure.
    if !failures.isEmpty { throw RunsFailed(count: failures.count) }
  }

  /// The videos of the built-in benchmark; the seed is not one that people try first.
  private var benchmarkSprites: SpriteDataset {
    get throws {
      var benchmark = SpriteDataset()
      benchmark.seed = 1
      if let root = try root.path.map(absolute), fileExists(at: root) {
        benchmark.setting = try SpriteSetting(ofFolder: root)
        if let sprites, sprites != benchmark.setting {
          throw ValidationError(
            "\(root.printable) holds the Moving Sprites \(benchmark.setting.rawValue): leave out --sprites, or name "
              + "another --data-root")
        }
      } else if let sprites {
        benchmark.setting = sprites
      }
      return benchmark
    }
  }

  private func benchmarkData(_ sprites: SpriteDataset?, folder: String) throws -> BenchmarkData {
    var settings = FinetuningConfiguration.Dataset()
    if sprites == nil {
      settings = try datasetSettings(
        dataset.kind, root: root.path.map(absolute), splits: splits.map(absolute), split: split,
        frameRate: nil)
      try settings.requireOutput(output)
    } else {
      settings.kind = .csv
      settings.videos =
        try root.path.map(absolute)
        ?? "\(folder)/\(BenchmarkData.spritesName(sprites!.setting))"
    }
    return try BenchmarkData(
      dataset: settings, sprites: sprites,
      pictures: pictures.map { $0.hasPrefix("synthetic:") ? $0 : absolute($0) },
      kinetics: kinetics.map(absolute), folder: folder)
  }

  /// Use absolute paths, so that runs can be resumed from any folder.
  private func absolute(_ path: String) -> String {
    URL(fileURLWithPath: absolutePath(of: path)).standardizedFileURL.path
  }

  private func make(_ sprites: SpriteDataset, in folder: String) throws {
    let progress = ProgressLine(label: "making videos", total: sprites.videoCount, unit: "videos")
    defer { progress.finish() }
    try BenchmarkData.writeSprites(sprites, to: folder) { done in
      if InterruptSignal.isPending { throw interrupted }
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

/// The data for reproducing experiments.
enum ReproductionDataset: String, ExpressibleByArgument, CaseIterable {
  /// Moving Sprites, made by mosi.
  case sprites
  case ucf101, hmdb51, kinetics, csv, folders

  /// The format of the dataset; nil for sprites.
  var kind: DatasetKind? { DatasetKind(rawValue: rawValue) }
}

extension Scale: ExpressibleByArgument {}

private let interrupted = Interrupted(
  description: "stopped before the videos were made; the same command starts over")

private struct RunsFailed: Error, CustomStringConvertible {
  let count: Int
  var description: String {
    "\(Format.count(count, "run")) failed, as reported above; the same command tries again"
  }
}
