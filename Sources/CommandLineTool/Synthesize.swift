import ArgumentParser
import VideoData

struct Synthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes datasets from a seed, without anybody's data.",
    subcommands: [SynthesizeActions.self])
}

struct SynthesizeActions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "actions",
    abstract: "Moving Sprites: videos of actions that motion alone tells apart.",
    discussion: """
      \(SpriteAction.allCases.count) classes: \(SpriteAction.allCases.map(\.rawValue).joined(separator: ", ")). Grounds, \
      sprites and what distracts are the same in all classes, and places and angles are uniform, so that a single frame \
      hardly tells the class (its sprite's size at best: 10 % where chance is 7 %). The folder is read by --dataset csv. Left and right are classes: train with --set clip.flip_probability=0.

      Examples:
        mosi synthesize actions --output sprites --seed 1
        mosi finetune --dataset csv --videos sprites --weights pretrained \\
          --set clip.flip_probability=0 --output run
      """)

  @Option(help: ArgumentHelp("The folder to make.", valueName: "folder"))
  var output: String

  @Option(help: ArgumentHelp("Names every random draw.", valueName: "number"))
  var seed = 0

  @Option(help: ArgumentHelp("Videos of each class to learn from.", valueName: "number"))
  var train = SpriteDataset().trainingVideos

  @Option(help: ArgumentHelp("Videos of each class to be tested on.", valueName: "number"))
  var test = SpriteDataset().testVideos

  @Option(
    help: ArgumentHelp(
      "plain (nothing in the way), standard (a hand-held camera, one or two small things that move too) or hard.",
      valueName: "level"))
  var difficulty = SpriteDifficulty.standard

  func validate() throws {
    for (name, value) in [("--train", train), ("--test", test)]
    where !(1...9999).contains(value) {
      throw ValidationError("\(name) must be from 1 to 9999, not \(value)")
    }
    if seed < 0 { throw ValidationError("--seed must not be negative") }
  }

  func run() throws {
    InterruptSignal.listen()
    var dataset = SpriteDataset()
    dataset.trainingVideos = train
    dataset.testVideos = test
    dataset.difficulty = difficulty
    dataset.seed = seed
    let progress = ProgressLine(label: "making", total: dataset.videoCount, unit: "videos")
    do {
      defer { progress.finish() }
      try dataset.write(to: output) { done in
        if InterruptSignal.isPending { throw Interrupted() }
        progress.update(done)
      }
    }
    print(
      "\(output): \(grouped(dataset.videoCount)) videos of \(dataset.actions.count) classes, \(train) of each to learn from, "
        + "\(test) to be tested on")
  }
}

/// Ctrl-C before the end.
private struct Interrupted: Error, CustomStringConvertible {
  let description = "stopped before the list of the videos was written: the folder is incomplete"
}

extension SpriteDifficulty: ExpressibleByArgument {}
