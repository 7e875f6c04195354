import Figures
import Media
import Pretext
import Torch

extension TaskPreview {
  /// A row for each clip: its title, its arrow and its frames with the outlined region.
  public var sheet: ContactSheet {
    ContactSheet(
      title: title,
      rows: rows.map {
        .init(
          title: $0.title, subtitle: $0.subtitle, motion: $0.vector, frames: $0.pictures,
          outline: $0.corners)
      })
  }

  /// Writes an animation of each row as GIF and MP4.
  ///
  /// - Returns: the paths.
  /// - Throws: `MediaError`, `FigureError`.
  public func writeAnimations(to folder: String, framesPerSecond: Double = 8) throws -> [String] {
    let fastest = rows.compactMap(\.arrow).map { max(abs($0.x), abs($0.y)) }.max() ?? 1
    return try rows.enumerated().flatMap { number, row in
      let frames = try row.pictures.map {
        try CaptionedFrame(
          $0, caption: "\(row.title)  \(row.subtitle)", motion: row.vector, fastest: fastest,
          outline: row.corners
        ).picture()
      }
      let path = "\(folder)/label-\(number)-\(row.name)"
      try GIF.write(frames, to: "\(path).gif", framesPerSecond: framesPerSecond)
      // Repeat the clip a few times, because players stop at the end.
      try MP4Writer.write(
        (0..<4).flatMap { _ in frames }, to: "\(path).mp4", framesPerSecond: framesPerSecond)
      return ["\(path).gif", "\(path).mp4"]
    }
  }
}

extension TaskPreview.Row {
  fileprivate var vector: Vector? { arrow.map { Vector($0.x, $0.y) } }

  fileprivate var corners: [Point]? { outline?.map { Point($0.x, $0.y) } }

  fileprivate var pictures: [Picture] {
    let shape = frames.shape
    return (0..<shape[0]).map {
      Picture(width: shape[2], height: shape[1], pixels: frames.selected(0, $0).array())
    }
  }
}
