import ArgumentParser
import Insight
import SafeFiles
import Training
import VideoModels

struct Gradcam: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the parts of videos that are evidence for a class (Grad-CAM).",
    discussion: """
      The network may be pre-trained or fine-tuned. For each clip, the command draws frames with the heat of the Grad-CAM \
      over them and the magnitude of the optical flow below them, as a strip (PNG) and as animations (MP4, GIF). The \
      agreement is Spearman's rank correlation of heat and flow over the clip: 1 if heat rises with speed, 0 if they are \
      unrelated or there is no heat; clips in which nothing moves have none. \(skippedVideosHelp)

      The classes of a pre-trained network are motions of a window over a picture. The content moves the other way, and \
      labels name both: "window left 1, content right".

      For transformers the heat is that of the attention, weighted by its gradients (Chefer et al., ICCV 2021): Grad-CAM \
      hardly locates anything there. For other networks, later stages are more specific and coarser: a map of conv5 has a \
      sixteenth or a 32nd of the clip's side. For clips of less than 112 pixels use conv3 or conv4.

      Writes the pictures and gradcam.json to --output.

      Examples:
        mosi gradcam --weights run video.mp4
        mosi gradcam --weights run clips/ --stage conv4 --output heat
        mosi gradcam --weights run clips/ --worst 6
      """)

  @OptionGroup var network: NetworkOption

  @OptionGroup var input: VideoInputOptions

  @OptionGroup var heat: HeatOptions

  @Option(
    help: ArgumentHelp(
      "The class to explain: predicted, or its number from 0. Default: predicted.",
      valueName: "predicted|N"))
  var explain: ExplainedClass?

  @Option(name: .customLong("label"), help: .hidden)
  var oldExplain: ExplainedClass?

  @Option(
    help: ArgumentHelp("Clips per video, evenly spaced; 1 is the middle.", valueName: "number"))
  var clips = 1

  @Option(
    help: ArgumentHelp(
      "Draw only the N clips in which heat and flow agree least.", valueName: "N"))
  var worst: Int?

  @OptionGroup var clip: ClipOptions

  @OptionGroup var machine: MachineOptions

  @OptionGroup var output: AnalysisOutputOptions

  func validate() throws {
    if !(1...100).contains(clips) {
      throw ValidationError("--clips must be from 1 to 100, not \(clips)")
    }
    if let worst, worst < 1 { throw ValidationError("--worst must be at least 1, not \(worst)") }
    if try explained == .target {
      throw ValidationError(
        "--explain target: videos have no labels here; use predicted or a number")
    }
  }

  private var explained: ExplainedClass {
    get throws { try renamed("--explain", explain, from: "--label", oldExplain) ?? .predicted }
  }

  func run() throws {
    let folder = try output.requiredFolder(
      .gradcam, weights: network.weights, outside: input.requiredPaths)
    let videos = try input.search()
    let weights = try network.read()
    var settings = GradCAMAnalysis.Settings()
    settings.maps = try heat.method(for: weights.model.architecture, usual: .conv5)
    if case .number(let number) = try explained { settings.label = .number(number) }
    settings.clips = clips
    settings.worst = worst
    settings.clip = try clip.settings(weights)
    let options = try machine.execution()
    let analysis = try GradCAMAnalysis(
      videos, weights: weights,
      settings: settings, device: options.device, workers: options.workers)
    let progress = StagedProgressLine()
    let report: GradCAMReport
    do {
      defer { progress.finish() }
      report = try analysis.write(to: folder) { phase, done, total in
        progress.update(
          (phase == .explaining ? "explaining" : "drawing", "videos"), done, of: total)
      }
    }
    warnAboutSkippedVideos(report.skipped)
    print(output.format.json ? try JSON.text(report) : table(report, folder))
  }

  private func table(_ report: GradCAMReport, _ folder: String) -> String {
    var table = TextTable()
    table.add("video", "start", "label", "probability", "agreement", "strip")
    for clip in report.clips {
      table.add(
        clip.video, "\(Format.number(clip.start, 2)) s", clip.labelName,
        Format.percent(clip.probability), agreement(clip), clip.files?.png ?? "")
    }
    let mean = report.meanAgreement.map { ", mean agreement \(Format.number($0, 2))" } ?? ""
    return table.text(leftAligned: true)
      + "\n\n\(Format.count(report.clips.count, "clip")), \(report.maps.description)\(mean)\nfiles  \(folder.printable)"
  }
}

private func agreement(_ clip: GradCAMReport.Clip) -> String {
  guard clip.hasHeat else { return "no heat" }
  return clip.agreement.map { Format.number($0, 2) } ?? "no motion"
}
