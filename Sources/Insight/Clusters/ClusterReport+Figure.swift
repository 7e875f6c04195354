import Figures
import SafeFiles

extension ClusterReport {
  /// The embedding twice: colored by cluster, and by the direction of the flow.
  public var embeddingFigure: Figure {
    let byCluster = clusters.enumerated().map { index, cluster in
      ScatterChart.Series(
        "\(index + 1) (\(cluster.size))", points: points { $0.cluster == index },
        color: Palette.series(index), marker: .series(index))
    }
    let byDirection = ClipMotion.Direction.allCases.map { direction in
      let points = points { $0.direction == direction }
      return ScatterChart.Series(
        "\(direction.rawValue) (\(points.count))", points: points, color: direction.color,
        marker: direction.marker)
    }
    let videos = Set(clips.map(\.video)).count
    return Figure(
      title:
        "Features of \(clips.count) clips of \(videos) \(videos == 1 ? "video" : "videos"), t-SNE",
      panels: [
        ScatterChart(
          title: "Clusters", subtitle: "k-means, k = \(k)", series: byCluster),
        ScatterChart(
          title: "Direction of the content", subtitle: agreementText, series: byDirection),
      ], panelWidth: 480, panelHeight: 540)
  }

  private var agreementText: String {
    let own = "by the optical flow; NMI with the clusters \(Format.number(agreement.directions, 2))"
    guard let random else { return own }
    return own + "; random weights "
      + Format.mean(random.directions.mean, random.directions.deviation) { Format.number($0, 2) }
  }

  private func points(_ belongs: (Clip) -> Bool) -> [Point] {
    clips.filter(belongs).map { Point($0.x, $0.y) }
  }
}

extension ClipMotion.Direction {
  /// The horizontal directions are blue, the vertical ones red.
  fileprivate var color: Color {
    switch self {
    case .still: Palette.axis
    case .right: Palette.blue
    case .left: Palette.sky
    case .down: Palette.vermillion
    case .up: Palette.orange
    }
  }

  fileprivate var marker: Marker {
    switch self {
    case .still: .disc
    case .right: .square
    case .left: .diamond
    case .down: .triangle
    case .up: .cross
    }
  }
}
