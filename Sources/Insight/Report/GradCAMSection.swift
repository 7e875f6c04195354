import SafeFiles
import Training

/// The Grad-CAM of videos.
enum GradCAMSection {
  /// The maximum number of clips on the page.
  private static let limit = 4

  static func content(_ run: RunDescription) -> [HTML] {
    content(run.gradCAM, of: run, in: .gradcam, title: "Grad-CAM of videos")
      + content(
        run.failures, of: run, in: .failures, title: "Clips in which heat and flow agree least")
  }

  private static func content(
    _ report: GradCAMReport?, of run: RunDescription, in analysis: RunFolder.Analysis, title: String
  ) -> [HTML] {
    guard let report else { return [] }
    let drawn = report.clips.filter { $0.files != nil }
    let folder = run.folder.insight(analysis)
    let agreement =
      report.meanAgreement.map {
        " Over \(Format.count(report.clips.count, "clip")) the rank correlation of heat and optical flow is "
          + "\(Format.number($0, 3)) on average."
      } ?? ""
    let order = report.isRanked ? " The clips in which heat and flow agree least come first." : ""
    let labels =
      run.tellsMotions
      ? " Labels name the window's motion: the content moves the other way." : ""
    let shown = drawn.prefix(limit).compactMap { figure($0, folder: folder) }
    guard !shown.isEmpty else { return [] }
    return [
      .element("h3", text: title),
      .element(
        "p",
        text: "\(report.maps.description), over frames of videos.\(labels)\(agreement)\(order)"),
    ] + shown
      + (drawn.count > shown.count
        ? [
          .element(
            "p", text: "\(Format.count(drawn.count - shown.count, "more clip")) in \(folder).")
        ] : [])
  }

  private static func figure(_ clip: GradCAMReport.Clip, folder: String) -> HTML? {
    guard let files = clip.files, let strip = EmbeddedFile(path: "\(folder)/\(files.png)")
    else { return nil }
    let agreement =
      clip.agreement.map { ", rank correlation with the flow \(Format.number($0, 2))" } ?? ""
    let what = "\(clip.video) from \(Format.number(clip.start, 1)) s: \(clip.labelName)"
    let still = HTML.figure(
      strip,
      alternative:
        "Strip of frames with the heat map over them, and the optical flow's magnitude: \(what)",
      caption: "\(what) (\(Format.percent(clip.probability)))\(agreement).", isWide: true)
    // Animations are shown on demand.
    guard let animation = EmbeddedFile(path: "\(folder)/\(files.gif)") else { return still }
    return .joined([
      still,
      .details(
        "Play \(clip.video)",
        .element(
          "figure", [:],
          .element(
            "img",
            [
              "src": animation.dataURI, "loading": "lazy",
              "alt": "Animation of the clip with the heat map over it: \(what)",
            ]))),
    ])
  }
}
