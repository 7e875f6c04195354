import Figures
import Foundation
import RunRecords
import SafeFiles
import Training

/// The section of one run.
struct RunSection {
  private let run: RunDescription
  private let id: String

  init(_ run: RunDescription, id: String) {
    self.run = run
    self.id = id
  }

  func section() throws -> HTML {
    let parts: [HTML] =
      [facts, try curves(), accuracies, try confusion(), preview]
      + GradCAMSection.content(run) + LocalizationSection.content(run)
      + ClustersSection.content(run) + [configuration]
    return .element(
      "section", ["id": id, "aria-labelledby": "\(id)-title"],
      [.element("h2", ["id": "\(id)-title"], text: run.name)] + parts)
  }

  private var facts: HTML {
    var facts: [(String, String)] = [
      ("training", run.recipe.phase.title),
      ("network", run.networkDescription),
      ("head", run.headDescription),
      ("state", run.progressDescription),
    ]
    if let summary = run.metrics.summary {
      facts.append(
        (
          run.recipe.phase == .pretraining ? "sources" : "videos",
          "\(summary.trainingSources) for training, \(summary.validationSources) for validation"
            + (summary.skippedSources > 0 ? ", \(summary.skippedSources) unreadable" : "")
        ))
      facts.append(
        (
          "time",
          "\(Format.duration(summary.seconds)), \(Format.number(summary.clipsPerSecond, 1)) clips/s"
        ))
    }
    if let last = run.metrics.validations.last {
      facts.append(("validation", validation(last)))
    }
    if let evaluation = run.evaluation {
      let top5 = evaluation.top5.map { ", top-5 \(Format.percent($0))" } ?? ""
      facts.append(
        (
          "test",
          "top-1 \(Format.percent(evaluation.top1))\(top5), mean class accuracy "
            + "\(Format.percent(evaluation.meanClassAccuracy)) on \(evaluation.videoCount) videos, \(evaluation.clips) clips each"
        ))
    }
    return .element(
      "dl", [:],
      facts.flatMap { [.element("dt", text: $0), .element("dd", text: $1)] })
  }

  private func validation(_ last: ValidationRecord) -> String {
    let validations = run.metrics.validations
    guard let top1 = last.top1, let best = validations.compactMap(\.top1).max() else {
      let best = validations.map(\.loss).filter(\.isFinite).min() ?? last.loss
      return "loss \(Format.number(last.loss, 3)) at the end, \(Format.number(best, 3)) at best"
    }
    let chance = run.chance.map { "; chance is \(Format.percent($0))" } ?? ""
    return "\(Format.percent(top1)) at the end, \(Format.percent(best)) at best\(chance)"
  }

  private func curves() throws -> HTML {
    guard !run.metrics.steps.isEmpty else {
      return .element("p", text: "No step has been recorded yet.")
    }
    let panels = LearningCurves(of: run.metrics, chance: run.chance).panels
    return .joined([
      .element("h3", text: "Learning curves"),
      .element(
        "div", ["class": "grid"],
        try panels.map { panel in
          .figure(
            EmbeddedFile(svg: try Figure(panels: [panel]).svg()),
            alternative: alternative(of: panel))
        }),
    ])
  }

  /// A description of a curve.
  private func alternative(of chart: LineChart) -> String {
    let series = chart.series.compactMap { series -> String? in
      guard let first = series.points.first, let last = series.points.last else { return nil }
      return
        "\(series.name.isEmpty ? "" : series.name + " ")from \(Format.significant(first.y)) at step \(Int(first.x)) to "
        + "\(Format.significant(last.y)) at step \(Int(last.x))"
    }
    return "Line chart, \(chart.title.lowercased()) over steps: \(series.joined(separator: "; "))"
  }

  private var accuracies: HTML {
    if let evaluation = run.evaluation {
      return .joined([
        .element("h3", text: "Accuracy by class"),
        .table(
          caption: "Test videos recognized", header: ["class", "accuracy", "videos"],
          rows: evaluation.classes.map { result in
            [
              .text(result.name),
              result.accuracy.map { .bar($0, Format.percent($0)) } ?? .text("–"),
              .text("\(result.correct) of \(result.videos)"),
            ]
          }),
      ])
    }
    guard let last = run.metrics.validations.last, !last.top1PerLabel.isEmpty else { return .empty }
    let order = run.weights.description?.classNames ?? last.top1PerLabel.keys.sorted()
    let isPretext = run.recipe.phase == .pretraining
    return .joined([
      .element("h3", text: isPretext ? "Accuracy by label" : "Accuracy by class"),
      .table(
        caption: "Last validation, step \(last.step)",
        header: [
          run.tellsMotions
            ? "motion of the window (content moves the other way)"
            : isPretext ? "label" : "class",
          "accuracy",
        ],
        rows: order.compactMap { name in
          last.top1PerLabel[name].map { [.text(name), .bar($0, Format.percent($0))] }
        }),
    ])
  }

  private func confusion() throws -> HTML {
    guard let evaluation = run.evaluation else { return .empty }
    let names = evaluation.classes.map(\.name)
    let matrix = ConfusionMatrix(classes: names, counts: evaluation.confusion)
    let (width, height) = matrix.preferredSize
    let figure = Figure(panels: [matrix], panelWidth: width, panelHeight: height)
    let mistakes = names.indices.flatMap { row in
      names.indices.filter { $0 != row && evaluation.confusion[row][$0] > 0 }
        .map { (row, $0, evaluation.confusion[row][$0]) }
    }.sorted { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }
    let words = mistakes.prefix(3).map { "\(names[$0]) taken for \(names[$1]) \($2) times" }
    let most = words.isEmpty ? "no mistakes" : "most often " + words.joined(separator: ", ")
    return .joined([
      .element("h3", text: "Confusion"),
      .figure(
        EmbeddedFile(svg: try figure.svg()),
        alternative: "Confusion matrix of \(names.count) classes: \(most)",
        caption:
          "Rows are the true classes, columns the predicted ones; shades are shares of the row."),
      mistakes.isEmpty
        ? .empty
        : .details(
          "The most frequent mistakes as a table",
          .table(
            caption: "Mistakes", header: ["true class", "taken for", "videos"],
            rows: mistakes.prefix(20).map { [names[$0], names[$1], "\($2)"] })),
    ])
  }

  private var preview: HTML {
    guard let picture = EmbeddedFile(path: run.folder.preview) else { return .empty }
    let motions = run.tellsMotions
    return .joined([
      .element("h3", text: motions ? "Pseudo-motions" : "Training clips"),
      .figure(
        picture,
        alternative: motions
          ? "Contact sheet: frames of pseudo-motion clips, a row for each label"
          : "Contact sheet: frames of training clips",
        caption: motions
          ? "What the network was trained on: a row for each label, frames from left to right; outlined is the region that moves."
          : "What the network was trained on, a row for each clip, frames from left to right.",
        isWide: true),
    ])
  }

  private var configuration: HTML {
    .joined([
      .element("h3", text: "Configuration"),
      .details(
        "All settings",
        .element(
          "pre", ["tabindex": "0", "role": "group", "aria-label": "Configuration of \(run.name)"],
          .element("code", text: run.recipe.configuration))),
    ])
  }
}

extension RunDescription {
  var networkDescription: String {
    let count = weights.parameterCount.map { ", \(Format.grouped($0)) parameters" } ?? ""
    return "\(model.architecture.rawValue) of width \(model.width)\(count)"
  }

  var headDescription: String {
    guard let count = weights.classCount else { return "none" }
    guard recipe.phase == .pretraining else { return "\(count) actions" }
    return tellsMotions ? "\(count) pseudo-motions" : "\(count) labels of a pretext task"
  }

  /// Nil before the first step.
  var lastStep: Int? { metrics.summary?.step ?? metrics.steps.last?.step }

  var progressDescription: String {
    guard let step = lastStep, let epoch = metrics.summary?.epoch ?? metrics.steps.last?.epoch
    else { return "not started" }
    let epochs = settings["epochs"] ?? "?"
    return (isFinished ? "finished" : "in progress or interrupted")
      + " at step \(Format.grouped(step)), epoch \(epoch) of \(epochs)"
  }
}
