import ArgumentParser
import Configuration
import Foundation
import Insight
import SafeFiles
import Torch
import Training
import VideoData
import VideoModels

struct Localize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how well a network locates motion, without fine-tuning.",
    discussion: """
      Of a pre-trained network: pictures that it has not seen are made into clips of the pretext task, of which \
      the region that moves is known (by default a square). Reported is how well its Grad-CAM points at it: the share of \
      the heat inside, how often the hottest place is inside (the pointing game), and the overlap (intersection over \
      union) of what exceeds a threshold, the best one for all clips together. Beside it stand networks of the same \
      kind with random weights (mean and deviation over --seeds of them) and chance, the region's share of the \
      picture. Clips of the static label are left out. Maps of no heat count as chance. --label holds for the random \
      weights too, whose scores depend on it.

      Of --videos: the rank correlation of the heat (of the motion that the network finds likeliest) with the magnitude \
      of the optical flow, the mean over the clips. The options from --clips to --preset say how they are cut. \(skippedVideosHelp)

      Leaves localization.json and, of pictures, localization.png (some clips with heat and region) in --output. Labels \
      are named by the motion of the window; what is seen moves the other way.

      Examples:
        mosi localize --weights run
        mosi localize --weights run --sources unseen/ --layer conv3
        mosi localize --weights run --videos clips/ --interval 2
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
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Videos, folders of frames, or folders of either. What is not pre-trained is measured by them alone.",
      valueName: "path"))
  var videos: [String] = []

  @Option(
    help: ArgumentHelp(
      "The stage whose Grad-CAM is taken, conv1 to conv5: later ones know more and are coarser.",
      valueName: "stage"))
  var layer = StageName.conv4.rawValue

  @Option(
    help: ArgumentHelp(
      "Of which label maps of pictures are: true or predicted.", valueName: "label"))
  var label = HeatLabel.target

  @Option(
    help: ArgumentHelp("At most so many pictures, and videos, evenly spread.", valueName: "number"))
  var limit = 1000

  @Option(
    help: ArgumentHelp("Networks with random weights to compare with.", valueName: "number"))
  var seeds = 5

  @Option(
    help: ArgumentHelp(
      "The folder for the files, made where it is missing. Default: insight/localize in the run's folder; of a "
        + "checkpoint no files are left unless it is named.", valueName: "dir"))
  var output: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Option(help: ArgumentHelp("Frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  @OptionGroup var options: InferenceOptions

  func validate() throws {
    if !(1...100).contains(seeds) {
      throw ValidationError("--seeds must be from 1 to 100, not \(seeds)")
    }
    try checkFrameRate(frameRate)
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    let stage = try StageName(named: layer)
    let weights = try Weights(at: weights)
    guard weights.classCount != nil else {
      throw ValidationError("\(weights.path) has a backbone but no head, and so no Grad-CAM")
    }
    guard weights.pretraining != nil || !videos.isEmpty else {
      throw ValidationError(
        "\(weights.path) is no pre-training of mosi, so that there is no pretext task to measure it by: name --videos"
      )
    }
    let footage =
      videos.isEmpty
      ? [] : try VideoSearch(at: videos, frameRate: frameRate, limit: limit).videos.map(\.footage)
    let machine = try options.machine.execution()
    let device = machine.device
    let model = weights.makeModel()
    model.move(to: device)
    let random = (1...seeds).map { seed in
      let network = weights.makeRandomModel(seed: UInt64(seed))
      network.move(to: device)
      return network
    }
    let clips = try weights.pretraining.flatMap { try maskedClips($0, workers: machine.workers) }
    let folder = output ?? ownFolder
    if let folder { try makeResultFolder(at: folder) }
    var agreement: FlowAgreement?
    if !footage.isEmpty {
      let progress = ProgressLine(label: "measuring", total: footage.count, unit: "videos")
      defer { progress.finish() }
      agreement = try FlowAgreement(
        of: model, random: random, on: footage,
        shown: .init(
          clip: options.clip.settings(weights), clips: options.clips, crops: options.crops,
          batch: options.batch,
          normalization: weights.normalization ?? .video,
          labels: weights.pretraining?.motionTask.motion.labels.movingLabels),
        at: stage, device: device, workers: machine.workers, progress: progress.update)
    }
    warnAboutSkippedVideos(agreement?.skipped ?? [])
    let regions = try clips.map { clips in
      let progress = ProgressLine(label: "measuring", total: clips.sourceCount, unit: "pictures")
      defer { progress.finish() }
      return try RegionLocalization(
        of: model, random: random, on: clips, at: stage, label: label, device: device,
        progress: progress.update)
    }
    let sheet = folder != nil && clips != nil ? "localization.png" : nil
    let result = LocalizationReport(
      weights: weights.path, stage: stage, label: label, regions: regions, videos: agreement,
      sheet: sheet)
    if let folder {
      if let sheet, let clips {
        try clips.sheet(of: model, at: stage, label: label, device: device)
          .write(to: "\(folder)/\(sheet)")
      }
      try result.write(to: folder)
    }
    if json { return print(try JSON.text(result)) }
    print(
      [
        regions.map { Self.text($0, label) },
        agreement.map { Self.text($0, isPretrained: weights.pretraining != nil) },
      ].compactMap { $0 }
        .joined(separator: "\n\n"))
    if let folder { print("\nfiles  \(folder)") }
  }

  /// Nil where there are none and videos are to be measured instead.
  private func maskedClips(_ configuration: PretrainingConfiguration, workers: Int) throws
    -> MaskedClips?
  {
    do {
      let stills = try HeldOutStills.load(
        for: configuration, from: sources, limit: limit, workers: workers
      ) { Terminal.warn($0) }
      return MaskedClips(configuration.motionTask, stills: stills)
    } catch {
      // The run's own pictures, which nobody has named, may be gone.
      guard sources.isEmpty, !videos.isEmpty else { throw error }
      Terminal.warn("no pictures are measured: \(error)")
      return nil
    }
  }

  private var ownFolder: String? {
    let run = RunFolder(path: weights)
    return run.holdsRun ? run.insight("localize") : nil
  }

  private static func text(_ regions: RegionLocalization, _ label: HeatLabel) -> String {
    var table = TextTable("", "network", "random weights", "chance")
    func add(_ name: String, _ score: KeyPath<RegionScores, SampleStatistics>) {
      table.add(
        name, text(regions.network[keyPath: score], percent),
        random(regions.random(score), percent), percent(regions.chance))
    }
    add("heat inside the region", \.energyInside)
    add("hottest place inside", \.pointing)
    add("overlap (IoU)", \.overlap)
    let thresholds = regions.random.map { fixed($0.threshold, 2) }.joined(separator: ", ")
    return """
      \(grouped(regions.clips)) moving clips of \(grouped(regions.sources)) unseen sources; the network tells \
      \(percent(regions.top1)) of the motions

      \(table.text())

      maps of the \(label.rawValue) label, of random weights too; chance is the region's share of the picture
      ± standard error over the sources\(deviation(regions.random.count))
      overlap at the best threshold for all clips: \(fixed(regions.network.threshold, 2)), random weights \(thresholds)
      maps without heat, counted as chance: \(regions.network.emptyMaps), random weights \
      \(regions.random.map { "\($0.emptyMaps)" }.joined(separator: ", "))
      """
  }

  private static func text(_ videos: FlowAgreement, isPretrained: Bool) -> String {
    func number(_ value: Double) -> String { fixed(value, 3) }
    var table = TextTable("", "network", "random weights", "chance")
    table.add(
      "rank correlation with the flow", text(videos.network, number), random(videos.random, number),
      number(0))
    return """
      \(grouped(videos.clips)) clips of \(grouped(videos.videos)) videos

      \(table.text())

      maps of the likeliest label\(isPretrained ? " that moves" : "")
      ± standard error over the videos\(deviation(videos.random.values.count))
      """
  }

  private static func text(_ value: SampleStatistics, _ format: (Double) -> String) -> String {
    format(value.mean) + (value.standardError.map { " ± \(format($0))" } ?? "")
  }

  private static func random(_ value: SampleStatistics, _ format: (Double) -> String) -> String {
    format(value.mean) + (value.deviation.map { " ± \(format($0))" } ?? "")
  }

  private static func deviation(_ seeds: Int) -> String {
    seeds > 1 ? "; of random weights the deviation over \(seeds) seeds" : ""
  }
}

extension HeatLabel: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(rawValue: argument == "true" ? "target" : argument)
  }
}
