import ArgumentParser
import Foundation
import Insight
import SafeFiles
import VideoSamples

/// The videos that a command reads.
struct VideoInputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Videos, folders to search for videos, or folders of a video's frames.", valueName: "videos"))
  var videos: [String] = []

  @Option(
    name: [.customLong("input"), .customLong("videos")], parsing: .upToNextOption, help: .hidden)
  var oldVideos: [String] = []

  @OptionGroup var frameRate: FrameRateOption

  /// The paths; empty if none are given.
  ///
  /// - Throws: `ValidationError` if they are given both as arguments and with a former name.
  var paths: [String] {
    get throws { try renamed("the videos", videos, from: "--input or --videos", oldVideos) }
  }

  /// The paths, at least one.
  ///
  /// - Throws: `ValidationError` if there is none.
  var requiredPaths: [String] {
    get throws {
      let paths = try paths
      guard !paths.isEmpty else { throw ValidationError("name at least one video or folder") }
      return paths
    }
  }

  /// The videos at the paths, including those in folders.
  ///
  /// - Parameter limit: the maximum number of videos, evenly spaced; nil for all.
  /// - Throws: `ValidationError` if there are no paths, `FileError`, `NoVideosFound`.
  func search(limit: Int? = nil) throws -> VideoSearch {
    try VideoSearch(at: requiredPaths, frameRate: frameRate.value, limit: limit)
  }

  /// The video at `path`: a file, or a folder of frames.
  func footage(_ path: String) -> VideoSource {
    isFolder(at: path)
      ? .frameFolder(path: path, framesPerSecond: frameRate.value) : .video(path: path)
  }
}

/// The frame rate of folders of frames.
struct FrameRateOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Frames per second of folders of frames. Default: 25.", valueName: "fps"))
  var frameRate: Double?

  var value: Double { frameRate ?? 25 }

  func validate() throws {
    if let frameRate, !(0.001...1000).contains(frameRate) {
      throw ValidationError("--frame-rate must be from 0.001 to 1000, not \(frameRate)")
    }
  }
}
