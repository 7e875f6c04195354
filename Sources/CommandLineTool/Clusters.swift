import ArgumentParser
import Insight
import SafeFiles
import Training

struct Clusters: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Clusters clips by a network's features and compares the clusters with motion.",
    discussion: """
      The features of the clips (the pooled output of conv5, scaled to length 1) are clustered by k-means and laid out by \
      t-SNE. They are compared with the optical flow of each clip, which includes the camera's motion: its axis (static, \
      horizontal, vertical; by the energy of the flow) and the direction in which the content moves (static, right, down, \
      left, up; by the mean displacement weighted by energy). The labels of pre-training name the direction of the window, \
      which is the opposite. Clips that move by less than 0.5% of their side per frame are static. The agreement of \
      clusters and motion is their normalized mutual information (NMI), 0 to 1, for this network and for networks of the \
      same kind with random weights. \(skippedVideosHelp)

      Writes to --output: clusters.json, embedding.png and .svg, and cluster-N.png for each cluster, with its flow and the \
      clips nearest to its centroid.

      Examples:
        mosi clusters --weights run clips/
        mosi clusters --weights run UCF-101 --limit 300 --clips 2 --output fig5
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var input: VideoInputOptions

  @Option(help: ArgumentHelp("Number of clusters.", valueName: "number"))
  var clusters = 5

  @Option(
    help: ArgumentHelp(
      "Perplexity of the t-SNE: about the number of neighbors that a clip has. Default: 30, or a third of the clips if "
        + "that is less.", valueName: "number"))
  var perplexity: Double?

  @Option(
    help: ArgumentHelp("Networks with random weights to compare with.", valueName: "number"))
  var randomNetworks = 5

  @Option(
    help: ArgumentHelp(
      "Maximum number of videos, evenly spaced over those found.", valueName: "number"))
  var limit: Int?

  @OptionGroup var seed: SeedOption

  @OptionGroup var options: InferenceOptions

  @OptionGroup var output: AnalysisOutputOptions

  func validate() throws {
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
    let folder = try output.requiredFolder(
      .clusters, weights: network.weights, outside: input.requiredPaths)
    let videos = try input.search(limit: limit)
    let weights = try network.read()
    var settings = ClusterAnalysis.Settings()
    settings.clusters = clusters
    settings.perplexity = perplexity
    settings.seed = seed.value
    settings.randomNetworks = randomNetworks
    let analysis = try ClusterAnalysis(
      videos, weights: weights, inference: options.inference(weights), settings: settings)
    let progress = StagedProgressLine()
    let report: ClusterReport
    do {
      defer { progress.finish() }
      report = try analysis.write(to: folder) { phase, done, total in
        progress.update(description(of: phase), done, of: total)
      }
    }
    warnAboutSkippedVideos(report.skipped)
    print(output.format.json ? try JSON.text(report) : table(report, folder))
  }

  private func description(of phase: ClusterAnalysis.Phase) -> (label: String, unit: String) {
    switch phase {
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
        let statistics = $0[keyPath: random]
        return "  (random weights \(Format.mean(statistics.mean, statistics.deviation)), "
          + "\(Format.count($0.networks.count, "network")))"
      }
      return "NMI with \(name)  \(Format.number(own, 3))" + (chance ?? "")
    }
    return "directions are those of the content, by the optical flow\n\n" + table.text() + "\n\n"
      + line("static, horizontal, vertical       ", report.agreement.axes, \.axes) + "\n"
      + line("static, right, down, left, up      ", report.agreement.directions, \.directions)
      + "\n\n\(folder.printable)"
  }
}
