import ArgumentParser
import Foundation
import Insight
import SafeFiles
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a page about one run or several.",
    discussion: """
      The page needs no network and no other file. It shows configuration, learning curves, accuracy by label or class, \
      confusion matrix, pseudo-motions, and the results of mosi gradcam, mosi localize and mosi clusters in the run's folder \
      (RUN/insight). Several runs are first compared side by side, with the settings in which they differ.

      Examples:
        mosi report run --output report.html
        mosi report scratch masked unmasked --output comparison.html
        mosi report --watch run --output report.html  # until the run ends
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run"))
  var runs: [String]

  @Option(help: ArgumentHelp("The page to write.", valueName: "file"))
  var output: String

  @Flag(help: "Write the page again whenever a run has grown, until all have ended.")
  var watch = false

  func validate() throws {
    if !output.lowercased().hasSuffix(".html") {
      throw ValidationError("--output must end in .html")
    }
  }

  func run() throws {
    guard watch else {
      try write(RunDescription.all(at: runs), follows: false)
      return
    }
    InterruptSignal.listen()
    var seen: [String: FileStatus]?
    while !InterruptSignal.isPending {
      let files = FileStatus.all(in: runs)
      if files != seen {
        seen = files
        let records = try RunDescription.all(at: runs)
        let isOver = records.allSatisfy(\.isFinished)
        try write(records, follows: !isOver)
        if isOver { return }
      }
      for _ in 0..<20 where !InterruptSignal.isPending { usleep(100_000) }
    }
  }

  private func write(_ records: [RunDescription], follows: Bool) throws {
    try ReportPage(of: records, follows: follows).write(to: output)
    let size = fileStatus(at: output)?.size ?? 0
    let count = Format.count(records.count, "run")
    print("\(output.printable): \(count), \(Format.number(Double(size) / 1e6, 1)) MB")
    fflush(nil)
  }
}

extension FileStatus {
  /// The status of each file of `runs` that a page uses.
  fileprivate static func all(in runs: [String]) -> [String: FileStatus] {
    var all: [String: FileStatus] = [:]
    for run in runs {
      let folder = RunFolder(path: run)
      let results = [folder.evaluation] + RunFolder.Analysis.allCases.map(folder.insight)
      let files =
        [folder.metrics, folder.preview]
        + results.flatMap { result in
          ((try? entries(ofFolder: result)) ?? []).map { "\(result)/\($0.name)" }
        }
      for file in files { all[file] = fileStatus(at: file) }
    }
    return all
  }
}
