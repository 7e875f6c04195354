import ArgumentParser
import Insight
import SafeFiles
import Training
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
    var settings = LocalizationAnalysis.Settings()
    settings.stage = stage
    settings.label = label
    settings.randomSeeds = (1...seeds).map(UInt64.init)
    settings.stills =
      sources.isEmpty ? (videos.isEmpty ? .heldOut : .heldOutIfAvailable) : .sources(sources)
    settings.limit = limit
    settings.clip = try options.clip.settings(weights)
    settings.clips = options.clips
    settings.crops = options.crops
    settings.batch = options.batch
    let search =
      videos.isEmpty ? nil : try VideoSearch(at: videos, frameRate: frameRate, limit: limit)
    let analysis = try LocalizationAnalysis(
      search, weights: weights, settings: settings, options: options.machine.execution())
    let folder = output ?? ownFolder
    let progress = StagedProgressLine()
    let report: LocalizationReport
    do {
      defer { progress.finish() }
      report = try analysis.run(writingTo: folder, warn: Terminal.warn) { phase, done, total in
        progress.update(
          ("measuring", phase == .videos ? "videos" : "pictures"), done, of: total)
      }
    }
    warnAboutSkippedVideos(report.videos?.skipped ?? [])
    if json { return print(try JSON.text(report)) }
    print(
      [
        report.regions.map { Self.text($0, label) },
        report.videos.map { Self.text($0, isPretrained: weights.pretraining != nil) },
      ].compactMap { $0 }.joined(separator: "\n\n"))
    if let folder { print("\nfiles  \(folder)") }
  }

  private var ownFolder: String? {
    let run = RunFolder(path: weights)
    return run.holdsRun ? run.insight("localize") : nil
  }

  private static func text(_ regions: RegionLocalization, _ label: HeatLabel) -> String {
    var table = TextTable("", "network", "random weights", "chance")
    func add(_ name: String, _ score: KeyPath<RegionScores, SampleStatistics>) {
      let (own, random) = (regions.network[keyPath: score], regions.random(score))
      func text(_ mean: Double, _ deviation: Double?) -> String {
        Format.mean(mean, deviation) { Format.percent($0) }
      }
      table.add(
        name, text(own.mean, own.standardError), text(random.mean, random.deviation),
        Format.percent(regions.chance))
    }
    add("heat inside the region", \.energyInside)
    add("hottest place inside", \.pointing)
    add("overlap (IoU)", \.overlap)
    let thresholds = regions.random.map { Format.number($0.threshold, 2) }.joined(separator: ", ")
    return """
      \(Format.grouped(regions.clips)) moving clips of \(Format.grouped(regions.sources)) unseen sources; the network \
      recognizes \(Format.percent(regions.top1)) of the motions

      \(table.text())

      maps of the \(label.rawValue) label, for random weights too; chance is the region's share of the picture
      ± standard error over the sources\(deviation(regions.random.count))
      overlap at the best threshold for all clips: \(Format.number(regions.network.threshold, 2)), random weights \(thresholds)
      maps without heat, counted as chance: \(regions.network.emptyMaps), random weights \
      \(regions.random.map { "\($0.emptyMaps)" }.joined(separator: ", "))
      """
  }

  private static func text(_ videos: FlowAgreement, isPretrained: Bool) -> String {
    var table = TextTable("", "network", "random weights", "chance")
    table.add(
      "rank correlation with the flow",
      Format.mean(videos.network.mean, videos.network.standardError),
      Format.mean(videos.random.mean, videos.random.deviation), Format.number(0, 3))
    return """
      \(Format.grouped(videos.clips)) clips of \(Format.grouped(videos.videos)) videos

      \(table.text())

      maps of the likeliest label\(isPretrained ? " that moves" : "")
      ± standard error over the videos\(deviation(videos.random.values.count))
      """
  }

  private static func deviation(_ networks: Int) -> String {
    networks > 1 ? "; for random weights the deviation over \(networks) networks" : ""
  }
}

extension HeatLabel: ExpressibleByArgument {
  public init?(argument: String) {
    self.init(rawValue: argument == "true" ? "target" : argument)
  }
}
