import ArgumentParser
import Foundation
import SafeFiles
import Torch
import Training
import VideoData

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what a fine-tuned network sees in videos.",
    discussion: """
      A video is a file or a folder of frames. The scores are the softmax averaged over --clips clips.

      Examples:
        mosi predict --weights run video.mp4
        mosi predict --weights run --top 3 --json *.avi
      """)

  @Option(help: ArgumentHelp("A fine-tuned run's folder or a checkpoint.", valueName: "run|file"))
  var weights: String

  @Argument(help: ArgumentHelp("Videos, or folders of frames.", valueName: "video"))
  var videos: [String]

  @Option(help: ArgumentHelp("So many classes a video.", valueName: "number"))
  var top = 5

  @Option(
    help: ArgumentHelp("Frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  @OptionGroup var options: InferenceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
    try checkFrameRate(frameRate)
  }

  func run() throws {
    let weights = try Weights(at: weights)
    let names = try weights.actionNames()
    let inference = try options.inference(weights)
    var results: [VideoPrediction] = []
    for path in videos {
      let begun = ContinuousClock.now
      let output = try inference.run([footage(path, frameRate: frameRate)])[0]
      let seconds = (ContinuousClock.now - begun) / .seconds(1)
      switch output {
      case .failure(let failure):
        Terminal.error("\(path) \(failure.reason)")
        results.append(
          VideoPrediction(video: path, classes: [], seconds: seconds, failure: failure.reason))
      case .success(let output):
        let scores = output.probabilities
        let best = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(top)
        let result = VideoPrediction(
          video: path, classes: best.map { .init(name: names[$0], probability: scores[$0]) },
          seconds: seconds, failure: nil)
        results.append(result)
        if !json { print(Self.table(result, clips: output.logits.count)) }
      }
    }
    if json { print(try JSON.text(results)) }
    if results.contains(where: { $0.failure != nil }) { throw ExitCode.failure }
  }

  private static func table(_ result: VideoPrediction, clips: Int) -> String {
    var table = TextTable()
    for prediction in result.classes {
      table.add("  \(Format.percent(prediction.probability))", prediction.name)
    }
    let time = Format.number(1000 * result.seconds, 0)
    return "\(result.video)  (\(clips) \(clips == 1 ? "clip" : "clips"), \(time) ms)\n"
      + table.text(leftAligned: true)
  }
}

/// What `mosi predict` tells of a video.
private struct VideoPrediction: Encodable {
  struct Class: Encodable {
    let name: String
    let probability: Double
  }

  let video: String
  /// The best first.
  let classes: [Class]
  /// Of decoding and the network together.
  let seconds: Double
  let failure: String?
}

/// The video at `path`: a file, or a folder of frames.
func footage(_ path: String, frameRate: Double) -> Footage {
  var isFolder: ObjCBool = false
  return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    ? .frameFolder(path: path, rate: frameRate) : .video(path: path)
}

func checkFrameRate(_ rate: Double) throws {
  guard (0.001...1000).contains(rate) else {
    throw ValidationError("--frame-rate must be from 0.001 to 1000, not \(rate)")
  }
}
