import Configuration
import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing
import Torch
import Training
import VideoData

/// Videos of a texture with their list: it moves right, moves left or is static, or is dark or bright.
struct SyntheticVideos {
  static let classes = ["left", "right", "still"]

  let folder: String
  /// The lines of the list: path, label, subset.
  private(set) var lines: [String] = []

  /// Writes `training` and `test` videos of each class to `folder`.
  init(
    in folder: String, training: Int, test: Int, classes: [String] = Self.classes, frames: Int = 12
  ) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (label, name) in classes.enumerated() {
      for number in 0..<training + test {
        let path = "\(name)\(number).mp4"
        try Self.write(
          to: "\(folder)/\(path)", step: ["left": -2, "right": 2][name] ?? 0,
          levels: ["dark": 0..<80, "light": 176..<256][name] ?? 0..<256,
          seed: UInt64(label * 1000 + number), frames: frames)
        lines.append("\(path),\(name),\(number < training ? "train" : "test")")
      }
    }
    try list()
  }

  /// Adds a line for a file with `content` that is not a video, or that does not exist.
  mutating func add(broken path: String, label: String, subset: String, content: String?) throws {
    if let content {
      try Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(path)"))
    }
    lines.append("\(path),\(label),\(subset)")
    try list()
  }

  private func list() throws {
    try Data((["path,label,split"] + lines).joined(separator: "\n").utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/annotations.csv"))
  }

  /// Frames of 40 x 32 pixels at 10 frames per second, whose content moves by `step` pixels per frame.
  static func write(
    to path: String, step: Int, levels: Range<Int> = 0..<256, seed: UInt64, frames count: Int = 12
  ) throws {
    let (width, height) = (40, 32)
    var generator = KeyedGenerator(0x51D, seed)
    let wide = width + 2 * count + 8
    // Blocks of four pixels survive the encoder.
    let blocks = (0..<(wide / 4 + 1) * (height / 4)).map { _ in
      UInt8(levels.lowerBound + generator.integer(below: levels.count))
    }
    let frames = (0..<count).map { frame in
      let shift = step >= 0 ? 2 * count - step * frame : -step * frame
      var pixels: [UInt8] = []
      for y in 0..<height {
        for x in 0..<width {
          let value = blocks[(x + shift) / 4 + (y / 4) * (wide / 4 + 1)]
          pixels += [value, value, value]
        }
      }
      return Picture(width: width, height: height, pixels: pixels)
    }
    try MP4Writer.write(frames, to: path, framesPerSecond: 10)
  }
}

/// A training by a task of another paper on three videos of each class, which have 18 frames or more: two epochs of three
/// steps, on two thirds of the videos.
func tinyConfiguration(of kind: TaskKind, on videos: SyntheticVideos) -> PretrainingConfiguration {
  var c = tinyConfiguration()
  c.task.kind = kind
  c.task.clipOrder.gap = 1
  c.task.cloze.gap = 1
  c.task.frameOrder.margin = 4
  c.task.cubicPuzzle.cellFrames = 4
  c.task.cubicPuzzle.cellSize = 16
  c.sources.paths = SyntheticVideos.classes.flatMap { name in
    (0..<3).map { "\(videos.folder)/\(name)\($0).mp4" }
  }
  c.task.speed.smallestSize = 12
  c.task.playbackRate.rates = [1, 2]
  c.clip.frames = kind == .playbackRate ? 8 : 4
  c.epochs = 2
  c.batch.accumulationSteps = 1
  c.sources.validationFraction = 0.34
  return c
}

/// A fine-tuning of one second with everything enabled that could differ between runs.
func tinyFinetuning(on videos: SyntheticVideos, epochs: Int = 3) -> FinetuningConfiguration {
  var c = FinetuningConfiguration()
  c.epochs = epochs
  c.dataset.kind = .csv
  c.dataset.videos = videos.folder
  c.clip.frames = 4
  c.clip.interval = 2
  c.clip.framesPerSecond = 10
  c.clip.size = 16
  c.model.width = 2
  // Two clips or more: for a single one, conv5 leaves a single cell, which has no variance.
  c.batch.clips = 3
  c.batch.accumulationSteps = 2
  c.regularization.labelSmoothing = 0.1
  c.regularization.maxGradientNorm = 1
  c.regularization.emaDecay = 0.9
  c.validation.everyEpochs = 1
  c.validation.testClipsPerVideo = 2
  return c
}

/// What a fine-tuning begins with: a step with next to no learning rate leaves the weights as they were loaded.
///
/// - Parameters:
///   - path: the weights to start from.
///   - folder: where videos and the run are written.
///   - change: changes the other settings.
/// - Returns: the weights of the finished run, and its note of what it took, left out and made.
func finetuningBeginning(
  with path: String, in folder: ScratchFolder,
  _ change: (inout FinetuningConfiguration) -> Void = { _ in }
) throws -> (tensors: [String: Tensor], note: String) {
  let videos = try SyntheticVideos(in: folder.file("videos"), training: 1, test: 1)
  var tuning = tinyFinetuning(on: videos, epochs: 1)
  tuning.start.weights = path
  tuning.model = try Weights(at: path).model
  tuning.optimizer.learningRate = 1e-30
  tuning.optimizer.warmupStartLearningRate = 0
  tuning.batch.accumulationSteps = 1
  tuning.regularization.emaDecay = nil
  tuning.validation.everyEpochs = nil
  tuning.validation.testClipsPerVideo = nil
  change(&tuning)
  let tuned = RunFolder(path: folder.file("tuned"))
  let listener = Listener()
  _ = try finetune(
    tuning, in: tuned, resuming: false, options: ExecutionOptions(device: .cpu, workers: 1),
    reporter: listener)
  #expect(tuned.isFinished)
  let note = try #require(listener.notes.first { $0.contains("taken:") })
  return (try Weights(at: tuned.path).tensors, note)
}
