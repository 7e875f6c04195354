import ArgumentParser
import Pretext
import RunRecords
import SafeFiles
import Training
import VideoData

struct Preview: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws the clips that pre-training makes of a source.",
    usage: "mosi preview [--sources <path> ...] --output <dir> [<options>]",
    discussion: """
      Writes to DIR: preview.png, a contact sheet of what the network sees and what it should answer, and an animation \
      of each row as GIF and MP4. MoSI's has a row for each label (its arrow and speed, the frames, the outlined region \
      that moves). Arrows show the motion of the window over the picture, which is the label; the content moves the \
      other way. Mixing with other pictures of a batch is not shown, because a preview has one source.

      Examples:
        mosi preview --sources photos/ --output preview
        mosi preview --sources cat.jpg --output preview \\
          --set task.mosi.mask.enabled=false
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp("Folder to write to, created if missing.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("The index of the source to draw, from 0.", valueName: "number"))
  var index = 0

  func validate() throws {
    guard index >= 0 else { throw ValidationError("--index must not be negative") }
  }

  func run() throws {
    let configuration = try options.resolved()
    options.noticeIgnored(configuration)
    let settings = configuration.sources
    try requireOutput(output, outside: settings.paths)
    let collection = try SourceCollection(
      paths: settings.paths, frameFolders: settings.frameFolders)
    for problem in collection.problems {
      Terminal.warn("\(problem.path) \(problem.reason)")
    }
    for remark in collection.remarks.prefix(4) { Terminal.line(remark) }
    let task = configuration.makeTask()
    try task.checkMotion(of: collection.sources)
    let loader = SampleLoader(collection.sources, rule: task.rule(for: .training(progress: 0))) {
      Terminal.warn("skipped: \($0.reason)")
    }
    let preview = task.preview(
      try loader.sample(
        .preview(seed: UInt64(configuration.seed), row: index),
        of: index % collection.sources.count))
    try makeFolder(at: output)
    let sheet = "\(output)/preview.png"
    try preview.sheet.write(to: sheet)
    print(sheet.printable)
    for path in try preview.writeAnimations(to: output) { print(path.printable) }
  }
}
