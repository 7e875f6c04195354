import SafeFiles

/// How well the heat of the network locates motion.
enum LocalizationSection {
  static let columns: [Comparison.Column] = [
    .init("heat inside (chance)") { run in
      run.localization.flatMap { localization in
        localization.regions.map {
          "\(Format.percent($0.network.energyInside.mean)) (\(Format.percent($0.chance))) at \(localization.maps.code)"
        }
      }
    }
  ]

  static func content(_ run: RunDescription) -> [HTML] {
    guard let localization = run.localization else { return [] }
    var parts: [HTML] = [.element("h3", text: "Localization of motion")]
    let maps = localization.maps.description
    if let regions = localization.regions {
      parts.append(
        table(regions, "\(maps), of the \(localization.label.rawValue) label"))
    }
    if let videos = localization.videos {
      parts.append(
        .table(
          caption:
            "\(maps), of the most likely motion or class, on \(Format.count(videos.clips, "clip")) of "
            + "\(Format.count(videos.videos, "video")): rank correlation of the heat with the optical flow's magnitude, "
            + "mean and standard error over videos; random weights with the deviation over "
            + Format.count(videos.random.values.count, "network"),
          header: ["measure", "this network", "random weights"],
          rows: [
            [
              "rank correlation of heat and flow",
              Format.mean(videos.network.mean, videos.network.standardError),
              Format.mean(videos.random.mean, videos.random.deviation),
            ]
          ]))
    }
    if let sheet = localization.sheet,
      let picture = EmbeddedFile(path: "\(run.folder.insight(.localize))/\(sheet)")
    {
      parts.append(
        .figure(
          picture,
          alternative:
            "Contact sheet: heat maps over frames of masked clips, the moving region outlined",
          caption:
            "Unseen pictures; the moving region is outlined, colors are the heat. Labels name the "
            + "motion of the window; the content moves the other way.", isWide: true)
      )
    }
    return parts
  }

  private static func table(_ regions: RegionLocalization, _ what: String) -> HTML {
    func row(_ title: String, _ score: KeyPath<RegionScores, SampleStatistics>) -> [String] {
      let own = regions.network[keyPath: score]
      let random = regions.random(score)
      return [
        title,
        percentages(own.mean, own.standardError), percentages(random.mean, random.deviation),
        Format.percent(regions.chance),
      ]
    }
    return .table(
      caption:
        "\(what), on \(Format.count(regions.clips, "masked clip")) of "
        + "\(Format.count(regions.sources, "unseen picture")): mean and standard error over pictures; "
        + "random weights with the deviation over \(Format.count(regions.random.count, "network"))",
      header: ["measure", "this network", "random weights", "chance"],
      rows: [
        row("heat inside the moving region", \.energyInside),
        row("hottest place inside", \.pointing),
        row("overlap (IoU) at the best threshold", \.overlap),
      ])
  }

  private static func percentages(_ mean: Double, _ deviation: Double?) -> String {
    Format.mean(mean, deviation) { Format.percent($0) }
  }
}
