import ArgumentParser
import Foundation
import Insight
import SafeFiles
import Training
import VideoModels

struct Gradcam: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows where in videos a network sees what speaks for its label.",
    discussion: """
      The network may be pre-trained alone or fine-tuned. Each clip gets a strip of frames with the heat of its Grad-CAM \
      over them and the optical flow's magnitude below (PNG), and the same as animations (MP4, GIF). The agreement is \
      Spearman's rank correlation of heat and flow over the clip: 1 where the heat rises with the speed, 0 where they \
      have nothing to do with each other or nothing is hot; clips in which nothing moves have none. \(skippedVideosHelp)

      Labels of a pre-trained network are motions of a window over a picture; what is seen moves the other way, and \
      both are named: "window left 1, content right".

      Late layers know more and are coarser: a side of conv5 is a sixteenth or a 32nd of the clip's. For clips of less than \
      112 pixels take conv3 or conv4.

      Leaves the pictures and gradcam.json in --output.

      Examples:
        mosi gradcam --weights run --input video.mp4
        mosi gradcam --weights run --input clips/ --layer conv4 --output heat
        mosi gradcam --weights run --input clips/ --worst 6
      """)

  @Option(
    help: ArgumentHelp("A run's folder or a checkpoint, fine-tuned or not.", valueName: "run|file"))
  var weights: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Videos, folders that are searched for videos, or folders of a video's frames.",
      valueName: "video"))
  var input: [String]

  @Option(
    help: ArgumentHelp(
      "The folder for the files, made where it is missing. Default: insight/gradcam in the run's folder.",
      valueName: "dir"))
  var output: String?

  @Option(help: ArgumentHelp("The stage that is looked at, conv1 to conv5.", valueName: "stage"))
  var layer = StageName.conv5.rawValue

  @Option(
    help: ArgumentHelp(
      "The label that is explained: predicted, or its number from 0.", valueName: "predicted|N"))
  var label = ExplainedLabel(value: .predicted)

  @Option(
    help: ArgumentHelp("Clips a video, spread over it; one is its middle.", valueName: "number"))
  var clips = 1

  @Option(
    help: ArgumentHelp(
      "Rank all clips by how little heat and flow agree, those without any heat last, and draw only so many.",
      valueName: "number"))
  var worst: Int?

  @Option(help: ArgumentHelp("Frames a second of folders of frames.", valueName: "fps"))
  var frameRate = 25.0

  @OptionGroup var clip: ClipOptions

  @OptionGroup var machine: MachineOptions

  @Flag(help: "Print the result as JSON: the content of gradcam.json.")
  var json = false

  func validate() throws {
    try checkFrameRate(frameRate)
    if !(1...100).contains(clips) {
      throw ValidationError("--clips must be from 1 to 100, not \(clips)")
    }
    if let worst, worst < 1 { throw ValidationError("--worst must be at least 1, not \(worst)") }
  }

  func run() throws {
    let stage = try StageName(named: layer)
    let folder = try insightFolder("gradcam", output: output, weights: weights)
    let weights = try Weights(at: weights)
    var settings = GradCAMAnalysis.Settings()
    settings.stage = stage
    settings.label = label.value
    settings.clips = clips
    settings.worst = worst
    settings.clip = try clip.settings(weights)
    let options = try machine.execution()
    let analysis = try GradCAMAnalysis(
      VideoSearch(at: input, frameRate: frameRate), weights: weights, settings: settings,
      device: options.device, workers: options.workers)
    let progress = StagedProgressLine()
    let report: GradCAMReport
    do {
      defer { progress.finish() }
      report = try analysis.write(to: folder) { stage, done, total in
        progress.update(
          (stage == .explaining ? "explaining" : "drawing", "videos"), done, of: total)
      }
    }
    warnAboutSkippedVideos(report.skipped)
    print(json ? try JSON.text(report) : table(report, folder))
  }

  private func table(_ report: GradCAMReport, _ folder: String) -> String {
    var table = TextTable()
    table.add("video", "start", "label", "probability", "agreement", "strip")
    for clip in report.clips {
      table.add(
        clip.video, "\(Format.number(clip.start, 2)) s", clip.labelName,
        Format.percent(clip.probability),
        agreement(clip), clip.files?.png ?? "")
    }
    let mean = report.meanAgreement.map { ", mean agreement \(Format.number($0, 2))" } ?? ""
    return table.text(leftAligned: true)
      + "\n\n\(Format.grouped(report.clips.count)) \(report.clips.count == 1 ? "clip" : "clips") at "
      + "\(report.stage)\(mean)\nfiles  \(folder)"
  }
}

private func agreement(_ clip: GradCAMReport.Clip) -> String {
  guard clip.hasHeat else { return "no heat" }
  return clip.agreement.map { Format.number($0, 2) } ?? "no motion"
}

/// `--label`.
struct ExplainedLabel: ExpressibleByArgument {
  let value: GradCAMAnalysis.Label

  init(value: GradCAMAnalysis.Label) { self.value = value }

  init?(argument: String) {
    if argument == "predicted" {
      value = .predicted
    } else if let number = Int(argument) {
      value = .number(number)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { "predicted" }
}
