import ArgumentParser
import SafeFiles
import SyntheticData
import VideoData

struct Synthesize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes datasets from a seed.",
    subcommands: [SynthesizeSprites.self, SynthesizeActions.self])
}

struct SynthesizeSprites: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sprites",
    abstract:
      "Makes Moving Sprites: videos of actions, of which looks tell a part and motion the rest.",
    usage: "mosi synthesize sprites --output <dir> [<options>]",
    discussion: """
      \(SpriteAction.allCases.count) classes: \(SpriteAction.allCases.map(\.rawValue).joined(separator: ", ")). With --sprites \
      looks, each of five looks of background and sprite is typical of three classes, and one video of five has the look of \
      other classes: looks alone are right for 27 % of the videos. With --sprites plain, all classes share the same \
      backgrounds, sprites and distractors, and positions and angles are uniform, so that a single frame hardly reveals the \
      class (10 % at best, from the size of the sprite; chance is 7 %). Read the folder with --dataset csv. Left and right \
      are different classes: fine-tune with --set clip.flip_probability=0.

      Examples:
        mosi synthesize sprites --output sprites --seed 1
        mosi finetune --dataset csv --data-root sprites --weights pretrained \\
          --set clip.flip_probability=0 --output run
      """)

  @Option(help: ArgumentHelp("The folder to create.", valueName: "dir"))
  var output: String

  @OptionGroup var seed: SeedOption

  @Option(
    help: ArgumentHelp(
      "looks (a part of the class is in the look of a video) or plain (only motion tells classes apart).",
      valueName: "setting"))
  var sprites = SpriteDataset().setting

  @Option(help: ArgumentHelp("Training videos per class.", valueName: "number"))
  var train = SpriteDataset().trainingVideos

  @Option(help: ArgumentHelp("Test videos per class.", valueName: "number"))
  var test = SpriteDataset().testVideos

  @Option(
    help: ArgumentHelp(
      "plain (no distractors), standard (a hand-held camera, one or two small distractors) or hard.",
      valueName: "level"))
  var difficulty = SpriteDifficulty.standard

  func validate() throws {
    for (name, value) in [("--train", train), ("--test", test)]
    where !(1...9999).contains(value) {
      throw ValidationError("\(name) must be from 1 to 9999, not \(value)")
    }
  }

  func run() throws {
    InterruptSignal.listen()
    var dataset = SpriteDataset()
    dataset.setting = sprites
    dataset.trainingVideos = train
    dataset.testVideos = test
    dataset.difficulty = difficulty
    dataset.seed = seed.value
    let progress = ProgressLine(label: "making", total: dataset.videoCount, unit: "videos")
    do {
      defer { progress.finish() }
      try dataset.write(to: output) { done in
        if InterruptSignal.isPending { throw interrupted }
        progress.update(done)
      }
    }
    print(
      "\(output.printable): \(Format.grouped(dataset.videoCount)) videos of \(dataset.actions.count) classes, "
        + "\(train) of each for training, \(test) for testing")
  }
}

/// The former name of `sprites`.
struct SynthesizeActions: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "actions", shouldDisplay: false)

  @OptionGroup var sprites: SynthesizeSprites

  func run() throws { try sprites.run() }
}

private let interrupted = Interrupted(
  description: "stopped before the list of the videos was written: the folder is incomplete")

extension SpriteDifficulty: ExpressibleByArgument {}
extension SpriteSetting: ExpressibleByArgument {}
