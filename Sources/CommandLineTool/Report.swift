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
    var seen: [String: FileStamp]?
    while !InterruptSignal.isPending {
      let stamps = FileStamp.all(in: runs)
      if stamps != seen {
        seen = stamps
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
    let size = (try? FileManager.default.attributesOfItem(atPath: output)[.size] as? Int) ?? 0
    let count = Format.count(records.count, "run")
    print("\(output): \(count), \(Format.number(Double(size) / 1e6, 1)) MB")
    fflush(nil)
  }
}

/// A change of a file.
private struct FileStamp: Equatable {
  let size: Int
  let time: Date

  /// The stamps of the files of `runs` that a page shows.
  static func all(in runs: [String]) -> [String: FileStamp] {
    var stamps: [String: FileStamp] = [:]
    for run in runs {
      let folder = RunFolder(path: run)
      let results = [folder.evaluation] + RunFolder.Analysis.allCases.map(folder.insight)
      let files =
        [folder.metrics, folder.preview]
        + results.flatMap { result in
          ((try? FileManager.default.contentsOfDirectory(atPath: result)) ?? []).map {
            "\(result)/\($0)"
          }
        }
      for file in files {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file) else {
          continue
        }
        stamps[file] = FileStamp(
          size: attributes[.size] as? Int ?? 0,
          time: attributes[.modificationDate] as? Date ?? .distantPast)
      }
    }
    return stamps
  }
}
