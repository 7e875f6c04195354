import SafeFiles

/// The clusters of clips by the features of the network.
enum ClustersSection {
  static let columns: [Comparison.Column] = [
    .init("clusters, NMI (random)") { run in
      run.clusters.map { clusters in
        let random = clusters.random.map { " (\(Format.number($0.directions.mean, 3)))" } ?? ""
        return Format.number(clusters.agreement.directions, 3) + random
          + ", \(Format.count(clusters.clips.count, "clip"))"
      }
    }
  ]

  static func content(_ run: RunDescription) -> [HTML] {
    guard let clusters = run.clusters else { return [] }
    let folder = run.folder.insight(.clusters)
    var parts: [HTML] = [.element("h3", text: "Clusters of clips"), agreement(clusters)]
    if let picture = EmbeddedFile(path: "\(folder)/\(clusters.embeddingPNG)") {
      let sizes = clusters.clusters.enumerated().map {
        "cluster \($0 + 1) with \(Format.count($1.size, "clip")), most often \($1.dominantDirection.rawValue)"
      }
      parts.append(
        .figure(
          picture,
          alternative:
            "Two scatter plots of the same \(Format.count(clusters.clips.count, "clip")), marked by cluster and by the direction "
            + "of the optical flow: \(sizes.joined(separator: "; "))",
          caption:
            "t-SNE of the features. On the left, colors and marks are the clusters of k-means, on the right the directions "
            + "in which the clips' content moves.", isWide: true))
    }
    for (index, cluster) in clusters.clusters.enumerated() {
      guard let picture = EmbeddedFile(path: "\(folder)/\(cluster.picture)") else { continue }
      parts.append(
        .figure(
          picture,
          alternative: "Cluster \(index + 1): histogram of optical flow and the nearest clips",
          caption:
            "Cluster \(index + 1), \(Format.count(cluster.size, "clip")), content most often moving "
            + "\(cluster.dominantDirection.rawValue) (\(Format.percent(share(of: cluster)))).",
          isWide: true))
    }
    return parts
  }

  /// The share of the clips that move in the most frequent direction.
  private static func share(of cluster: ClusterReport.Cluster) -> Double {
    cluster.directionShares[cluster.dominantDirection.rawValue] ?? 0
  }

  private static func agreement(_ clusters: ClusterReport) -> HTML {
    func row(
      _ title: String, _ value: KeyPath<ClusterReport.Agreement, Double>,
      _ random: KeyPath<ClusterReport.RandomAgreement, SampleStatistics>
    ) -> [String] {
      [
        title, Format.number(clusters.agreement[keyPath: value], 3),
        clusters.random.map {
          Format.mean($0[keyPath: random].mean, $0[keyPath: random].deviation)
        } ?? "–",
      ]
    }
    return .table(
      caption:
        "Normalized mutual information of \(clusters.k) clusters with the motion of "
        + "\(Format.count(clusters.clips.count, "clip")): 0 is none, 1 is complete; small sets are above 0 by chance",
      header: ["motion", "this network", "random weights"],
      rows: [
        row("static, horizontal, vertical", \.axes, \.axes),
        row("static and four directions", \.directions, \.directions),
      ])
  }
}
