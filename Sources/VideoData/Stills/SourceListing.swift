import Foundation
import Media
import SafeFiles
import VideoSamples

/// Classifies the entries of a list of sources with few accesses to the disk: over a network, checking a million files
/// one by one takes an hour.
struct SourceListing {
  /// True if labels followed paths.
  private(set) var hasLabels = false
  /// The bytes of the list's folder with a slash at the end; empty for the working folder.
  private let folder: [UInt8]
  /// The knowledge about folders, by their bytes with a slash at the end.
  private var knowledge: [[UInt8]: FolderKnowledge] = [:]
  private var last: (folder: [UInt8], knowledge: FolderKnowledge)?

  init(folder: [UInt8]) { self.folder = folder }

  enum Entry {
    /// A picture or video, which may not exist.
    case file(SourceListBuilder.FileForm, path: [UInt8])
    /// A path whose kind does not follow from its name.
    case other(path: String)
  }

  /// The knowledge about the entries in one folder.
  private struct FolderKnowledge {
    /// True if numbers after a name are labels, false if they belong to the name; nil while unknown.
    var hasLabels: Bool?
    /// Whether entries that are named like pictures or videos are files and not folders.
    var pictures = Kind()
    var videos = Kind()

    struct Kind {
      var areFiles = false
      var missing = 0
    }
  }

  /// The entry in a line; nil for a comment or an empty line.
  mutating func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    let text = line.trimmingSpaces
    guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
    if let bare = text.withoutLabels {
      let (path, barePath) = (target(text), target(bare))
      if let form = SourceListBuilder.FileForm(barePath) {
        if areLabels(behind: barePath, whole: path) {
          hasLabels = true
          return file(form, barePath)
        }
      } else if !fileExists(at: String(path: path)), fileExists(at: String(path: barePath)) {
        hasLabels = true
        return .other(path: String(path: barePath))
      }
    }
    let path = target(text)
    guard let form = SourceListBuilder.FileForm(path), !path.starts(with: synthetic) else {
      return .other(path: String(path: path))
    }
    return file(form, path)
  }

  /// The path of an entry.
  private func target(_ entry: ArraySlice<UInt8>) -> [UInt8] {
    entry.first == slash || entry.starts(with: synthetic) ? Array(entry) : folder + entry
  }

  /// True if the numbers after `bare` in `whole` are labels. Only the first such entry of a folder is checked on the disk.
  private mutating func areLabels(behind bare: [UInt8], whole: [UInt8]) -> Bool {
    withKnowledge(of: bare) { known in
      if let hasLabels = known.hasLabels, hasLabels { return true }
      let areLabels = !fileExists(at: String(path: whole))
      known.hasLabels = areLabels
      return areLabels
    }
  }

  /// The picture or video at `path`, unless it is a folder. Once one entry in its folder is a file, or several are missing,
  /// the others are not checked.
  private mutating func file(_ form: SourceListBuilder.FileForm, _ path: [UInt8]) -> Entry {
    let kind: WritableKeyPath<FolderKnowledge, FolderKnowledge.Kind> =
      form == .picture ? \.pictures : \.videos
    let isFile = withKnowledge(of: path) { known in
      if known[keyPath: kind].areFiles { return true }
      switch fileKind(at: String(path: path)) {
      case .folder: return false
      case .file: known[keyPath: kind].areFiles = true
      case .other, nil:
        known[keyPath: kind].missing += 1
        known[keyPath: kind].areFiles = known[keyPath: kind].missing == 8
      }
      return true
    }
    return isFile ? .file(form, path: path) : .other(path: String(path: path))
  }

  private mutating func withKnowledge<Result>(
    of path: [UInt8], _ body: (inout FolderKnowledge) -> Result
  ) -> Result {
    let folder = path[..<(path.lastIndex(of: slash).map { $0 + 1 } ?? 0)]
    if last == nil || last!.folder[...] != folder {
      if let last { knowledge[last.folder] = last.knowledge }
      let folder = Array(folder)
      last = (folder, knowledge[folder] ?? FolderKnowledge())
    }
    return body(&last!.knowledge)
  }
}

private let synthetic = Array("synthetic:".utf8)
let slash = UInt8(ascii: "/")

extension SourceListBuilder.FileForm {
  /// The kind of the file with this path according to its name; nil if it is neither a picture nor a video.
  fileprivate init?(_ path: [UInt8]) {
    switch path.withUnsafeBufferPointer({ MediaKind(path: $0) }) {
    case .picture: self = .picture
    case .video: self = .video
    case nil: return nil
    }
  }
}

extension ArraySlice<UInt8> {
  /// The text without blanks around it.
  fileprivate var trimmingSpaces: ArraySlice {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    let text = drop(while: isSpace)
    let end = text.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? text.startIndex
    let trimmed = text[..<end]
    // Unicode has other blanks.
    guard trimmed.first.map({ $0 >= 0x80 }) == true || trimmed.last.map({ $0 >= 0x80 }) == true
    else { return trimmed }
    return String(path: trimmed).trimmingCharacters(in: .whitespaces).pathBytes[...]
  }

  /// The entry without the whole numbers at its end, which are the labels in a list of labeled pictures; nil if there are
  /// none, or nothing else.
  fileprivate var withoutLabels: ArraySlice? {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    func isNumber(_ word: ArraySlice) -> Bool {
      let hasSign = word.first == UInt8(ascii: "-") || word.first == UInt8(ascii: "+")
      let digits = hasSign ? word.dropFirst() : word
      return (1...18).contains(digits.count) && digits.allSatisfy { (0x30...0x39).contains($0) }
    }
    var rest = self
    while let blank = rest.lastIndex(where: isBlank), isNumber(rest[(blank + 1)...]) {
      let end = rest[..<blank].lastIndex { !isBlank($0) }.map { $0 + 1 } ?? rest.startIndex
      rest = rest[..<end]
    }
    return rest.count == count || rest.isEmpty || isNumber(rest) ? nil : rest
  }
}

/// Calls `body` with each line of the list at `path` that is not empty. The list may have any size: it is read in parts.
///
/// - Throws: ``UnreadableList``; errors of `body`.
func forEachLine(ofList path: String, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
  try checkList(at: path)
  let descriptor = openFile(at: path, O_RDONLY)
  guard descriptor >= 0 else { throw UnreadableList.other(String(cString: strerror(errno))) }
  defer { close(descriptor) }
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  // The number of bytes of a line that began in the previous part.
  var kept = 0
  var isFirstPart = true
  while true {
    let count = buffer.withUnsafeMutableBytes { bytes in
      read(descriptor, bytes.baseAddress! + kept, bytes.count - kept)
    }
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw UnreadableList.other(String(cString: strerror(errno))) }
    let end = kept + count
    // File names are bytes and do not need to be UTF-8. UTF-16 contains zeros.
    guard !buffer[kept..<end].contains(0) else {
      throw UnreadableList.other("it is not UTF-8 text")
    }
    var start = isFirstPart && buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    isFirstPart = false
    // The characters that end a line in ASCII: LF, VT, FF, CR.
    while let lineEnd = buffer[start..<end].firstIndex(where: { (0x0A...0x0D).contains($0) }) {
      if lineEnd > start { try body(buffer[start..<lineEnd]) }
      start = lineEnd + 1
    }
    guard count > 0 else {
      if end > start { try body(buffer[start..<end]) }
      return
    }
    kept = end - start
    guard kept < buffer.count else {
      throw UnreadableList.other("it has a line of more than \(buffer.count >> 20) MiB")
    }
    buffer.withUnsafeMutableBytes { bytes in
      bytes.baseAddress!.copyMemory(from: bytes.baseAddress! + start, byteCount: kept)
    }
  }
}
