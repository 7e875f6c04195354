import ArgumentParser
import Insight
import SafeFiles
import Training

struct Clusters: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Clusters clips by a network's features, and tells what the clusters have to do with motion.",
    discussion: """
      The features of the clips (the pooled output of conv5, scaled to length 1) are clustered by k-means and laid out by \
      t-SNE. Beside that stands the optical flow of each clip, the camera's motion included: its axis (static, horizontal, \
      vertical; by the flow's energy) and the direction in which its content moves (static, right, down, left, up; of the \
      mean displacement weighted by energy; labels of the pre-training name the window's direction, the opposite one). Clips that move by less than 0.5% of their side a frame are static. How well the clusters tell these is \
      their normalized mutual information (NMI), 0 to 1, for the network and for such networks with random weights. \
      \(skippedVideosHelp)

      Leaves in --output: clusters.json, embedding.png and .svg, and for each cluster cluster-N.png, with its flow and the \
      clips nearest to its centroid.

      Examples:
        mosi clusters --weights run --videos clips/
        mosi clusters --weights run --videos UCF-101 --limit 300 --clips 2 \\
          --output fig5
      """)

  @Option(
    help: ArgumentHelp("A run's folder or a checkpoint, fine-tuned or not.", valueName: "run|file"))
  var weights: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Videos, folders that are searched for videos, or folders of a video's frames.",
      valueName: "path"))
  var videos: [String]

  @Option(
    help: ArgumentHelp(
      "The folder for the files, made where it is missing. Default: insight/clusters in the run's folder.",
      valueName: "dir"))
  var output: String?

  @Option(help: ArgumentHelp("The number of clusters.", valueName: "number"))
  var clusters = 5

  @Option(
    help: ArgumentHelp(
      "About how many neighbours count for a point of the t-SNE. Default: 30, or a third of the clips.",
      valueName: "number"))
  var perplexity: Double?

  @Option(help: ArgumentHelp("Names every random draw.", valueName: "number"))
  var seed = 0

  @Option(
    help: ArgumentHelp("Networks with random weights to compare with.", valueName: "number"))
  var randomNetworks = 5

  @Option(
    help: ArgumentHelp("At most so many videos, spread over those found.", valueName: "number"))
  var limit: Int?

  @Option(help: ArgumentHelp("Frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  @OptionGroup var options: InferenceOptions

  @Flag(help: "Print the result as JSON: the content of clusters.json.")
  var json = false

  func validate() throws {
    try checkFrameRate(frameRate)
    if !(2...42).contains(clusters) {
      throw ValidationError("--clusters must be from 2 to 42, not \(clusters)")
    }
    if let perplexity, !(1...10_000).contains(perplexity) {
      throw ValidationError("--perplexity must be at least 1, not \(perplexity)")
    }
    if !(0...1000).contains(randomNetworks) {
      throw ValidationError("--random-networks must be from 0 to 1000, not \(randomNetworks)")
    }
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    let folder = try insightFolder("clusters", output: output, weights: weights)
    let found = try VideoSearch(at: videos, frameRate: frameRate, limit: limit)
    let weights = try Weights(at: weights)
    var settings = ClusterAnalysis.Settings()
    settings.clusters = clusters
    settings.perplexity = perplexity
    settings.seed = seed
    settings.randomNetworks = randomNetworks
    let analysis = try ClusterAnalysis(
      found, weights: weights, inference: options.inference(weights), settings: settings)
    let progress = StagedProgressLine()
    let report: ClusterReport
    do {
      defer { progress.finish() }
      report = try analysis.write(to: folder) { stage, done, total in
        progress.update(words(stage), done, of: total)
      }
    }
    warnAboutSkippedVideos(report.skipped)
    if json { return print(try JSON.text(report)) }
    print(table(report, folder))
  }

  private func words(_ stage: ClusterAnalysis.Phase) -> (label: String, unit: String) {
    switch stage {
    case .checking: ("checking", "videos")
    case .features: ("reading", "videos")
    case .randomFeatures(let network):
      ("random weights \(network + 1) of \(randomNetworks)", "videos")
    case .flow: ("optical flow", "videos")
    case .embedding: ("t-SNE", "steps")
    }
  }

  private func table(_ report: ClusterReport, _ folder: String) -> String {
    let directions = ClipMotion.Direction.allCases.map(\.rawValue)
    var table = TextTable()
    table.add(["cluster", "clips"] + directions + ["speed"])
    for (index, cluster) in report.clusters.enumerated() {
      table.add(
        ["\(index + 1)", Format.grouped(cluster.size)]
          + directions.map { Format.percent(cluster.directionShares[$0] ?? 0) }
          + [Format.percent(cluster.meanSpeed)])
    }
    let all = Double(report.clips.count)
    table.add(
      ["all", Format.grouped(report.clips.count)]
        + directions.map { name in
          Format.percent(Double(report.clips.count { $0.direction.rawValue == name }) / all)
        } + [Format.percent(report.clips.reduce(0) { $0 + $1.motion.speed } / all)])
    func line(
      _ name: String, _ own: Double,
      _ random: KeyPath<ClusterReport.RandomAgreement, SampleStatistics>
    ) -> String {
      let chance = report.random.map {
        let spread = $0[keyPath: random]
        return "  (random weights \(Format.number(spread.mean, 3))"
          + (spread.deviation.map { " ± \(Format.number($0, 3))" } ?? "") + ", "
          + "\($0.networks.count) \($0.networks.count == 1 ? "network" : "networks"))"
      }
      return "NMI with \(name)  \(Format.number(own, 3))" + (chance ?? "")
    }
    return "directions are the content's, by the optical flow\n\n" + table.text() + "\n\n"
      + line("static, horizontal, vertical       ", report.agreement.axes, \.axes) + "\n"
      + line("static, right, down, left, up      ", report.agreement.directions, \.directions)
      + "\n\n\(folder)"
  }
}
