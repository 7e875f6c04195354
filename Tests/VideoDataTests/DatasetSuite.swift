import Foundation
import TestSupport
import VideoData

/// A suite that writes lists and videos to a folder and reads them as a dataset.
protocol DatasetSuite {
  var folder: ScratchFolder { get }
}

extension DatasetSuite {
  func touch(_ names: String...) throws {
    for name in names { try folder.write("", to: name) }
  }

  func read(
    _ kind: DatasetKind, videos: String = "v", splits: String? = "s", split: Int = 1,
    frameRate: Double = 25
  ) throws -> ActionDataset {
    try ActionDataset(
      DatasetDescription(
        kind: kind, videos: folder.path + "/" + videos,
        splits: splits.map { folder.path + "/" + $0 }, split: split, frameRate: frameRate))
  }

  /// "subset class name -> where", one line per video.
  func summary(_ dataset: ActionDataset) -> [String] {
    dataset.videos.map { video in
      let place =
        switch video.footage {
        case .video(let path)?: folder.relative(path)
        case .shardMember(let member)?: folder.relative(member.path)
        case .picture?, .deadLeaves?: "a still picture"
        case .shapes?: "a procedural video"
        case .frameFolder(let path, let rate)?: "\(folder.relative(path)) at \(rate)"
        case nil: "absent"
        }
      return "\(video.subset.rawValue) \(dataset.classNames[video.label]) \(video.name) -> \(place)"
    }
  }

  /// The remarks made while reading, with paths relative to the folder.
  func remarks(_ dataset: ActionDataset) -> [String] {
    dataset.remarks.map { withoutFolder($0.description) }
  }

  /// The text of the error, with paths relative to the folder.
  func complaint(_ body: () throws -> ActionDataset) -> String {
    do {
      _ = try body()
      return "no error"
    } catch let error as DatasetError {
      return withoutFolder(error.description)
    } catch { return "untyped: \(error)" }
  }

  private func withoutFolder(_ text: String) -> String {
    text.replacingOccurrences(of: folder.path + "/", with: "")
  }
}
