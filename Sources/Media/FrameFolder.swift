#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A video kept as a folder of pictures, one a frame, in the natural order of their names.
public struct FrameFolder: Sendable {
  /// The folder.
  public let path: String
  /// The pictures' names, in order; never empty.
  public let names: [String]
  /// The number of frames, at least one.
  public var count: Int { names.count }

  /// The folder at `path`; nil if it holds no picture, or anything beside pictures (judged by the
  /// extensions; hidden files do not count).
  ///
  /// - Throws: `MediaError` if the folder cannot be read.
  public init?(contentsOf path: String) throws(MediaError) {
    let entries = try namesInFolder(path)
    guard !entries.isEmpty,
      entries.allSatisfy({ !$0.hasSuffix("/") && MediaKind(path: $0) == .picture })
    else {
      return nil
    }
    self.path = path
    names = entries.sorted(by: naturallyPrecedes)
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
}

/// The names in a folder, in no order, without the hidden ones; folders in it end in a slash.
private func namesInFolder(_ path: String) throws(MediaError) -> [String] {
  guard let folder = opendir(path) else {
    throw MediaError(.unreadable, path, "cannot be read as a folder: \(systemText(errno))")
  }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
    }
    guard !name.hasPrefix(".") else { continue }
    names.append(Int32(entry.pointee.d_type) == Int32(DT_DIR) ? name + "/" : name)
  }
  return names
}
