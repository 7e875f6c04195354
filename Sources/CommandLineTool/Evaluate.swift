import ArgumentParser
import Foundation
import Insight
import RunRecords
import SafeFiles
import Training
import VideoData

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judges fine-tuned networks on the videos of a dataset.",
    discussion: """
      Each video's scores are the softmax averaged over its clips. Prints top-1, top-5 and the mean class accuracy; \
      leaves in --output evaluation.json, videos.csv (every video), classes.csv, confusion.csv, .png and .svg, and \
      scores.safetensors. Videos that are absent or cannot be read count as wrong and are listed.

      Dataset and split are those of the fine-tuning unless named. Several splits are averaged; each wants the weights \
      that were trained on it.

      Examples:
        mosi evaluate --weights run
        mosi evaluate --weights run --clips 10 --crops 3 --output three-crops
        mosi evaluate --weights run1 run2 run3 --split 1,2,3 --output hmdb51
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "A fine-tuned run's folder or a checkpoint; for several splits one for each, in their order.",
      valueName: "run|file"))
  var weights: [String]

  @OptionGroup var data: DatasetOptions

  @Option(
    help: ArgumentHelp(
      "train, val or test. Default: test, or val where nothing is listed for testing.",
      valueName: "subset"))
  var subset: Subset?

  @OptionGroup var options: InferenceOptions

  @Option(
    help: ArgumentHelp(
      "The folder for the files, made where it is missing. Default: evaluation in the run's folder; of several "
        + "splits, a checkpoint, other videos than the run's own test videos, or other --clips, --crops or clips than at "
        + "the end of its training no files are left unless it is named.",
      valueName: "dir"))
  var output: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if let split = data.split, split.values.count != weights.count {
      throw ValidationError(
        "--split names \(split.values.count) splits, --weights \(weights.count) networks: each split wants the "
          + "weights that were trained on it")
    }
    if data.split == nil, weights.count > 1 {
      throw ValidationError("for several networks name the split of each: --split 1,2,3")
    }
  }

  func run() throws {
    // What cannot be written is to cost nothing.
    if let output { try makeResultFolder(at: output) }
    let numbers = data.split?.values.map(Optional.init) ?? [nil]
    var results: [(split: Int, evaluation: Evaluation)] = []
    var folder: String?
    for (path, number) in zip(weights, numbers) {
      let (split, evaluation, isOwn) = try evaluate(path, split: number)
      results.append((split, evaluation))
      folder = self.folder(for: path, split: split, isOwn: isOwn)
      if let folder {
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
    if json {
      print(try JSON.text(Output(results)))
    } else {
      print(table(results, folder))
    }
  }

  /// - Returns: the split, its evaluation, and whether the videos are the test videos of the network's own run.
  private func evaluate(_ path: String, split: Int?) throws -> (Int, Evaluation, isOwn: Bool) {
    let weights = try Weights(at: path)
    let settings = try data.settings(over: weights.finetuning?.dataset, split: split)
    let own = weights.finetuning?.dataset
    if let own, own.kind == settings.kind, own.split != settings.split {
      Terminal.warn(
        "\(path) was trained on split \(own.split): videos of split \(settings.split) may be among its own"
      )
    }
    let dataset = try ActionDataset(settings.description)
    let subset = subset ?? dataset.evaluationSubset
    let videos = dataset.videos(of: subset)
    guard !videos.isEmpty else {
      throw ValidationError("the dataset lists no videos for --subset \(subset.rawValue)")
    }
    guard videos.contains(where: { $0.footage != nil }) else {
      throw VideosMissing(count: videos.count, folder: try settings.description.videos)
    }
    let classes = try ClassOrder(weights, dataset)
    let inference = try options.inference(weights)
    let progress = ProgressLine(label: "judging", total: videos.count, unit: "videos")
    defer { progress.finish() }
    let evaluation = try Evaluation(
      of: videos.map(classes.relabelled), classNames: classes.names, with: inference,
      progress: progress.update)
    return (
      settings.split, evaluation,
      isOwn: try own == settings && subset == dataset.evaluationSubset
        && options.isAsTrained(weights)
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
        "\(grouped(evaluation.videos.count)), \(evaluation.clips) clips of \(evaluation.crops) "
          + (evaluation.crops == 1 ? "crop" : "crops"))
      table.add("top-1", percent(evaluation.top1))
      if let top5 = evaluation.top5 { table.add("top-5", percent(top5)) }
      table.add("mean class accuracy", percent(evaluation.meanClassAccuracy))
      if !evaluation.failures.isEmpty {
        table.add("unreadable", "\(evaluation.failures.count), counted as wrong")
      }
      table.add("files", folder ?? "none: --output names a folder for them")
      return table.text(leftAligned: true)
        + "\n\n" + Self.classTable(evaluation)
    }
    table.add("split", "videos", "top-1", "top-5", "mean class", "unreadable")
    for (split, evaluation) in results {
      table.add(
        "\(split)", grouped(evaluation.videos.count), percent(evaluation.top1),
        evaluation.top5.map(percent) ?? "-", percent(evaluation.meanClassAccuracy),
        "\(evaluation.failures.count)")
    }
    let report = Output(results)
    table.add(
      "mean", "", percent(report.top1), report.top5.map(percent) ?? "-",
      percent(report.meanClassAccuracy), "")
    return table.text()
  }

  /// The classes, the worst first.
  private static func classTable(_ evaluation: Evaluation) -> String {
    var table = TextTable("class", "correct", "of", "accuracy")
    let classes = evaluation.classes.filter { $0.videos > 0 }
      .sorted { ($0.accuracy!, $0.name) < ($1.accuracy!, $1.name) }
    for result in classes {
      table.add(result.name, "\(result.correct)", "\(result.videos)", percent(result.accuracy!))
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

/// A folder in which none of a dataset's videos is.
struct VideosMissing: Error, CustomStringConvertible {
  let count: Int
  let folder: String
  var description: String {
    "none of the \(grouped(count)) videos is in \(folder): check --videos, or run mosi datasets check"
  }
}
