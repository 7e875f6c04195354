import ArgumentParser
import Insight
import SafeFiles
import Training

struct Localize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how well a network locates motion, without fine-tuning.",
    discussion: """
      A pre-trained network is shown unseen pictures as masked clips, whose moving region is known. The command reports how \
      well its Grad-CAM (for transformers, its attention) points at that region: the share of the heat inside, how often \
      the hottest place is inside (the pointing game), and the overlap (intersection over union) of the region with the \
      heat above a threshold, the best one for all clips. For comparison, \
      it reports the same for networks with random weights, and chance, which is the region's share of the picture. Maps \
      without heat count as chance. Clips of the static label are not used.

      In videos, if there are any, it reports the rank correlation of the heat of the most likely motion with the magnitude \
      of the optical flow, as the mean over the clips. \(skippedVideosHelp)

      Writes localization.json and, for pictures, localization.png (some clips with heat and region) to --output; for a \
      checkpoint outside a run, only if --output is given. Labels name the motion of the window; the content moves the \
      other way.

      Examples:
        mosi localize --weights run
        mosi localize --weights run --sources unseen/ --stage conv3
        mosi localize clips/ --weights run --interval 2
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var input: VideoInputOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Pictures, videos, folders or lists to make masked clips of, except those that the network was trained on. "
        + "Default: those that the run held out for validation.", valueName: "path"))
  var sources: [String] = []

  @OptionGroup var heat: HeatOptions

  @Option(
    help: ArgumentHelp(
      "The label of masked clips to explain: target (the true one) or predicted. Networks with random weights explain the "
        + "same. Default: target.", valueName: "target|predicted"))
  var explain: ExplainedClass?

  @Option(name: .customLong("label"), help: .hidden)
  var oldExplain: ExplainedClass?

  @Option(
    help: ArgumentHelp(
      "Maximum number of pictures, and of videos, evenly spaced.", valueName: "number"))
  var limit = 1000

  @Option(
    help: ArgumentHelp(
      "Networks with random weights to compare with. Default: 5.", valueName: "number"))
  var randomNetworks: Int?

  @Option(name: .customLong("seeds"), help: .hidden)
  var oldRandomNetworks: Int?

  @OptionGroup var options: InferenceOptions

  @OptionGroup var output: AnalysisOutputOptions

  func validate() throws {
    let networks = try networks
    if !(1...100).contains(networks) {
      throw ValidationError("--random-networks must be from 1 to 100, not \(networks)")
    }
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
    _ = try label
  }

  private var networks: Int {
    get throws {
      try renamed("--random-networks", randomNetworks, from: "--seeds", oldRandomNetworks) ?? 5
    }
  }

  private var label: HeatLabel {
    get throws {
      switch try renamed("--explain", explain, from: "--label", oldExplain) ?? .target {
      case .target: .target
      case .predicted: .predicted
      case .number(let number):
        throw ValidationError(
          "--explain \(number): masked clips have labels of their own; use target or predicted")
      }
    }
  }

  func run() throws {
    let paths = try input.paths
    let folder = try output.folder(
      .localize, weights: network.weights, outside: paths + sources)
    let weights = try network.read()
    var settings = LocalizationAnalysis.Settings()
    settings.maps = try heat.method(for: weights.model.architecture, usual: .conv4)
    settings.label = try label
    settings.randomSeeds = (1...(try networks)).map(UInt64.init)
    settings.stills =
      sources.isEmpty ? (paths.isEmpty ? .heldOut : .heldOutIfAvailable) : .sources(sources)
    settings.limit = limit
    settings.clip = try options.clip.settings(weights)
    settings.clips = options.clips
    settings.crops = options.crops
    settings.batch = options.batch
    let analysis = try LocalizationAnalysis(
      paths.isEmpty ? nil : input.search(limit: limit), weights: weights, settings: settings,
      options: options.machine.execution())
    let progress = StagedProgressLine()
    let report: LocalizationReport
    do {
      defer { progress.finish() }
      report = try analysis.run(writingTo: folder, warn: Terminal.warn) { phase, done, total in
        let isVideos = phase == .videos
        progress.update(
          (isVideos ? "measuring videos" : "measuring pictures", isVideos ? "videos" : "pictures"),
          done, of: total)
      }
    }
    warnAboutSkippedVideos(report.videos?.skipped ?? [])
    if output.format.json { return print(try JSON.text(report)) }
    print(
      [
        report.regions.map { Self.text($0, settings.label) },
        report.videos.map { Self.text($0, isPretrained: weights.mosi != nil) },
      ].compactMap { $0 }.joined(separator: "\n\n"))
    if let folder { print("\nfiles  \(folder.printable)") }
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

      maps of the most likely label\(isPretrained ? " with motion" : "")
      ± standard error over the videos\(deviation(videos.random.values.count))
      """
  }

  private static func deviation(_ networks: Int) -> String {
    networks > 1 ? "; for random weights the deviation over \(networks) networks" : ""
  }
}
