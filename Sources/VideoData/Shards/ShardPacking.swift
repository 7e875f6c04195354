import Foundation
import Media
import SafeFiles
import Shards
import VideoSamples

/// Writes sources into a folder of shards: `shard-000000.tar` and so on.
///
/// The files go in as they are. Equal sources in an equal order give equal bytes. The folder appears when it is complete.
public struct ShardPacking: Sendable {
  /// When the next shard is begun.
  public enum Limit: Equatable, Sendable {
    /// The maximum number of bytes in a shard, unless one sample has more.
    case bytes(Int)
    /// The number of samples in a shard.
    case samples(Int)
  }

  /// What was written.
  public struct Summary: Equatable, Encodable, Sendable {
    /// The names of the shards, those in a row as one: `shard-{000000..000012}.tar`.
    public fileprivate(set) var shards: [String] = []
    /// The number of shards that were written.
    public fileprivate(set) var shardCount = 0
    /// The number of pictures and videos in them.
    public fileprivate(set) var samples = 0
    /// The size of the shards.
    public fileprivate(set) var bytes = 0
    /// The sources that could not be read.
    public fileprivate(set) var skipped = 0
  }

  /// The folder that is made.
  public let folder: String
  /// When a shard is full.
  public let limit: Limit

  /// Packs into a folder that does not exist yet.
  public init(into folder: String, limit: Limit) {
    self.folder = withoutTrailingSlashes(folder)
    self.limit = limit
  }

  /// Packs sources, for pre-training.
  ///
  /// - Parameters:
  ///   - sources: pictures and videos, in the order in which they are packed.
  ///   - warn: receives a sentence about each source that cannot be read; it is left out.
  ///   - progress: called with the number of sources that are done. If it throws, nothing is left of the folder.
  /// - Throws: ``PackingError``, `FileError`, what `progress` throws.
  public func pack(
    _ sources: SourceList, warn: (String) -> Void, progress: (Int) throws -> Void
  ) throws -> Summary {
    try write { output in
      let names = MemberNames(sources.lazy.map(\.unpackedPath))
      for (index, source) in sources.enumerated() {
        try output.add(source, to: "shard", names, label: nil, warn)
        try progress(index + 1)
      }
    }
  }

  /// Packs the videos of a dataset that are present, for `--dataset shards`: a series of shards for each subset, in which a
  /// file with the ending `cls` and the number of the class follows each video, and the list `classes.txt`.
  ///
  /// - Parameters:
  ///   - dataset: the dataset.
  ///   - warn: receives a sentence about each video that cannot be read; it is left out.
  ///   - progress: called with the number of videos that are done. If it throws, nothing is left of the folder.
  /// - Throws: ``PackingError``, `FileError`, what `progress` throws.
  public func pack(
    _ dataset: ActionDataset, warn: (String) -> Void, progress: (Int) throws -> Void
  ) throws -> Summary {
    let videos = dataset.videos.filter { $0.footage != nil }
    return try write { output in
      let names = MemberNames(videos.lazy.map { $0.footage!.unpackedPath })
      var done = 0
      for subset in Subset.allCases {
        for video in videos where video.subset == subset {
          try output.add(video.footage!, to: subset.rawValue, names, label: video.label, warn)
          done += 1
          try progress(done)
        }
      }
      let classes = dataset.classNames.enumerated().map { "\($0) \($1)\n" }.joined()
      try replaceFile(at: output.folder + "/" + ShardPacking.classList, with: Data(classes.utf8))
    }
  }

  /// The name of the list of classes beside shards.
  static let classList = "classes.txt"

  /// Gives `body` an output whose folder takes the place of ``folder`` once it is complete.
  private func write(_ body: (ShardOutput) throws -> Void) throws -> Summary {
    if fileExists(at: folder) {
      let isEmpty = (try? entries(ofFolder: folder, hidden: true))?.isEmpty == true
      guard isEmpty else { throw PackingError(folder, "is there already: name a new folder") }
    }
    let parts = PathParts(folder)
    if !parts.folder.isEmpty { try makeFolder(at: parts.folder) }
    let prefix = parts.folder.isEmpty ? "" : parts.folder == "/" ? "/" : parts.folder + "/"
    let temporary = "\(prefix).\(parts.name).\(getpid()).partial"
    removeFolder(at: temporary)
    try makeFolder(at: temporary)
    do {
      let output = ShardOutput(temporary, limit: limit)
      try body(output)
      try output.finish()
      guard output.summary.samples > 0 else {
        throw PackingError(folder, "would be empty: no source can be read")
      }
      guard renameFile(at: temporary, to: folder) else {
        throw FileError(path: folder, attempt: "cannot write")
      }
      return output.summary
    } catch {
      removeFolder(at: temporary)
      throw error
    }
  }
}

/// The reason why sources cannot be packed: one sentence.
public struct PackingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sentence.
  public let description: String

  init(_ path: String, _ problem: String) { description = "\(path) \(problem)" }
}

/// Series of shards that are being written.
private final class ShardOutput {
  let folder: String
  private(set) var summary = ShardPacking.Summary()
  private let limit: ShardPacking.Limit
  /// The series that is being written, its number of shards, and the last of them.
  private var series: (name: String, count: Int)?
  private var writer: TarWriter?
  private var samplesInShard = 0

  init(_ folder: String, limit: ShardPacking.Limit) {
    self.folder = folder
    self.limit = limit
  }

  /// Adds a source to a series of shards, and the number of its class; warns of one that cannot be read.
  func add(
    _ source: VideoSource, to name: String, _ names: MemberNames, label: Int?,
    _ warn: (String) -> Void
  ) throws {
    let content: PackedContent
    do {
      content = try PackedContent(source)
    } catch let error as MediaError {
      warn("skipped: \(error)")
      summary.skipped += 1
      return
    }
    let key = names.key(of: source.unpackedPath)
    let member = key + "." + names.ending(of: source.unpackedPath)
    let label = label.map { (key + ".cls", Array(String($0).utf8)) }
    let size =
      TarWriter.size(ofMember: member, size: content.size)
      + (label.map { TarWriter.size(ofMember: $0, size: $1.count) } ?? 0)
    let writer = try shard(of: name, with: size)
    try writer.add(
      member, of: source.path, content.descriptor, offset: content.offset, size: content.size)
    if let (member, text) = label { try writer.add(member, text) }
    samplesInShard += 1
    summary.samples += 1
  }

  /// The shard of the series that has room for `size` bytes.
  private func shard(of name: String, with size: Int) throws -> TarWriter {
    if let writer, series?.name == name, samplesInShard > 0 {
      switch limit {
      // The archive's end takes two blocks.
      case .bytes(let limit) where writer.size + size + 1024 <= limit: return writer
      case .samples(let limit) where samplesInShard < limit: return writer
      default: break
      }
    }
    try finishShard()
    if series?.name != name { finishSeries() }
    let number = series?.count ?? 0
    let next = try TarWriter("\(folder)/\(name)-\(digits(number)).tar")
    series = (name, number + 1)
    summary.shardCount += 1
    (writer, samplesInShard) = (next, 0)
    return next
  }

  private func finishShard() throws {
    try writer?.finish()
    summary.bytes += writer?.size ?? 0
    writer = nil
  }

  private func finishSeries() {
    guard let (name, count) = series else { return }
    summary.shards.append(
      count == 1
        ? "\(name)-\(digits(0)).tar" : "\(name)-{\(digits(0))..\(digits(count - 1))}.tar")
    series = nil
  }

  func finish() throws {
    try finishShard()
    finishSeries()
  }
}

/// A number with six digits.
private func digits(_ number: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(6 - text.count, 0)) + text
}

/// The bytes of a source.
private final class PackedContent {
  let descriptor: Int32
  let offset: Int
  let size: Int

  /// - Throws: `MediaError` if it cannot be read, ``PackingError`` if such sources cannot be packed.
  init(_ source: VideoSource) throws {
    let file: MediaFile
    switch source {
    case .picture(let path), .video(let path): file = MediaFile(path)
    case .shardMember(let member): file = MediaFile(member)
    case .frameFolder(let path, _):
      throw PackingError(path, "is a folder of frames and cannot be packed: make it a video file")
    case .deadLeaves, .shapes: throw PackingError("\(source)", "is not a file and cannot be packed")
    }
    let bytes = try file.bytes()
    (offset, size) = (bytes.lowerBound, bytes.count)
    descriptor = try file.open()
  }

  deinit { close(descriptor) }
}

extension VideoSource {
  /// Its path, or the one that it would have if all shards were unpacked.
  fileprivate var unpackedPath: String {
    if case .shardMember(let member) = self { member.unpackedPath } else { path }
  }
}
