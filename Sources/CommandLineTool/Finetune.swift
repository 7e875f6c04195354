import ArgumentParser
import Configuration
import Foundation
import RunRecords
import Torch
import Training
import VideoData

struct Finetune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fine-tunes a network on videos with actions, and judges it on the test videos.",
    discussion: """
      The network comes from --weights: a run of mosi pretrain, a checkpoint, or none for random weights. Its head \
      is new, with the dataset's classes. Leaves in RUN what mosi pretrain leaves (config.yaml, metrics.jsonl, events/, \
      preview.png, curves, last.safetensors, best.safetensors) and evaluation/: the accuracy by class, the confusion \
      matrix and every video's scores, from 10 clips a video.

      While it goes, the run is judged by the validation videos, or where there are none by the test videos, with \
      one clip each: best.safetensors is then the best on the test videos, last.safetensors is what is reported.

      Ctrl-C saves and leaves; --resume goes on. Videos that cannot be read are reported once and passed over in \
      training; in the evaluation they count as wrong and are listed.

      --dataset folders wants DIR/train/CLASS/* and DIR/test/CLASS/* (and val), or DIR/CLASS/*, of which a fifth is \
      tested on; --dataset csv a file with the columns path, label and split. Videos may also be folders of frames.

      The defaults are the paper's: 300 epochs, 1,024 clips a step, 16 frames at an interval of 4 for 30 frames a second. \
      A file of settings (--config) or --set changes them.

      Examples:
        mosi finetune --dataset ucf101 --videos UCF-101 --splits ucfTrainTestlist \\
          --split 1 --weights pretrained --output run
        mosi finetune --dataset folders --videos mine/ --weights pretrained \\
          --output run --config tiny-finetune
        mosi finetune --dataset hmdb51 --videos hmdb51 --splits splits \\
          --weights none --shots 5 --output scratch
        mosi finetune --output run --resume
      """)

  @OptionGroup var data: DatasetOptions

  @Option(
    help: ArgumentHelp(
      "Where the network begins: a run's folder, a checkpoint, or none. Required for a new run.",
      valueName: "run|file|none"))
  var weights: String?

  @Option(help: ArgumentHelp("The run's folder, made where it is missing.", valueName: "run"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "conv1 to convS keep their weights and statistics (0 to 5).", valueName: "S"))
  var freezeStages: Int?

  @Flag(help: "Train the head alone; the same as --freeze-stages 5.")
  var linearProbe = false

  @Option(
    help: ArgumentHelp("Learn from K videos a class, drawn by the seed.", valueName: "K"))
  var shots: Int?

  @Option(help: ArgumentHelp("Passes over the training videos.", valueName: "number"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "A YAML file of settings (mosi config --finetune prints one), or a preset: \(Preset.names(of: .finetuning)).",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "One setting over the file's, as --set optimizer.learning_rate=0.001; can be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(help: ArgumentHelp("Names every random draw.", valueName: "number"))
  var seed: Int?

  @Flag(help: "Go on from the run's last checkpoint.")
  var resume = false

  @OptionGroup var machine: MachineOptions

  @OptionGroup var cache: CacheOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    try data.requireOneSplit()
    if let freezeStages, !(0...5).contains(freezeStages) {
      throw ValidationError("--freeze-stages must be from 0 to 5, not \(freezeStages)")
    }
    if linearProbe, let freezeStages, freezeStages != 5 {
      throw ValidationError("--linear-probe freezes all 5 stages: leave out --freeze-stages")
    }
    if let shots, shots < 1 { throw ValidationError("--shots must be at least 1, not \(shots)") }
    if !resume, weights == nil {
      throw ValidationError(
        "--weights is missing: name a run's folder or a checkpoint, or none for random weights")
    }
  }

  func run() throws {
    let run = RunFolder(path: output)
    try run.check(resuming: resume)
    let configuration = try resolved(run)
    let execution = try machine.execution(cacheBytes: cache.bytes)
    try TrainingResult.report("finetune", run, asJSON: json, table: Self.table) {
      try finetune(
        configuration, in: run, resuming: resume, options: execution,
        observers: runObservers(reportingTo: $0), reporter: $0)
    }
  }

  /// Nil for random weights.
  private var startWeights: String? { weights == "none" ? nil : weights }

  /// The run's own configuration where it goes on, else the weights' network and clips; then the file, the settings and
  /// the options.
  private func resolved(_ run: RunFolder) throws -> FinetuningConfiguration {
    var configuration: FinetuningConfiguration
    if resume, config == nil, FileManager.default.fileExists(atPath: run.configuration) {
      configuration = try FinetuningConfiguration(file: run.configuration, settings: settings)
    } else {
      configuration = try FinetuningConfiguration(
        file: config, settings: settings,
        startingFrom: startWeights.map { try Weights(at: $0) })
    }
    if weights != nil { configuration.start.weights = startWeights }
    configuration.dataset = try data.settings(over: configuration.dataset)
    if let shots { configuration.dataset.shots = shots }
    if let freezeStages { configuration.start.frozenStages = freezeStages }
    if linearProbe { configuration.start.frozenStages = 5 }
    if let epochs { configuration.epochs = epochs }
    if let seed { configuration.seed = seed }
    try configuration.check()
    return configuration
  }

  private static func table(_ summary: SummaryRecord, _ run: RunFolder) -> String {
    var table = TrainingResult.table(summary)
    if let evaluation = summary.evaluation {
      table.add(
        "top-1",
        "\(percent(evaluation.top1)) of \(evaluation.videos) videos, \(evaluation.clips) clips each "
          + "(chance \(percent(summary.chance ?? 0)))")
      if let top5 = evaluation.top5 { table.add("top-5", percent(top5)) }
      table.add("mean class accuracy", percent(evaluation.meanClassAccuracy))
      if evaluation.failed > 0 {
        table.add("unreadable", "\(evaluation.failed) test videos, counted as wrong")
      }
    } else if let top1 = summary.top1 {
      table.add("top-1", "\(percent(top1)) of \(summary.validationSources) videos")
    }
    if summary.skippedSources > 0 {
      table.add("skipped videos", "\(summary.skippedSources) training videos")
    }
    table.add("preview", run.preview)
    table.add("curves", run.curves)
    if summary.evaluation != nil { table.add("evaluation", run.evaluation) }
    table.add("checkpoint", run.last)
    table.add("TensorBoard", "tensorboard --logdir \(run.events)")
    return table.text(leftAligned: true)
  }
}
