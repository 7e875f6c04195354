import ArgumentParser
import Configuration
import Foundation
import RunRecords
import SafeFiles
import Torch
import Training
import VideoData

struct Finetune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fine-tunes a network on videos of actions, and evaluates it on the test videos.",
    discussion: """
      The network comes from --weights: a run of mosi pretrain, a checkpoint, or none for random weights. It gets a new head \
      with the classes of the dataset. Writes to RUN what mosi pretrain writes (config.yaml, metrics.jsonl, events/, \
      preview.png, curves, last.safetensors, best.safetensors) and evaluation/: the accuracy by class, the confusion \
      matrix and the scores of every video, from 10 clips per video.

      During training, the run is validated on the validation videos, or on the test videos if there are none, with one \
      clip each. In the second case best.safetensors is the best on the test videos; the reported result is that of \
      last.safetensors.

      Ctrl-C saves and stops; --resume continues. Training skips videos that cannot be read and reports each once; the \
      evaluation counts them as wrong and lists them.

      --dataset folders expects DIR/train/CLASS/* and DIR/test/CLASS/* (and val), or DIR/CLASS/*, of which a fifth is for \
      testing; --dataset csv expects a file with the columns path, label and split. Videos may also be folders of frames.
      Clips of --dataset ssv2, whose classes differ in left and right, are not mirrored unless clip.flip_probability is set.

      The defaults are the paper's: 300 epochs, 1,024 clips per step, 16 frames at an interval of 4 at 30 frames per second. \
      Change them with a file of settings (--config) or --set; mosi config --finetune prints all.

      Examples:
        mosi finetune --dataset ucf101 --data-root UCF-101 --splits lists \\
          --split 1 --weights pretrained --output run
        mosi finetune --dataset folders --data-root mine/ --weights pretrained \\
          --output run --config tiny-finetune
        mosi finetune --dataset hmdb51 --data-root hmdb51 --splits splits \\
          --weights none --shots 5 --output scratch
        mosi finetune --output run --resume
      """)

  @OptionGroup var data: DatasetOptions

  @Option(
    help: ArgumentHelp(
      "The weights to start from: a run's folder, a checkpoint, or none. Required for a new run.",
      valueName: "run|file|none"))
  var weights: String?

  @Option(help: ArgumentHelp("The run's folder, created if missing.", valueName: "run"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Number of frozen stages, 0 to 5: conv1 to convS keep their weights and statistics.",
      valueName: "S"))
  var freezeStages: Int?

  @Flag(help: "Train only the head; the same as --freeze-stages 5.")
  var linearProbe = false

  @Option(
    help: ArgumentHelp("Train on K videos per class, drawn with the seed.", valueName: "K"))
  var shots: Int?

  @Option(help: ArgumentHelp("Number of passes over the training videos.", valueName: "number"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "A YAML file of settings (mosi config --finetune prints one), or a preset: \(Preset.names(of: .finetuning)).",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "A setting that overrides the file's, such as --set optimizer.learning_rate=0.001; repeatable.",
      valueName: "key=value"))
  var settings: [String] = []

  @OptionGroup var seed: SeedOption

  @OptionGroup var resumption: ResumeOptions

  @OptionGroup var machine: MachineOptions

  @OptionGroup var activations: ActivationOptions

  @OptionGroup var cache: CacheOptions

  @OptionGroup var together: ProcessOptions

  @OptionGroup var format: JSONOption

  func validate() throws {
    try data.requireOneSplit()
    if let freezeStages, !(0...5).contains(freezeStages) {
      throw ValidationError("--freeze-stages must be from 0 to 5, not \(freezeStages)")
    }
    if linearProbe, let freezeStages, freezeStages != 5 {
      throw ValidationError("--linear-probe freezes all 5 stages: leave out --freeze-stages")
    }
    if let shots, shots < 1 { throw ValidationError("--shots must be at least 1, not \(shots)") }
    if !resumption.resume, weights == nil {
      throw ValidationError(
        "--weights is missing: name a run's folder or a checkpoint, or none for random weights")
    }
  }

  func run() throws { try together.run(machine, cacheBytes: cache.bytes, run) }

  private func run(_ execution: ExecutionOptions) throws {
    let run = RunFolder(path: output)
    let resuming = try resumption.resumes(run, in: execution.processes)
    let configuration = try execution.processes.configuration {
      try run.check(resuming: resuming)
      // The run's own configuration contains its network.
      let isKnown = resuming && config == nil && fileExists(at: run.configuration)
      let start = try isKnown ? nil : startWeights.map { try Weights(at: $0) }
      let configuration = try resolved(
        run, config: config, startingFrom: start, resuming: resuming)
      if !resuming {
        try configuration.dataset.requireOutput(output)
        noticeCost(configuration, run, startingFrom: start, on: execution.device)
      }
      return configuration
    }
    try TrainingResult.report("finetune", run, asJSON: format.json, table: Self.table) {
      try finetune(
        configuration, in: run, resuming: resuming, options: activations.applied(to: execution),
        observers: runObservers(reportingTo: $0), reporter: $0)
    }
  }

  /// Nil for random weights.
  private var startWeights: String? { weights == "none" ? nil : weights }

  /// The run's own configuration if it is resumed, else the network and clips of the weights; overridden by the file, the
  /// settings and the options.
  private func resolved(
    _ run: RunFolder, config: String?, startingFrom start: Weights?, resuming: Bool
  ) throws -> FinetuningConfiguration {
    var configuration: FinetuningConfiguration
    if resuming, config == nil, fileExists(at: run.configuration) {
      configuration = try FinetuningConfiguration(file: run.configuration, settings: settings)
    } else {
      configuration = try FinetuningConfiguration(
        file: config, settings: settings, dataset: data.dataset,
        startingFrom: start)
    }
    if weights != nil { configuration.start.weights = startWeights }
    configuration.dataset = try data.settings(over: configuration.dataset)
    if let shots { configuration.dataset.shots = shots }
    if let freezeStages { configuration.start.frozenStages = freezeStages }
    if linearProbe { configuration.start.frozenStages = 5 }
    if let epochs { configuration.epochs = epochs }
    if let seed = seed.seed { configuration.seed = seed }
    try configuration.check()
    return configuration
  }

  /// Reports before the first step if the training takes long. Errors in the dataset are left to the training.
  private func noticeCost(
    _ configuration: FinetuningConfiguration, _ run: RunFolder, startingFrom start: Weights?,
    on device: Device
  ) {
    guard !device.isCUDA else { return }
    let estimate = try? TrainingEstimate(configuration) { step, operations in
      CostNotice.throughput(for: operations) {
        .measured(step, on: device, effort: .quick)
      }
    }
    let preset = Preset.tiny(for: configuration.model.architecture).rawValue
    let notice = estimate.flatMap { own in
      CostNotice.text(
        for: own,
        preset: (
          preset,
          {
            guard
              let tiny = try? resolved(
                run, config: preset, startingFrom: start, resuming: false),
              // Weights fit one network only.
              start.map({
                ($0.model.architecture, $0.model.width)
                  == (tiny.model.architecture, tiny.model.width)
              }) ?? true
            else { return nil }
            return try? TrainingEstimate(tiny) { step, _ in
              .measured(step, on: device, effort: .quick)
            }
          }
        ))
    }
    if let notice { Terminal.line(notice) }
  }

  private static func table(_ summary: SummaryRecord, _ run: RunFolder) -> String {
    var table = TrainingResult.table(summary)
    if let evaluation = summary.evaluation {
      table.add(
        "top-1",
        "\(Format.percent(evaluation.top1)) of \(evaluation.videos) videos, \(evaluation.clips) clips each"
          + (summary.chance.map {
            $0 < 1 ? " (chance \(Format.percent($0)))" : " (meaningless with one class)"
          } ?? ""))
      if let top5 = evaluation.top5 { table.add("top-5", Format.percent(top5)) }
      table.add("mean class accuracy", Format.percent(evaluation.meanClassAccuracy))
      if evaluation.failed > 0 {
        table.add("unreadable", "\(evaluation.failed) test videos, counted as wrong")
      }
    } else if let top1 = summary.top1 {
      table.add("top-1", "\(Format.percent(top1)) of \(summary.validationSources) videos")
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
