/// Whether the network's heat lies where the motion is, measured.
enum LocalizationSection {
  static let columns: [Comparison.Column] = [
    .init("heat inside (chance)") { run in
      run.localization.flatMap { localization in
        localization.squares.map {
          "\(Words.percent($0.network.energyInside.mean)) (\(Words.percent($0.chance))) at \(localization.layer.rawValue)"
        }
      }
    }
  ]

  static func content(_ run: RunRecord) -> [HTML] {
    guard let localization = run.localization else { return [] }
    var parts: [HTML] = [.element("h3", text: "Does it locate motion?")]
    let layer = localization.layer.rawValue
    if let squares = localization.squares {
      parts.append(
        table(squares, "Grad-CAM at \(layer), of the \(localization.label.rawValue) label"))
    }
    if let videos = localization.videos {
      parts.append(
        .table(
          caption:
            "Grad-CAM at \(layer), of the likeliest motion or class, on \(Words.count(videos.clips, "clip")) of "
            + "\(Words.count(videos.videos, "video")): rank correlation of the heat with the optical flow's magnitude, "
            + "mean and standard error over videos; random weights with the deviation over "
            + Words.count(videos.random.values.count, "network"),
          header: ["measure", "this network", "random weights"],
          rows: [
            [
              "rank correlation of heat and flow",
              Words.spread(videos.network.mean, videos.network.standardError),
              Words.spread(videos.random.mean, videos.random.deviation),
            ]
          ]))
    }
    if let sheet = localization.sheet,
      let picture = EmbeddedFile(path: "\(run.folder.insight("localize"))/\(sheet)")
    {
      parts.append(
        .figure(
          picture,
          alternative:
            "Contact sheet: heat maps over frames of masked clips, the moving region outlined",
          caption:
            "Unseen pictures; outlined is the region that moves, colours are the heat of Grad-CAM. Labels name the window's motion: "
            + "the content moves the other way.", isWide: true)
      )
    }
    return parts
  }

  private static func table(_ squares: SquareLocalization, _ what: String) -> HTML {
    func row(_ title: String, _ score: KeyPath<SquareScores, Estimate>) -> [String] {
      let own = squares.network[keyPath: score]
      let random = squares.random(score)
      return [
        title,
        percentages(own.mean, own.standardError), percentages(random.mean, random.deviation),
        Words.percent(squares.chance),
      ]
    }
    return .table(
      caption:
        "\(what), on \(Words.count(squares.clips, "masked clip")) of \(Words.count(squares.sources, "unseen picture")): mean and standard error over pictures; "
        + "random weights with the deviation over \(Words.count(squares.random.count, "network"))",
      header: ["measure", "this network", "random weights", "chance"],
      rows: [
        row("heat inside the moving region", \.energyInside),
        row("hottest place inside", \.pointing),
        row("overlap (IoU) at the best threshold", \.overlap),
      ])
  }

  private static func percentages(_ mean: Double, _ deviation: Double?) -> String {
    Words.spread(100 * mean, deviation.map { 100 * $0 }, digits: 1) + " %"
  }
}
