import ArgumentParser
import Foundation
import SafeFiles
import Torch
import Training
import VideoData

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a network's features and logits of videos or clips.",
    discussion: """
      The output file holds `features` [M, D] (the pooled output of conv5) and `logits` [M, C], float32; of a backbone without head, features alone. Of videos there \
      is a row for each, averaged over its clips (--per-clip: a row for each clip and crop); the file's metadata \
      names the videos (`videos`, a JSON list of a name a row). Of a safetensors file with `clips` [M, 3, N, H, W], \
      float32 and already normalized, there is a row for each clip.

      Examples:
        mosi features --weights run --input *.mp4 --output features.safetensors
        mosi features --weights run --input clips.safetensors \\
          --output features.safetensors
      """)

  @Option(help: ArgumentHelp("A run's folder or a checkpoint.", valueName: "run|file"))
  var weights: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Videos, folders of frames, or one safetensors file with clips.", valueName: "path"))
  var input: [String]

  @Option(help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var output: String

  @Flag(help: "A row for each clip and crop of a video.")
  var perClip = false

  @Option(help: ArgumentHelp("Frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  @OptionGroup var options: InferenceOptions

  func validate() throws { try checkFrameRate(frameRate) }

  func run() throws {
    let weights = try Weights(at: weights)
    try checkOutput(weights)
    let inference = try options.inference(weights)
    let isTensorFile = input.count == 1 && input[0].lowercased().hasSuffix(".safetensors")
    var result =
      isTensorFile
      ? try ofClips(inference, path: input[0]) : try ofVideos(inference)
    // Where there is no head, they mean nothing.
    if weights.classCount == nil { result.tensors["logits"] = nil }
    try result.write(to: output)
    let features = result.tensors["features"]!.shape
    let logits = result.tensors["logits"].map { "logits \($0.shape)" } ?? "no head and so no logits"
    print("\(output): features \(features), \(logits)")
  }

  /// What cannot be written, or must not be, is to cost nothing.
  private func checkOutput(_ weights: Weights) throws {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    let run = RunFolder(path: weights.path)
    guard !([weights.path, run.last, run.best] + input).map(real).contains(real(output)) else {
      throw FileError(
        path: output, attempt: "cannot write",
        reason: "the features are to be made from it; name another file")
    }
    let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
    guard access(folder, W_OK | X_OK) == 0 else {
      throw FileError(path: folder, attempt: "cannot write into")
    }
  }

  private func ofClips(_ inference: VideoInference, path: String) throws -> Safetensors {
    let file = try Safetensors(contentsOf: path)
    guard let clips = file.tensors["clips"] else {
      throw ClipsUnusable(path: path, problem: "holds no tensor named clips")
    }
    let shape = clips.shape
    guard clips.dtype == .float32, shape.count == 5, shape[1] == 3, shape[0] > 0, shape[2] > 0,
      shape[3] >= 8, shape[4] >= 8
    else {
      throw ClipsUnusable(
        path: path,
        problem:
          "holds clips as \(clips.dtype)\(shape); wanted is float32 [M, 3, N, H, W], H and W from 8"
      )
    }
    let outputs = inference.run(normalized: clips)
    return Safetensors(tensors: ["features": outputs.features, "logits": outputs.logits])
  }

  private func ofVideos(_ inference: VideoInference) throws -> Safetensors {
    let progress = ProgressLine(label: "reading", total: input.count, unit: "videos")
    defer { progress.finish() }
    let outputs = try inference.run(
      input.map { footage($0, frameRate: frameRate) }, progress: progress.update)
    var names: [String] = []
    var features: [[Float]] = []
    var logits: [[Float]] = []
    for (path, output) in zip(input, outputs) {
      // All or nothing: a file that lacks rows would be taken for whole.
      guard case .success(let output) = output else {
        guard case .failure(let failure) = output else { continue }
        throw ClipsUnusable(path: path, problem: failure.reason)
      }
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

/// An input that gives no features.
private struct ClipsUnusable: Error, CustomStringConvertible {
  let path: String
  /// The predicate of a sentence whose subject is the path.
  let problem: String
  var description: String { "\(path) \(problem)" }
}
