import Media

/// A video that is open for reading, in whichever form.
enum OpenFootage {
  case video(Video)
  case frameFolder(FrameFolder, rate: Double)

  /// - Throws: `MediaError` if it cannot be read.
  init(_ footage: Footage) throws(MediaError) {
    switch footage {
    case .video(let path): self = .video(try Video(contentsOf: path))
    case .frameFolder(let path, let rate):
      self = .frameFolder(try FrameFolder.ofVideo(path), rate: rate)
    }
  }

  /// In seconds.
  var lastFrameTime: Double {
    switch self {
    case .video(let video): video.lastFrameTime
    case .frameFolder(let folder, let rate): Double(folder.count - 1) / rate
    }
  }

  func pictures(shownAt times: [Double], shortSide: Int) throws(MediaError) -> [Picture] {
    switch self {
    case .video(let video): try video.pictures(shownAt: times, shortSide: shortSide)
    case .frameFolder(let folder, let rate):
      try folder.pictures(shownAt: times, rate: rate, shortSide: shortSide)
    }
  }

  /// Every picture; nil where they take more than `bytes`.
  func allPictures(shortSide: Int, bytes: Int) throws(MediaError) -> TimedPictures? {
    switch self {
    case .video(let video): try video.allPictures(shortSide: shortSide, bytes: bytes)
    case .frameFolder(let folder, let rate):
      try folder.allPictures(rate: rate, shortSide: shortSide, bytes: bytes)
    }
  }

  /// About how many bytes all pictures take.
  func estimatedBytes(shortSide: Int) throws(MediaError) -> Double {
    switch self {
    case .video(let video):
      let aspect = Double(max(video.width, video.height)) / Double(min(video.width, video.height))
      let frames = video.lastFrameTime * video.averageFrameRate + 1
      return frames * aspect * Double(3 * shortSide * shortSide)
    case .frameFolder(let folder, _):
      let picture = try Picture(contentsOf: folder.path(ofFrame: 0), shortSide: shortSide)
      return Double(folder.count * picture.pixels.count)
    }
  }
}
