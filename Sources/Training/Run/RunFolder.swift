import Foundation
import SafeFiles
import VideoModels

/// The folder of a run and the paths of its files.
public struct RunFolder: Sendable {
  /// The path of the folder.
  public let path: String

  /// The folder at `path`, which does not need to exist.
  public init(path: String) { self.path = path }

  /// The configuration with all its values, config.yaml.
  public var configuration: String { file("config.yaml") }
  /// The records, metrics.jsonl: a JSON object per line.
  public var metrics: String { file("metrics.jsonl") }
  /// The latest checkpoint, last.safetensors.
  public var last: String { file("last.safetensors") }
  /// The checkpoint of the best validation, best.safetensors.
  public var best: String { file("best.safetensors") }
  /// The folder of the kept checkpoints before the latest, checkpoints.
  public var checkpoints: String { file("checkpoints") }
  /// The path of the kept checkpoint after a number of steps, such as checkpoints/step-000120.safetensors.
  public func checkpoint(afterSteps steps: Int) -> String {
    let digits = String(steps)
    let zeros = String(repeating: "0", count: max(6 - digits.count, 0))
    return "\(checkpoints)/step-\(zeros)\(digits).safetensors"
  }
  /// The state before a step whose loss or gradients were not finite, diverged.safetensors.
  public var diverged: String { file("diverged.safetensors") }
  /// A contact sheet of what the network makes of samples, result.png, for tasks that have something to show.
  public var result: String { file("result.png") }
  /// A contact sheet of training clips, preview.png.
  public var preview: String { file("preview.png") }
  /// The learning curves, curves.png.
  public var curves: String { file("curves.png") }
  /// The learning curves as SVG, curves.svg.
  public var curvesAsSVG: String { file("curves.svg") }
  /// The folder with the results of a fine-tuning's final evaluation.
  public var evaluation: String { file("evaluation") }
  /// The folder with the results of an analysis.
  public func insight(_ analysis: Analysis) -> String { file("insight/\(analysis.rawValue)") }
  /// The folder of TensorBoard's event files.
  public var events: String { file("events") }

  private func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The analyses that a run's folder may hold.
  public enum Analysis: String, CaseIterable, Sendable {
    /// Heat maps of Grad-CAM.
    case gradcam
    /// Localization of the moving region.
    case localize
    /// Clusters of features.
    case clusters
    /// The clips on which the heat map and the optical flow agree least.
    case failures
    /// Retrieval of training videos by nearest neighbors.
    case retrieval
  }

  /// True if the folder contains the configuration, records or a checkpoint of a run.
  public var holdsRun: Bool {
    [configuration, metrics, last, best].contains { fileExists(at: $0) }
  }

  /// True if there is a checkpoint to resume from.
  public var holdsCheckpoint: Bool { fileExists(at: last) || !keptSteps.isEmpty }

  /// The numbers of steps of the checkpoints in ``checkpoints``, from highest to lowest.
  public var keptSteps: [Int] {
    ((try? entries(ofFolder: checkpoints)) ?? []).compactMap { entry in
      let parts = PathParts(entry.name)
      guard parts.ending == "safetensors", parts.stem.hasPrefix("step-") else { return nil }
      return Int(parts.stem.dropFirst("step-".count))
    }.sorted(by: >)
  }

  /// The summary, which is the last record; nil if the run is not finished.
  public var summary: SummaryRecord? {
    let descriptor = openFile(at: metrics, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // The summary is much shorter than this. Do not read all steps before it.
    guard let size = try? file.seekToEnd(),
      (try? file.seek(toOffset: size > 16384 ? size - 16384 : 0)) != nil,
      let tail = try? file.readToEnd(),
      let line = tail.split(separator: UInt8(ascii: "\n")).last
    else { return nil }
    return Metrics.summary(in: line)
  }

  /// True if the run is finished.
  public var isFinished: Bool { summary != nil }

  /// Checks that a new run can begin in this folder, or that a run can be resumed from it.
  ///
  /// - Throws: ``RunError/occupied(path:)`` or ``RunError/incompleteRun(path:)`` if the folder already contains a run,
  ///   ``RunError/nothingToResume(path:)`` if there is no checkpoint to resume from.
  public func check(resuming: Bool) throws {
    if resuming {
      guard holdsCheckpoint else { throw RunError.nothingToResume(path: path) }
    } else {
      guard !holdsRun else {
        throw holdsCheckpoint ? RunError.occupied(path: path) : .incompleteRun(path: path)
      }
    }
  }

  /// Makes the folder for a new run and calls `begin` to write its first files. If that fails, removes what it made.
  ///
  /// - Throws: as ``check(resuming:)`` if the folder already contains a run, `FileError` if it cannot be made, and errors
  ///   of `begin`.
  func prepare(_ begin: () throws -> Void) throws {
    try check(resuming: false)
    let isNew = !fileExists(at: path)
    try makeFolder(at: path)
    do {
      try begin()
    } catch {
      removeFile(at: configuration)
      removeFile(at: last)
      // This succeeds only if the folder is empty.
      if isNew { _ = path.withPathBytes { rmdir($0) } }
      throw error
    }
  }

  /// Removes unfinished files of a run that was killed while it wrote a checkpoint.
  func removePartialFiles() {
    for name in ((try? entries(ofFolder: path, hidden: true)) ?? []).map(\.name)
    where name.hasPrefix(".") && name.contains(".partial") {
      removeFile(at: file(name))
    }
  }
}

/// Why a run cannot start, resume or finish.
public enum RunError: Error, Sendable, CustomStringConvertible {
  /// The folder already contains a run with a checkpoint.
  case occupied(path: String)
  /// There is no checkpoint to resume from.
  case nothingToResume(path: String)
  /// The folder contains files of a run but no checkpoint.
  case incompleteRun(path: String)
  /// The folder does not contain a run.
  case unrecorded(path: String)
  /// Another process is writing the run.
  case busy(path: String)
  /// The sources have changed since the run began.
  case differentSources(path: String)
  /// The configuration has changed since the run began, at these keys.
  case differentConfiguration(path: String, keys: [String])
  /// The file is not a checkpoint of this run.
  case foreignCheckpoint(path: String, problem: String)
  /// No checkpoint can be read: `path` is the newest one, `problem` the reason.
  case noUsableCheckpoint(path: String, problem: String, others: Int)
  /// metrics.jsonl is shorter than at the time of the checkpoint.
  case damagedMetrics(path: String)
  /// There are fewer training sources than one step needs.
  case tooFewSources(count: Int, needed: Int)
  /// None of the named validation sources can be read.
  case noValidationSource
  /// None of the `listed` training videos of the dataset is in the folder.
  case noTrainingVideo(listed: Int, folder: String)
  /// The loss or a weight is infinite or NaN. `sources` are the sources of the samples since the loss was last known to
  /// be finite.
  /// `state` is the file with the state before the step, if it could be written.
  case diverged(step: Int, number: String, sources: [String], state: String?)
  /// The task does not support gradient accumulation.
  case noAccumulation(task: String)
  /// The `batches` of a step cannot be shared equally between `processes` processes.
  case unequalShares(batches: Int, processes: Int)
  /// The task needs videos, and `source` is a still picture.
  case needsMotion(task: String, source: String)
  /// The task needs a transformer.
  case needsTokens(task: String, architecture: Architecture)

  /// The file or folder that the error is about; nil if the error concerns neither.
  public var path: String? {
    switch self {
    case .occupied(let path), .nothingToResume(let path), .incompleteRun(let path),
      .unrecorded(let path),
      .busy(let path), .differentSources(let path), .differentConfiguration(let path, _),
      .foreignCheckpoint(let path, _), .noUsableCheckpoint(let path, _, _),
      .damagedMetrics(let path):
      path
    case .tooFewSources, .noValidationSource, .noTrainingVideo, .diverged, .noAccumulation,
      .unequalShares, .needsMotion, .needsTokens:
      nil
    }
  }

  public var description: String {
    switch self {
    case .occupied(let path):
      "\(path) already contains a run: add --resume to resume it, or choose another --output"
    case .nothingToResume(let path):
      "\(path) holds no checkpoint to resume from: leave out --resume to begin"
    case .incompleteRun(let path):
      "\(path) holds parts of a run but no checkpoint to resume from: remove them, or choose another --output"
    case .unrecorded(let path):
      "\(path) is not the folder of a run: config.yaml or metrics.jsonl is missing"
    case .busy(let path):
      "another process is writing to \(path): wait for it to end, or choose another --output"
    case .differentSources(let path):
      "the run in \(path) began with different sources from those that its paths hold now: restore them, or "
        + "choose another --output"
    case .differentConfiguration(let path, let keys):
      "the run in \(path) began with other settings (\(keys.joined(separator: ", "))): resume it with its own, or "
        + "choose another --output"
        + (keys.contains("epochs") ? "; to train it for longer, begin with --weights \(path)" : "")
    case .foreignCheckpoint(let path, let problem):
      "\(path) is not a checkpoint of this run: \(problem)"
    case .noUsableCheckpoint(_, let problem, let others):
      problem
        + (others == 0
          ? ", and there is no earlier checkpoint"
          : ", and no earlier checkpoint can be read either (\(others) tried)")
        + ": start again with another --output"
    case .damagedMetrics(let path):
      "\(path) is shorter than when the checkpoint was written: it cannot be continued"
    case .tooFewSources(let count, let needed):
      "\(count) training sources do not fill a step of \(needed) (batch.sources x batch.accumulation_steps): "
        + "give more sources, or lower those with --set"
    case .noValidationSource:
      "none of the validation sources can be read"
    case .noTrainingVideo(let listed, let folder):
      listed == 0
        ? "the dataset lists no training videos"
        : "none of the \(listed) training videos is in \(folder): check --data-root, or run mosi datasets check"
    case .diverged(let step, let number, let sources, let state):
      "the \(number) is not a finite number at step \(step): lower optimizer.learning_rate; the last checkpoint is kept"
        + (sources.isEmpty
          ? ""
          : " (the samples came from \(sources.prefix(3).joined(separator: ", "))"
            + (sources.count > 3 ? " and \(Format.count(sources.count - 3, "other")))" : ")"))
        + (state.map { ", and \($0) has the state before the step" } ?? "")
    case .noAccumulation(let task):
      "the task \(task) compares the samples of a batch with each other, so that several small batches are not a large "
        + "one: set batch.accumulation_steps to 1"
    case .unequalShares(let batches, let processes):
      "a step of this run has \(batches) \(batches == 1 ? "batch" : "batches"), which \(processes) processes cannot share "
        + "equally: resume it with a number of processes that divides \(batches)"
    case .needsMotion(let task, let source):
      "the task \(task) needs videos, and \(source) is a still picture: name videos or folders of frames, or choose "
        + "task.kind=mosi"
    case .needsTokens(let task, let architecture):
      "the task \(task) hides parts of clips, which \(architecture.rawValue) cannot leave out: choose a transformer, such "
        + "as model.architecture=vit-tiny"
    }
  }
}
