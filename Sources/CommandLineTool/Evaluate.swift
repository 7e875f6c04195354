import ArgumentParser
import Foundation
import Insight
import RunRecords
import SafeFiles
import Training
import VideoData

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluates fine-tuned networks on the videos of a dataset.",
    discussion: """
      The scores of a video are the softmax averaged over its clips. Prints top-1, top-5 and the mean class accuracy, and \
      writes to --output: evaluation.json, videos.csv (every video), classes.csv, confusion.csv, .png and .svg, and \
      scores.safetensors. Videos that are missing or cannot be read count as wrong and are listed.

      Dataset and split are those of the fine-tuning unless they are given. For several splits, give the network that was \
      trained on each; their results are averaged.

      Examples:
        mosi evaluate --weights run
        mosi evaluate --weights run --clips 10 --crops 3 --output three-crops
        mosi evaluate --weights run1 run2 run3 --split 1,2,3 --output hmdb51
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The folder of a fine-tuned run, or a checkpoint; for several splits one each, in their order.",
      valueName: "run|file"))
  var weights: [String]

  @OptionGroup var data: DatasetOptions

  @Option(
    help: ArgumentHelp(
      "train, val or test. Default: test, or val if no video is listed for testing.",
      valueName: "subset"))
  var subset: Subset?

  @OptionGroup var options: InferenceOptions

  @OptionGroup var together: ProcessOptions

  @Option(
    help: ArgumentHelp(
      "Folder to write to, created if missing. Default: RUN/evaluation if this repeats the run's own final evaluation; "
        + "otherwise nothing is written.", valueName: "dir"))
  var output: String?

  @OptionGroup var format: JSONOption

  func validate() throws {
    if let split = data.split, split.values.count != weights.count {
      throw ValidationError(
        "--split names \(split.values.count) splits, --weights \(weights.count) networks: name the network that was "
          + "trained on each split")
    }
    if data.split == nil, weights.count > 1 {
      throw ValidationError("name the split of each network: --split 1,2,3")
    }
  }

  func run() throws { try together.run(options.machine, run) }

  private func run(_ execution: ExecutionOptions) throws {
    let numbers = data.split?.values.map(Optional.init) ?? [nil]
    var results: [(split: Int, evaluation: Evaluation)] = []
    var folder: String?
    for (path, number) in zip(weights, numbers) {
      let (split, evaluation, isOwn) = try evaluate(path, split: number, execution)
      results.append((split, evaluation))
      folder = self.folder(for: path, split: split, isOwn: isOwn)
      if let folder, execution.processes.isFirst {
        try evaluation.write(to: folder)
        try evaluation.drawConfusion(in: folder)
      }
    }
    for (split, evaluation) in results {
      for video in evaluation.failures {
        let place = results.count > 1 ? " (split \(split))" : ""
        Terminal.warn("counted as wrong\(place): \(video.name) \(video.failure ?? "")")
      }
    }
    print(format.json ? try JSON.text(Output(results)) : table(results, folder))
  }

  /// - Returns: the split, its evaluation, and whether it repeats the final evaluation of the network's own fine-tuning.
  private func evaluate(_ path: String, split: Int?, _ execution: ExecutionOptions) throws -> (
    Int, Evaluation, isOwn: Bool
  ) {
    let weights = try Weights(at: path)
    let settings = try data.settings(over: weights.finetuning?.dataset, split: split)
    // Fail at the start rather than at the end.
    try settings.requireOutput(output)
    if let output { try makeResultFolder(at: output) }
    let evaluation = try DatasetEvaluation(of: weights, on: settings, subset: subset)
    evaluation.findings.forEach(Terminal.tell)
    if let other = evaluation.otherTrainingSplit {
      Terminal.warn(
        "\(path) was trained on split \(other): its training videos may be among those of split "
          + "\(evaluation.settings.split)")
    }
    let inference = try options.inference(weights, on: execution)
    let progress = ProgressLine(
      label: "evaluating", total: evaluation.videos.count, unit: "videos")
    defer { progress.finish() }
    return (
      evaluation.settings.split, try evaluation.run(with: inference, progress: progress.update),
      isOwn: evaluation.isFinal(inference)
    )
  }

  private func folder(for path: String, split: Int, isOwn: Bool) -> String? {
    if let output { return weights.count > 1 ? "\(output)/split-\(split)" : output }
    guard weights.count == 1, isOwn, RunFolder(path: path).holdsRun else { return nil }
    return RunFolder(path: path).evaluation
  }

  private func table(_ results: [(split: Int, evaluation: Evaluation)], _ folder: String?) -> String
  {
    var table = TextTable()
    if results.count == 1 {
      let evaluation = results[0].evaluation
      table.add(
        "videos",
        "\(Format.grouped(evaluation.videos.count)), \(evaluation.clips) clips of \(evaluation.crops) "
          + (evaluation.crops == 1 ? "crop" : "crops"))
      table.add("top-1", Format.percent(evaluation.top1))
      if let top5 = evaluation.top5 { table.add("top-5", Format.percent(top5)) }
      table.add("mean class accuracy", Format.percent(evaluation.meanClassAccuracy))
      if !evaluation.failures.isEmpty {
        table.add("unreadable", "\(evaluation.failures.count), counted as wrong")
      }
      table.add("files", folder ?? "none: name a folder with --output")
      return table.text(leftAligned: true)
        + "\n\n" + Self.classTable(evaluation)
    }
    table.add("split", "videos", "top-1", "top-5", "mean class", "unreadable")
    for (split, evaluation) in results {
      table.add(
        "\(split)", Format.grouped(evaluation.videos.count), Format.percent(evaluation.top1),
        evaluation.top5.map { Format.percent($0) } ?? "-",
        Format.percent(evaluation.meanClassAccuracy),
        "\(evaluation.failures.count)")
    }
    let report = Output(results)
    table.add(
      "mean", "", Format.percent(report.top1), report.top5.map { Format.percent($0) } ?? "-",
      Format.percent(report.meanClassAccuracy), "")
    return table.text()
  }

  /// The classes, sorted by accuracy in ascending order.
  private static func classTable(_ evaluation: Evaluation) -> String {
    var table = TextTable("class", "correct", "of", "accuracy")
    let classes = evaluation.classes.compactMap { result in
      result.accuracy.map { (result: result, accuracy: $0) }
    }.sorted { ($0.accuracy, $0.result.name) < ($1.accuracy, $1.result.name) }
    for (result, accuracy) in classes {
      table.add(
        result.name, "\(result.correct)", "\(result.videos)", Format.percent(accuracy))
    }
    return table.text()
  }

  private struct Output: Encodable {
    struct Split: Encodable {
      let split: Int
      let evaluation: Evaluation.Summary
    }

    let top1: Double
    let top5: Double?
    let meanClassAccuracy: Double
    let splits: [Split]

    init(_ results: [(split: Int, evaluation: Evaluation)]) {
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      let evaluations = results.map(\.evaluation)
      top1 = mean(evaluations.map(\.top1))
      let top5s = evaluations.compactMap(\.top5)
      top5 = top5s.isEmpty ? nil : mean(top5s)
      meanClassAccuracy = mean(evaluations.map(\.meanClassAccuracy))
      splits = results.map { Split(split: $0.split, evaluation: $0.evaluation.summary) }
    }
  }
}
