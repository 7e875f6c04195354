import ArgumentParser
import Insight
import Training

/// The place where an analysis writes its files.
struct AnalysisOutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder to write to, created if missing. Default: insight/COMMAND in the run's folder.",
      valueName: "dir"))
  var output: String?

  @OptionGroup var format: JSONOption

  /// The folder: `--output`, or its place in the folder of the run; nil if neither exists.
  ///
  /// - Parameters:
  ///   - analysis: the command.
  ///   - weights: the folder of the run.
  ///   - searched: the paths that the command searches for pictures and videos.
  /// - Throws: `ValidationError` if `--output` is inside one of them.
  func folder(_ analysis: RunFolder.Analysis, weights: String, outside searched: [String]) throws
    -> String?
  {
    if let output {
      try requireOutput(output, outside: searched)
      return output
    }
    let run = RunFolder(path: weights)
    return run.holdsRun ? run.insight(analysis) : nil
  }

  /// The folder: `--output`, or its place in the folder of the run.
  ///
  /// - Throws: `ValidationError` if neither exists, or if `--output` is inside one of the `searched` paths.
  func requiredFolder(
    _ analysis: RunFolder.Analysis, weights: String, outside searched: [String]
  ) throws -> String {
    guard let folder = try folder(analysis, weights: weights, outside: searched) else {
      throw ValidationError(
        "--output is missing: \(weights) is not the folder of a run, which could hold the files")
    }
    return folder
  }
}

/// The paragraph of --help about videos that cannot be used.
let skippedVideosHelp = """
  Videos that cannot be read or are shorter than a clip are skipped with a warning; if none is left, that is an error.
  """

func warnAboutSkippedVideos(_ videos: [SkippedVideo]) {
  for video in videos { Terminal.warn("skipped: \(video.video) \(video.reason)") }
}
