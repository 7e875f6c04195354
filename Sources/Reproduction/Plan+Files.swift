import Foundation
import Insight
import SafeFiles

extension Plan {
  /// Checks that the results of another dataset would not be replaced: two folders of videos may have the same name.
  ///
  /// - Throws: ``ResultsOfOtherData``.
  public func checkResults() throws(ResultsOfOtherData) {
    for experiment in experiments {
      let path = "\(folder)/\(fileName(of: experiment)).json"
      guard
        let other = try? JSON.decode(ResultTable.self, from: readFile(at: path)),
        other.dataset != data.title, other.dataset != data.formerTitle
      else { continue }
      throw ResultsOfOtherData(path: path, found: other.dataset, expected: data.title)
    }
  }

  /// Writes the table of each experiment as Markdown and JSON.
  ///
  /// - Throws: `FileError`.
  public func writeTables() throws -> [ResultTable] {
    let tables = try experiments.map { try ResultTable($0, of: self) }
    for table in tables {
      let stem = "\(folder)/\(table.fileName)"
      try replaceFile(at: stem + ".md", with: Data(table.markdown.utf8))
      try replaceFile(at: stem + ".json", with: Data((try JSON.text(table) + "\n").utf8))
    }
    return tables
  }

  /// Writes the page of each experiment, with its table and some of its runs.
  ///
  /// - Parameters:
  ///   - tables: the tables of the experiments.
  ///   - warn: receives a warning for each damaged run. The page omits the run, but the table includes its numbers.
  /// - Throws: `FileError`.
  public func writePages(_ tables: [ResultTable], warn: (String) -> Void) throws {
    for (experiment, table) in zip(experiments, tables) {
      let runs = shownRuns(of: experiment).flatMap { run in
        let path = runFolder(run.name).path
        do {
          return try RunDescription.all(at: [path], names: [title(of: run, in: experiment)])
        } catch {
          warn(
            "the page omits \(run.title): \(error); remove \(files(of: run.name)) and run the same command to make it again"
          )
          return []
        }
      }
      try ReportPage(of: runs, results: [table.section])
        .write(to: "\(folder)/\(table.fileName).html")
    }
  }
}

/// The error if a plan would replace the results of another dataset.
public struct ResultsOfOtherData: Error, Sendable, CustomStringConvertible {
  /// The path of the results.
  public let path: String
  /// The dataset of the results.
  public let found: String
  /// The dataset of the plan.
  public let expected: String

  public var description: String {
    "\(path) holds results of \(found), not of \(expected): choose another --output, or remove it"
  }
}
