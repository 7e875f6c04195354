import ArgumentParser
import Configuration
import Foundation
import SafeFiles
import Torch
import Training
import VideoData

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the features and logits of videos or clips to a file.",
    usage: "mosi features --weights <run> <videos> ... --output <file> [<options>]",
    discussion: """
      The output holds `features` [M, D] (the pooled output of conv5) and `logits` [M, C], float32; for a backbone without a \
      head, only features. Each video has one row, averaged over its clips; with --per-clip, each clip and crop has a row. \
      The metadata of the file names the videos (`videos`, a JSON list with a name for each row). Instead of videos, the \
      input may be a safetensors file with `clips` [M, 3, N, H, W], float32 and already normalized: each clip has one row.

      Examples:
        mosi features --weights run *.mp4 --output features.safetensors
        mosi features --weights run clips.safetensors --output features.safetensors
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var input: VideoInputOptions

  @Option(help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Write a row for each clip and crop of a video.")
  var perClip = false

  @OptionGroup var options: InferenceOptions

  @OptionGroup var together: ProcessOptions

  func run() throws { try together.run(options.machine, run) }

  private func run(_ execution: ExecutionOptions) throws {
    let paths = try input.requiredPaths
    let weights = try network.read()
    try checkOutput(weights, paths)
    let inference = try options.inference(weights, on: execution)
    let isTensorFile = paths.count == 1 && paths[0].lowercased().hasSuffix(".safetensors")
    var result =
      isTensorFile
      ? try ofClips(inference, of: weights.model, path: paths[0]) : try ofVideos(inference, paths)
    // Without a head, logits are meaningless.
    if weights.classCount == nil { result.tensors["logits"] = nil }
    if execution.processes.isFirst { try result.write(to: output) }
    let features = result.tensors["features"]!.shape
    let logits = result.tensors["logits"].map { "logits \($0.shape)" } ?? "no head and so no logits"
    print("\(output.printable): features \(features), \(logits)")
  }

  /// Fails at the start if the output cannot be written or would replace an input.
  private func checkOutput(_ weights: Weights, _ input: [String]) throws {
    let run = RunFolder(path: weights.path)
    guard
      !([weights.path, run.last, run.best] + input).map(realPath(of:)).contains(
        realPath(of: output))
    else {
      throw FileError(
        path: output, attempt: "cannot write",
        reason: "the features are computed from it; choose another file")
    }
    let folder = PathParts(absolutePath(of: output)).folder
    guard isWritableFolder(at: folder) else {
      throw FileError(path: folder, attempt: "cannot write into")
    }
  }

  private func ofClips(_ inference: VideoInference, of model: ModelSettings, path: String) throws
    -> Safetensors
  {
    let file = try Safetensors(contentsOf: path)
    guard let clips = file.tensors["clips"] else {
      throw ClipsUnusable(path: path, problem: "has no tensor named clips")
    }
    let shape = clips.shape
    guard clips.dtype == .float32, shape.count == 5, shape[1] == 3, shape[0] > 0, shape[2] > 0,
      shape[3] >= 8, shape[4] >= 8
    else {
      throw ClipsUnusable(
        path: path,
        problem:
          "contains clips of type \(clips.dtype)\(shape), but needs float32 [M, 3, N, H, W], H and W from 8"
      )
    }
    let unit = model.architecture.clipUnit
    guard shape[2] % unit.time == 0, shape[3] % unit.height == 0, shape[4] % unit.width == 0 else {
      throw ClipsUnusable(
        path: path,
        problem:
          "contains clips of \(shape[2]) x \(shape[3]) x \(shape[4]), but \(model.architecture.rawValue) needs multiples of "
          + "\(unit.time) x \(unit.height) x \(unit.width)")
    }
    try model.check(frames: shape[2], size: min(shape[3], shape[4]))
    let outputs = inference.run(normalized: clips)
    return Safetensors(tensors: ["features": outputs.features, "logits": outputs.logits])
  }

  private func ofVideos(_ inference: VideoInference, _ paths: [String]) throws -> Safetensors {
    let progress = ProgressLine(label: "reading", total: paths.count, unit: "videos")
    defer { progress.finish() }
    let outputs = try inference.run(
      paths.map(input.footage), progress: progress.update)
    var names: [String] = []
    var features: [[Float]] = []
    var logits: [[Float]] = []
    for (path, output) in zip(paths, outputs) {
      // All or nothing: a file without some of the rows would look complete.
      let output = try output.mapError { ClipsUnusable(path: path, problem: $0.reason) }.get()
      let rows =
        perClip
        ? (output.features, output.logits)
        : ([output.meanFeatures.map(Float.init)], [output.meanLogits.map(Float.init)])
      features += rows.0
      logits += rows.1
      names += rows.0.map { _ in path }
    }
    func tensor(_ rows: [[Float]]) -> Tensor {
      Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    }
    return Safetensors(
      tensors: ["features": tensor(features), "logits": tensor(logits)],
      metadata: ["videos": String(decoding: try JSONEncoder().encode(names), as: UTF8.self)])
  }
}

/// The error for an input without features.
private struct ClipsUnusable: Error, CustomStringConvertible {
  let path: String
  /// The problem, as the predicate of a sentence whose subject is the path.
  let problem: String
  var description: String { "\(path) \(problem)" }
}
