import Foundation
import SafeFiles

/// The folder of a run and the names in it.
public struct RunFolder: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// The resolved configuration.
  public var configuration: String { file("config.yaml") }
  /// A JSON object a line.
  public var metrics: String { file("metrics.jsonl") }
  /// The newest state.
  public var last: String { file("last.safetensors") }
  /// The state that was best at a validation.
  public var best: String { file("best.safetensors") }
  /// A contact sheet of training clips.
  public var preview: String { file("preview.png") }
  /// The learning curves.
  public var curves: String { file("curves.png") }
  public var curvesAsSVG: String { file("curves.svg") }
  /// The folder of what a fine-tuning's final evaluation leaves.
  public var evaluation: String { file("evaluation") }
  /// The folder of what an analysis of the network leaves.
  public func insight(_ analysis: Analysis) -> String { file("insight/\(analysis.rawValue)") }
  /// TensorBoard's event files.
  public var events: String { file("events") }

  private func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The analyses that a run's folder may hold.
  public enum Analysis: String, CaseIterable, Sendable {
    case gradcam
    case localize
    case clusters
    /// The clips in which heat and flow agree least.
    case failures
  }

  /// True where a run has left its configuration or a checkpoint.
  public var holdsRun: Bool {
    [configuration, metrics, last, best].contains { fileExists(at: $0) }
  }

  /// True where there is something to resume.
  public var holdsCheckpoint: Bool { fileExists(at: last) }

  /// The last line of the records; nil of a run that has not come to its end.
  public var summary: SummaryRecord? {
    let descriptor = openFile(at: metrics, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // A summary is far shorter; the steps before it may be many.
    guard let size = try? file.seekToEnd(),
      (try? file.seek(toOffset: size > 16384 ? size - 16384 : 0)) != nil,
      let tail = try? file.readToEnd(),
      let line = tail.split(separator: UInt8(ascii: "\n")).last
    else { return nil }
    return Metrics.summary(in: line)
  }

  public var isFinished: Bool { summary != nil }

  /// Checks that a run can begin here, or resume.
  ///
  /// - Throws: ``RunError/occupied(path:)`` or ``RunError/incompleteRun(path:)`` if a run is in the way of a new one,
  ///   ``RunError/nothingToResume(path:)`` if no checkpoint exists to resume from.
  public func check(resuming: Bool) throws {
    if resuming {
      guard holdsCheckpoint else { throw RunError.nothingToResume(path: path) }
    } else {
      guard !holdsRun else {
        throw holdsCheckpoint ? RunError.occupied(path: path) : .incompleteRun(path: path)
      }
    }
  }

  /// Makes the folder for a new run and lets `begin` put the first files into it; where that fails, nothing of it
  /// is left behind.
  ///
  /// - Throws: as ``check(resuming:)`` where a run is there already, `FileError` where it cannot be made, and what
  ///   `begin` throws.
  func prepare(_ begin: () throws -> Void) throws {
    try check(resuming: false)
    let isNew = !fileExists(at: path)
    try makeFolder(at: path)
    do {
      try begin()
    } catch {
      removeFile(at: configuration)
      removeFile(at: last)
      // Only where it is empty.
      if isNew { _ = path.withPathBytes { rmdir($0) } }
      throw error
    }
  }

  /// Removes what a run that was killed while it saved has left of the unfinished file.
  func removePartialFiles() {
    for name in ((try? entries(ofFolder: path, hidden: true)) ?? []).map(\.name)
    where name.hasPrefix(".") && name.contains(".partial") {
      removeFile(at: file(name))
    }
  }
}

/// Why a run cannot start, go on or end.
public enum RunError: Error, Sendable, CustomStringConvertible {
  case occupied(path: String)
  case nothingToResume(path: String)
  case incompleteRun(path: String)
  case unrecorded(path: String)
  case busy(path: String)
  case differentSources(path: String)
  case differentConfiguration(path: String, keys: [String])
  case foreignCheckpoint(path: String, problem: String)
  case damagedMetrics(path: String)
  case tooFewSources(count: Int, needed: Int)
  case noValidationSource
  case noTrainingVideo(listed: Int, folder: String)
  /// The loss, or a weight, is not finite; `sources` are those of the samples since it was last known to be.
  case diverged(steps: ClosedRange<Int>, sources: [String])
  case noAccumulation(task: String)
  case needsMotion(task: String, source: String)

  /// The file or folder of the run that the error is about; nil if it is about none.
  public var path: String? {
    switch self {
    case .occupied(let path), .nothingToResume(let path), .incompleteRun(let path),
      .unrecorded(let path),
      .busy(let path), .differentSources(let path), .differentConfiguration(let path, _),
      .foreignCheckpoint(let path, _), .damagedMetrics(let path):
      path
    case .tooFewSources, .noValidationSource, .noTrainingVideo, .diverged, .noAccumulation,
      .needsMotion:
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
      "another process is writing \(path): wait for it to end, or choose another --output"
    case .differentSources(let path):
      "the run in \(path) was begun with other sources than its paths hold now: put them back as they were, or "
        + "choose another --output"
    case .differentConfiguration(let path, let keys):
      "the run in \(path) was begun with another \(keys.joined(separator: ", ")): resume it without changing "
        + "that, or choose another --output"
        + (keys.contains("epochs") ? "; to train it for longer, begin with --weights \(path)" : "")
    case .foreignCheckpoint(let path, let problem):
      "\(path) is not a checkpoint of this run: \(problem)"
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
    case .diverged(let steps, let sources):
      "the loss is not a finite number "
        + (steps.count == 1
          ? "at step \(steps.upperBound)"
          : "in one of the steps \(steps.lowerBound) to \(steps.upperBound)")
        + ": lower optimizer.learning_rate; the last checkpoint is kept"
        + (sources.isEmpty
          ? ""
          : " (the samples came from \(sources.prefix(3).joined(separator: ", "))"
            + (sources.count > 3 ? " and \(sources.count - 3) others)" : ")"))
    case .noAccumulation(let task):
      "the task \(task) compares the samples of a batch with each other, so that gradients of several batches must "
        + "not be added: set batch.accumulation_steps to 1"
    case .needsMotion(let task, let source):
      "the task \(task) needs videos, and \(source) is a still picture: name videos or folders of frames, or choose "
        + "task.kind=mosi"
    }
  }
}
