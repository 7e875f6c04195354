import ArgumentParser
import SafeFiles
import Training

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predicts the actions in videos with a fine-tuned network.",
    discussion: """
      A video is a file or a folder of frames. Its scores are the softmax averaged over --clips clips.

      Examples:
        mosi predict --weights run video.mp4
        mosi predict --weights run --top 3 --json *.avi
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var input: VideoInputOptions

  @Option(help: ArgumentHelp("Number of top classes to print.", valueName: "number"))
  var top = 5

  @OptionGroup var options: InferenceOptions

  @OptionGroup var format: JSONOption

  func validate() throws {
    if top < 1 { throw ValidationError("--top must be at least 1, not \(top)") }
  }

  func run() throws {
    let paths = try input.requiredPaths
    let weights = try network.read()
    let names = try weights.actionNames()
    let inference = try options.inference(weights)
    var results: [VideoPrediction] = []
    for path in paths {
      let start = ContinuousClock.now
      let output = try inference.run([input.footage(path)])[0]
      let seconds = (ContinuousClock.now - start) / .seconds(1)
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
        if !format.json { print(Self.table(result, clips: output.logits.count)) }
      }
    }
    if format.json { print(try JSON.text(results)) }
    if results.contains(where: { $0.failure != nil }) { throw ExitCode.failure }
  }

  private static func table(_ result: VideoPrediction, clips: Int) -> String {
    var table = TextTable()
    for prediction in result.classes {
      table.add("  \(Format.percent(prediction.probability))", prediction.name)
    }
    let time = Format.number(1000 * result.seconds, 0)
    return "\(result.video.printable)  (\(Format.count(clips, "clip")), \(time) ms)\n"
      + table.text(leftAligned: true)
  }
}

/// The prediction for one video.
private struct VideoPrediction: Encodable {
  struct Class: Encodable {
    let name: String
    let probability: Double
  }

  let video: String
  /// The classes with the highest scores, in descending order.
  let classes: [Class]
  /// The seconds for decoding and for the network.
  let seconds: Double
  let failure: String?
}
