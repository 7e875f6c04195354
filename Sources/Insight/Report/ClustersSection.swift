/// Which clips the network finds alike, without any label.
enum ClustersSection {
  static let columns: [Comparison.Column] = [
    .init("clusters, NMI") { $0.clusters.map { Words.number($0.agreement.directions, 3) } }
  ]

  static func content(_ run: RunRecord) -> [HTML] {
    guard let clusters = run.clusters else { return [] }
    let folder = run.folder.insight("clusters")
    var parts: [HTML] = [.element("h3", text: "Clusters of clips"), agreement(clusters)]
    if let picture = EmbeddedFile(path: "\(folder)/\(clusters.embeddingPNG)") {
      let sizes = clusters.clusters.enumerated().map {
        "cluster \($0 + 1) with \($1.size) clips, mostly \($1.dominantDirection.rawValue)"
      }
      parts.append(
        .figure(
          picture,
          alternative:
            "Scatter plot of \(clusters.clips.count) clips: \(sizes.joined(separator: "; "))",
          caption: "t-SNE of the features; colours and marks are the clusters of k-means."))
    }
    for (index, cluster) in clusters.clusters.enumerated() {
      guard let picture = EmbeddedFile(path: "\(folder)/\(cluster.picture)") else { continue }
      parts.append(
        .figure(
          picture,
          alternative: "Cluster \(index + 1): histogram of optical flow and the nearest clips",
          caption:
            "Cluster \(index + 1), \(cluster.size) clips, mostly \(cluster.dominantDirection.rawValue)."
        ))
    }
    return parts
  }

  private static func agreement(_ clusters: ClusterReport) -> HTML {
    func row(
      _ title: String, _ value: KeyPath<ClusterReport.Agreement, Double>,
      _ random: KeyPath<ClusterReport.RandomAgreement, Spread>
    ) -> [String] {
      [
        title, Words.number(clusters.agreement[keyPath: value], 3),
        clusters.random.map {
          Words.spread($0[keyPath: random].mean, $0[keyPath: random].deviation)
        } ?? "–",
      ]
    }
    return .table(
      caption:
        "Normalized mutual information of \(clusters.k) clusters with the motion of \(clusters.clips.count) clips",
      header: ["motion", "this network", "random weights"],
      rows: [
        row("static, horizontal, vertical", \.axes, \.axes),
        row("static and four directions", \.directions, \.directions),
      ])
  }
}
