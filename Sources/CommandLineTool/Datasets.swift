import ArgumentParser
import Foundation
import SafeFiles
import VideoData

struct Datasets: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks datasets, lists their videos, packs them into tar files.",
    subcommands: [Check.self, List.self, Pack.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts a dataset's videos and lists those that are missing or cannot be decoded.",
      usage: "mosi datasets check --dataset <format> --data-root <dir> [<options>]",
      discussion: """
        The exit status is 1 if there are any, or if a training on the dataset would be meaningless: classes that are \
        spelled almost alike, a single class, classes to evaluate without training videos, nothing to train or evaluate on.

        Examples:
          mosi datasets check --dataset ucf101 --data-root UCF-101 --splits lists
          mosi datasets check --dataset csv --data-root mine --decode --json
        """)

    @OptionGroup var options: DatasetOptions

    @Flag(help: "Open each video and decode its first and its last frame.")
    var decode = false

    @OptionGroup var threads: WorkersOption

    @OptionGroup var format: JSONOption

    func validate() throws { try options.requireOneSplit() }

    func run() throws {
      let dataset = try ActionDataset(options.settings().description)
      let report: DatasetReport
      if decode {
        let progress = ProgressLine(
          label: "decoding", total: dataset.videos.count, unit: "videos")
        defer { progress.finish() }
        report = try DatasetReport(
          decoding: dataset, workers: threads.value
        ) { done, _ in progress.update(done) }
      } else {
        report = DatasetReport(dataset)
      }
      print(format.json ? try Self.json(report) : Self.table(report))
      fflush(nil)
      for finding in report.findings { Terminal.tell(finding) }
      guard report.problems.isEmpty, !report.spoilsTraining else {
        Terminal.error(Self.complaint(report, of: dataset.videos.count))
        throw ExitCode(1)
      }
    }

    private static func complaint(_ report: DatasetReport, of total: Int) -> String {
      let parts = [(report.absent, "absent"), (report.undecodable, "undecodable")]
        .filter { $0.0 > 0 }.map { "\(Format.grouped($0.0)) \($0.0 == 1 ? "is" : "are") \($0.1)" }
      let absence =
        parts.isEmpty
        ? nil : "of \(Format.grouped(total)) listed videos, \(parts.joined(separator: " and "))"
      let spoiled =
        report.spoilsTraining ? "a training would be meaningless (see the warnings)" : nil
      return [absence, spoiled].compactMap { $0 }.joined(separator: "; ")
    }

    private static func table(_ report: DatasetReport) -> String {
      let subsets = Subset.allCases.filter { report.listed($0) > 0 }
      func cells(_ counts: [Int]) -> [String] { counts.map(Format.grouped) }
      var table = TextTable()
      table.add(
        ["class"] + subsets.map(\.rawValue) + ["absent"]
          + (report.isDecoded ? ["undecodable"] : []))
      for row in report.classes {
        table.add(
          [row.name]
            + cells(
              subsets.map { row.listed[$0] ?? 0 } + [row.absent]
                + (report.isDecoded ? [row.undecodable] : [])))
      }
      table.add(
        ["\(Format.grouped(report.classes.count)) classes"]
          + cells(
            subsets.map(report.listed) + [report.absent]
              + (report.isDecoded ? [report.undecodable] : [])))
      guard !report.problems.isEmpty else { return table.text() }
      var problems = TextTable()
      for problem in report.problems {
        problems.add(
          problem.kind.rawValue, problem.subset.rawValue, problem.video, problem.reason)
      }
      return table.text() + "\n\n" + problems.text(leftAligned: true)
    }

    private static func json(_ report: DatasetReport) throws -> String {
      struct Totals: Encodable {
        let classes: Int
        let listed: [Subset: Int]
        let absent: Int
        let undecodable: Int?
      }
      struct Result: Encodable {
        let totals: Totals
        let report: DatasetReport

        enum CodingKeys: CodingKey { case totals }

        func encode(to encoder: any Encoder) throws {
          try report.encode(to: encoder)
          var container = encoder.container(keyedBy: CodingKeys.self)
          try container.encode(totals, forKey: .totals)
        }
      }
      let listed = Subset.allCases.map { ($0, report.listed($0)) }.filter { $0.1 > 0 }
      let totals = Totals(
        classes: report.classes.count, listed: Dictionary(uniqueKeysWithValues: listed),
        absent: report.absent, undecodable: report.isDecoded ? report.undecodable : nil)
      return try JSON.text(Result(totals: totals, report: report))
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the absolute paths of a subset's videos that exist, one per line.",
      usage:
        "mosi datasets list --dataset <format> --data-root <dir>\n  --subset <subset> [<options>]",
      discussion: """
        To pre-train only on the training split:
          mosi datasets list --dataset csv --data-root mine --subset train >train.txt
          mosi pretrain --sources train.txt --output run

        Folders of frames are listed as folders: pre-train on them with --set sources.frame_folders=true.
        """)

    @OptionGroup var options: DatasetOptions

    @Option(help: ArgumentHelp("train, val or test.", valueName: "subset"))
    var subset: Subset

    func validate() throws { try options.requireOneSplit() }

    func run() throws {
      let settings = try options.settings()
      let videos = try ActionDataset(settings.description).videos(of: subset)
      guard settings.kind != .shards else {
        throw ValidationError(
          "videos in shards have no paths of their own: pre-train on the shards with --sources")
      }
      let paths = videos.compactMap(\.footage?.path)
      guard !paths.isEmpty else {
        throw NothingToList(
          subset: subset, listed: videos.count, folder: try settings.description.videos)
      }
      // Print the bytes of the names, because this is a list for --sources.
      for path in paths { _ = absolutePath(of: path).withPathBytes { puts($0) } }
      let absent = videos.count - paths.count
      if absent > 0 {
        fflush(nil)
        Terminal.warn(
          "\(Format.grouped(absent)) of \(Format.grouped(videos.count)) videos are absent")
      }
    }
  }
}

extension Terminal {
  /// Reports a finding: as a warning if it spoils a training, else as a line.
  static func tell(_ finding: DatasetFinding) {
    if finding.spoilsTraining { warn(finding.description) } else { line(finding.description) }
  }
}

private struct NothingToList: Error, CustomStringConvertible {
  let subset: Subset
  let listed: Int
  let folder: String

  var description: String {
    listed == 0
      ? "the dataset has no videos for \(subset.rawValue)"
      : "none of the \(Format.grouped(listed)) videos for \(subset.rawValue) is in \(folder)"
  }
}
