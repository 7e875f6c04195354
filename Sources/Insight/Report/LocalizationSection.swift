/// Whether the network's heat lies where the motion is, measured.
enum LocalizationSection {
  static let columns: [Comparison.Column] = [
    .init("energy inside") {
      $0.localization?.squares.map { Words.percent($0.network.energyInside.mean) }
    }
  ]

  static func content(_ run: RunRecord) -> [HTML] {
    guard let localization = run.localization else { return [] }
    var parts: [HTML] = [
      .element("h3", text: "Does it locate motion?"),
      .element(
        "p",
        text:
          "Grad-CAM at \(localization.layer.rawValue), of the \(localization.label.rawValue) label."
      ),
    ]
    if let squares = localization.squares { parts.append(table(squares)) }
    if let sheet = localization.sheet,
      let picture = EmbeddedFile(path: "\(run.folder.insight("localize"))/\(sheet)")
    {
      parts.append(
        .figure(
          picture,
          alternative:
            "Contact sheet: heat maps over frames of masked clips, the moving square outlined",
          caption:
            "Unseen pictures; outlined is the square that moves, colours are the heat of Grad-CAM.")
      )
    }
    return parts
  }

  private static func table(_ squares: SquareLocalization) -> HTML {
    func row(_ title: String, _ score: KeyPath<SquareScores, Estimate>) -> [String] {
      let own = squares.network[keyPath: score]
      let random = squares.random(score)
      return [
        title,
        own.standardError.map { Words.spread(own.mean, $0) } ?? Words.number(own.mean, 3),
        Words.spread(random.mean, random.deviation), Words.number(squares.chance, 3),
      ]
    }
    return .table(
      caption:
        "\(squares.clips) masked clips of \(squares.sources) unseen pictures: mean and standard error over pictures; "
        + "random weights with the deviation over \(squares.random.count) networks",
      header: ["measure", "this network", "random weights", "chance"],
      rows: [
        row("energy inside the square", \.energyInside), row("peak inside the square", \.pointing),
        row("overlap at the best threshold", \.overlap),
      ])
  }
}
