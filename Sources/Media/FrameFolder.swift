import SafeFiles

/// A video kept as a folder of pictures, one a frame, in the natural order of their names.
public struct FrameFolder: Sendable {
  /// The folder.
  public let path: String
  /// The pictures' names, in order; never empty.
  public let names: [String]
  /// The number of frames, at least one.
  public var count: Int { names.count }

  /// The folder at `path`; nil if it holds no picture, or anything beside pictures (by the
  /// extensions; hidden files do not count).
  ///
  /// Pictures of optical flow that tools put beside the frames (`flow_x_00001.jpg`, `flow_y_00001.jpg`) are not frames.
  ///
  /// - Throws: `MediaError` if the folder cannot be read.
  public init?(contentsOf path: String) throws(MediaError) {
    let content: [FolderEntry]
    do {
      content = try entries(ofFolder: path)
    } catch {
      throw MediaError(.unreadable, path, "cannot be read as a folder: \(error.reason)")
    }
    guard !content.isEmpty,
      content.allSatisfy({ $0.kind != .folder && MediaKind(path: $0.name) == .picture })
    else {
      return nil
    }
    self.path = path
    let all = content.map(\.name)
    let frames = all.filter { !$0.hasPrefix("flow_x_") && !$0.hasPrefix("flow_y_") }
    names = (frames.isEmpty ? all : frames).sorted(by: naturallyPrecedes)
  }

  /// The path of the frame `index`, in 0 ..< count.
  public func path(ofFrame index: Int) -> String { path + "/" + names[index] }

  /// The frame shown at `fraction`, in 0 ..< 1, of the sequence, decoded like any picture.
  public func frame(atFraction fraction: Double, shortSide: Int? = nil) throws(MediaError)
    -> Picture
  {
    precondition(fraction >= 0 && fraction < 1, "a fraction is in 0 ..< 1, not \(fraction)")
    let index = min(Int(fraction * Double(count)), count - 1)
    return try Picture(contentsOf: path(ofFrame: index), shortSide: shortSide)
  }

  /// The folder at `path`, if it is known to hold a video's frames.
  ///
  /// - Throws: `MediaError` if the folder cannot be read, or holds anything but pictures.
  public static func ofVideo(_ path: String) throws(MediaError) -> FrameFolder {
    guard let folder = try FrameFolder(contentsOf: path) else {
      throw MediaError(
        .unrecognized, path,
        "holds no pictures, or others files beside them: it is not a video's frames")
    }
    return folder
  }

  /// The pictures shown at `times`, as ``Video/pictures(shownAt:shortSide:)`` gives them of a video of
  /// `rate` frames a second: frame k is shown from k / rate on.
  ///
  /// - Throws: `MediaError` if a frame asked for does not decode or is of another size.
  public func pictures(shownAt times: [Double], rate: Double, shortSide: Int?)
    throws(MediaError) -> [Picture]
  {
    precondition(rate > 0, "a rate is positive, not \(rate)")
    var result: [Picture] = []
    var last: Int?
    for time in times {
      let index = Int(min(max((time * rate + 1e-3).rounded(.down), 0), Double(count - 1)))
      if index == last {
        result.append(result[result.count - 1])
      } else {
        result.append(try picture(ofFrame: index, shortSide: shortSide, like: result.first))
        last = index
      }
    }
    return result
  }

  /// Every picture with its time; nil where they take more than `bytes`.
  public func allPictures(rate: Double, shortSide: Int?, bytes: Int) throws(MediaError)
    -> TimedPictures?
  {
    precondition(rate > 0, "a rate is positive, not \(rate)")
    var free = bytes
    var pictures: [Picture] = []
    for index in 0..<count {
      let picture = try picture(ofFrame: index, shortSide: shortSide, like: pictures.first)
      free -= picture.pixels.count
      guard free >= 0 else { return nil }
      pictures.append(picture)
    }
    return TimedPictures(
      times: (0..<count).map { Double($0) / rate }, pictures: pictures,
      lastFrameTime: Double(count - 1) / rate, leeway: 1e-3 / rate)
  }

  private func picture(ofFrame index: Int, shortSide: Int?, like first: Picture?)
    throws(MediaError) -> Picture
  {
    let path = path(ofFrame: index)
    let picture = try Picture(contentsOf: path, shortSide: shortSide)
    if let first, (first.width, first.height) != (picture.width, picture.height) {
      throw MediaError(.unsuitableSize, path, "differs in shape from other frames of its video")
    }
    return picture
  }
}
