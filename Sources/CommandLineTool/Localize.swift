import ArgumentParser
import Foundation
import Insight
import SafeFiles
import Torch
import Training
import VideoModels

struct Localize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how well a network locates motion, without fine-tuning.",
    discussion: """
      Of a pre-trained network: pictures that it has not seen are made into clips of the pretext task in which \
      only a known square moves. Reported is how well its Grad-CAM points at the square: the share of the heat inside, \
      how often the hottest place is inside (the pointing game), and the overlap with the square (intersection over \
      union) of what exceeds a threshold, the best one for all clips together. Beside it stand networks of the same \
      kind with random weights (mean and deviation over --seeds of them) and chance, the square's share of the \
      picture. Clips of the static label are left out. Maps of no heat count as chance.

      Leaves localization.json and localization.png (some clips with heat and square) in --output.

      Examples:
        mosi localize --weights run
        mosi localize --weights run --sources unseen/ --layer conv3
      """)

  @Option(help: ArgumentHelp("A run's folder or a checkpoint.", valueName: "run|file"))
  var weights: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Pictures, videos, folders or lists to make clips of; what the run was trained on is left out. Default: what the "
        + "run held out for its validation.", valueName: "path"))
  var sources: [String] = []

  @Option(
    help: ArgumentHelp(
      "The stage whose Grad-CAM is taken, conv1 to conv5: later ones know more and are coarser.",
      valueName: "stage"))
  var layer = StageName.conv4.rawValue

  @Option(help: ArgumentHelp("Of which label: true or predicted.", valueName: "label"))
  var label = HeatLabel.true

  @Option(help: ArgumentHelp("At most so many pictures, evenly spread.", valueName: "number"))
  var limit = 1000

  @Option(help: ArgumentHelp("Networks with random weights to compare with.", valueName: "number"))
  var seeds = 5

  @Option(
    help: ArgumentHelp(
      "The folder for the files, made where it is missing. Default: insight/localize in the run's folder; of a "
        + "checkpoint no files are left unless it is named.", valueName: "dir"))
  var output: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    if !(1...100).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 100, not \(seeds)")
    }
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    let stage = try StageName(named: layer)
    let weights = try Weights(at: weights)
    guard let pretraining = weights.pretraining else {
      throw ValidationError(
        "\(weights.path) is no pre-training of mosi: there is no pretext task to measure it by")
    }
    let options = try machine.execution()
    let stills = try unseenStills(
      of: pretraining, among: sources, limit: limit, workers: options.workers
    ) { Terminal.line(Terminal.warning($0)) }
    let clips = MaskedClips(pretraining.task, stills: stills)
    let model = weights.makeModel()
    model.move(to: options.device)
    let random = (1...seeds).map { seed in
      let network = weights.model.makeModel(
        head: .pretext, classes: weights.classCount!, seed: UInt64(seed))
      network.move(to: options.device)
      return network
    }
    let folder = output ?? ownFolder
    // Before the work: what cannot be written is to cost nothing.
    if let folder { try makeFolder(at: folder) }
    let progress = Progress(label: "measuring", total: stills.count, unit: "pictures")
    let squares: SquareLocalization
    do {
      defer { progress.finish() }
      squares = SquareLocalization(
        of: model, random: random, on: clips, at: stage, label: label, device: options.device,
        progress: progress.update)
    }
    let result = Localization(
      weights: weights.path, layer: stage, label: label, squares: squares,
      sheet: folder == nil ? nil : "localization.png")
    if let folder {
      try clips.sheet(of: model, at: stage, label: label, device: options.device)
        .write(to: "\(folder)/localization.png")
      try result.write(to: folder)
    }
    if json { return print(try prettyJSON(result)) }
    print(table(result, squares))
    if let folder { print("\nfiles  \(folder)") }
  }

  private var ownFolder: String? {
    let run = RunFolder(path: weights)
    return run.holdsRun ? run.insight("localize") : nil
  }

  private func table(_ result: Localization, _ squares: SquareLocalization) -> String {
    func estimate(_ value: Estimate) -> String {
      percent(value.mean) + (value.standardError.map { " ± \(fixed(100 * $0, 1))" } ?? "")
    }
    func row(_ name: String, _ score: KeyPath<SquareScores, Estimate>) -> [String] {
      let random = squares.random(score)
      return [
        name, estimate(squares.network[keyPath: score]),
        "\(percent(random.mean)) ± \(fixed(100 * random.deviation, 1))", percent(squares.chance),
      ]
    }
    var table = TextTable("Grad-CAM at \(result.layer.rawValue)", "network", "random", "chance")
    table.add(row("heat inside the square", \.energyInside))
    table.add(row("hottest place inside", \.pointing))
    table.add(row("overlap (IoU)", \.overlap))
    let empty = squares.network.emptyMaps
    return """
      \(grouped(squares.clips)) moving clips of \(grouped(squares.sources)) unseen sources, \
      \(percent(squares.top1)) of the motions told; maps of the \(result.label.rawValue) label

      \(table.text())

      ± of the network: standard error over the sources; of random weights: deviation over \
      \(squares.random.count) seeds.
      Overlap at the best threshold for all clips, \(fixed(squares.network.threshold, 2)) \
      (random weights: \(squares.random.map { fixed($0.threshold, 2) }.joined(separator: ", "))). \
      Maps without heat: \(empty).
      """
  }
}

extension HeatLabel: ExpressibleByArgument {}
