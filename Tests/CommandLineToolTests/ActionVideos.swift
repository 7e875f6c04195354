import Configuration
import Foundation
import KeyedRandom
import Media
import TestSupport
import Testing
import Torch
import Training
import VideoModels

/// The settings of a fine-tuning that takes a second.
let tinyFinetuning = [
  "model.width=4", "clip.frames=4", "clip.interval=2", "clip.size=24", "batch.clips=3",
  "batch.accumulation=1", "validation.epochs=1", "validation.final_clips=2",
].flatMap { ["--set", $0] }

extension ScratchFolder {
  /// 12 frames of 44 x 36 pixels: a textured square that sinks or rises. Mirroring does not change the class.
  private func movement(sinks: Bool, seed: UInt64) -> [Picture] {
    let (width, height, side) = (44, 36, 14)
    var generator = KeyedGenerator(seed, sinks ? 1 : 0)
    let texture = (0..<side * side * 3).map { _ in UInt8(generator.integer(below: 256)) }
    let left = generator.integer(below: width - side)
    let ground = 60 + generator.integer(below: 120)
    return (0..<12).map { frame in
      let top = sinks ? 2 * frame : height - side - 2 * frame
      var pixels = [UInt8](repeating: UInt8(ground), count: width * height * 3)
      for y in 0..<side {
        for index in 0..<side * 3 {
          pixels[((top + y) * width + left) * 3 + index] = texture[y * side * 3 + index]
        }
      }
      return Picture(width: width, height: height, pixels: pixels)
    }
  }

  /// A video, or a folder of its frames if `name` has no extension.
  func action(_ name: String, sinks: Bool, seed: UInt64) throws {
    try write(movement(sinks: sinks, seed: seed), to: name)
  }

  /// Class folders `v/train/rises/0.mp4` and so on; the first test video of each class is a folder of frames.
  func actions(training: Int = 3, test: Int = 2) throws {
    for (label, name) in ["rises", "sinks"].enumerated() {
      for index in 0..<training + test {
        let isTest = index >= training
        try action(
          "v/\(isTest ? "test" : "train")/\(name)/\(index)\(index == training ? "" : ".mp4")",
          sinks: label == 1, seed: UInt64(index))
      }
    }
  }

  /// A run as a fine-tuning leaves it, with its initial weights.
  ///
  /// - Returns: the network, in evaluation mode.
  @discardableResult func finetuned(
    _ name: String = "r", classes: [String] = ["rises", "sinks"], seed: UInt64 = 1,
    change: (inout FinetuningConfiguration) -> Void = { _ in }
  ) throws -> VideoClassifier {
    var configuration = try FinetuningConfiguration(
      settings: tinyFinetuning.filter { $0 != "--set" } + ["dataset.videos=v"])
    change(&configuration)
    let model = configuration.model.makeModel(head: .actions, classes: classes.count, seed: seed)
    try Checkpoint(
      configuration: configuration, position: TrainingPosition(), classNames: classes,
      network: model, optimizer: SGD([])
    ).write(to: file("\(name)/last.safetensors"))
    model.train(false)
    return model
  }
}

/// The JSON object, or the list of objects, in `text`.
func json<Value>(_ text: some StringProtocol, _ type: Value.Type = [String: Any].self) throws
  -> Value
{
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Value)
}
