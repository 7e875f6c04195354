import SafeFiles

/// A video stored as a folder of pictures, one per frame, sorted naturally by name.
public struct FrameFolder: Sendable {
  /// The folder.
  public let path: String
  /// The names of the pictures, in order; not empty.
  public let names: [String]
  /// The number of frames, at least one.
  public var count: Int { names.count }

  /// The folder at `path`; nil if it contains no pictures, or files other than pictures (according to their extensions,
  /// without hidden files).
  ///
  /// Pictures of optical flow that tools store next to the frames (`flow_x_00001.jpg`, `flow_y_00001.jpg`) are not
  /// frames.
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

  /// The path of frame `index`, in 0 ..< count.
  public func path(ofFrame index: Int) -> String { path + "/" + names[index] }

  /// The frame at `fraction`, in 0 ..< 1, of the sequence, decoded like any picture.
  ///
  /// - Throws: `MediaError`.
  public func frame(atFraction fraction: Double, shortSide: Int? = nil) throws(MediaError)
    -> Picture
  {
    precondition(fraction >= 0 && fraction < 1, "a fraction is in 0 ..< 1, not \(fraction)")
    let index = min(Int(fraction * Double(count)), count - 1)
    return try Picture(contentsOf: path(ofFrame: index), shortSide: shortSide)
  }

  /// The folder at `path`, which must contain the frames of a video.
  ///
  /// - Throws: `MediaError` if the folder cannot be read or contains files other than pictures.
  public static func ofVideo(_ path: String) throws(MediaError) -> FrameFolder {
    guard let folder = try FrameFolder(contentsOf: path) else {
      throw MediaError(
        .unrecognized, path,
        "does not contain the frames of a video: it has no pictures, or also other files")
    }
    return folder
  }

  /// The pictures shown at `times`, as ``Video/pictures(shownAt:shortSide:)`` returns them for a video of `rate` frames
  /// per second: frame k is shown from k / rate.
  ///
  /// - Throws: `MediaError` if a required frame cannot be decoded or has another size.
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

  /// All pictures with their times; nil if they need more than `bytes`.
  ///
  /// - Throws: `MediaError`.
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
