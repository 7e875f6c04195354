import Foundation
import Media
import SafeFiles
import Shards
import VideoSamples

extension DatasetReading {
  /// Shards of labeled videos: `train-000000.tar` and so on, whose names tell the subset, or shards in the folders `train`,
  /// `val` and `test`. A video's label is in the member with its key and the ending `cls`, or if there is none `txt`: the
  /// number of the class from 0, or its name. `classes.txt` names the classes in order; without it they are the numbers or
  /// names that occur.
  ///
  /// JSON members are not read: each program puts the label elsewhere in them.
  mutating func readShards() throws {
    guard let listing = try finder.listing(of: videosFolder) else { return }
    var shards: [(subset: Subset, path: String)] = []
    for name in listing.files.keys.sorted(by: naturallyPrecedes) where Shard.isNamed(like: name) {
      guard let subset = subset(ofList: name) else {
        throw DatasetError.unsuitable(
          path: "\(videosFolder)/\(name)",
          problem: "must have train, val or test in its name, or be in a folder of such a name")
      }
      shards.append((subset, "\(videosFolder)/\(name)"))
    }
    for folder in listing.folders.keys.sorted(by: naturallyPrecedes) {
      guard let subset = Subset(listed: folder),
        let listing = try finder.listing(of: "\(videosFolder)/\(folder)")
      else { continue }
      for name in listing.files.keys.sorted(by: naturallyPrecedes) where Shard.isNamed(like: name) {
        shards.append((subset, "\(videosFolder)/\(folder)/\(name)"))
      }
    }
    guard !shards.isEmpty else {
      throw DatasetError.unsuitable(
        path: videosFolder,
        problem: "has no shards: shards needs files such as train-000000.tar and test-000000.tar")
    }
    let classList = "\(videosFolder)/\(ShardPacking.classList)"
    if fileExists(at: classList) {
      try readClassMap(try ListFile(classList, expected: "the list of classes"))
    }
    var samples: [(subset: Subset, place: ListFile.Place, sample: LabeledMember)] = []
    for (subset, path) in shards {
      let place = ListFile.Place(path: path, line: nil)
      for sample in try labeledMembers(ofShard: path, at: place) {
        samples.append((subset, place, sample))
      }
    }
    let labels = try labels(of: samples.map { ($0.place, $0.sample) })
    for ((subset, place, sample), label) in zip(samples, labels) {
      if let label {
        try add(sample.video, label: label, subset: subset, at: place)
      } else {
        try skipUnlabeled(subset, at: place)
      }
    }
  }

  /// The labels of samples, nil for those without; names the classes unless a list did.
  private mutating func labels(of samples: [(place: ListFile.Place, sample: LabeledMember)]) throws
    -> [Int?]
  {
    let texts = samples.compactMap(\.sample.label)
    let areNumbers = texts.allSatisfy { Int($0).map { (0..<Self.classLimit).contains($0) } == true }
    if classNames.isEmpty, areNumbers {
      numberClasses(texts.lazy.map { Int($0)! })
    } else if classNames.isEmpty {
      classNames = Set(texts).sorted(by: naturallyPrecedes)
      guard classNames.count <= Self.classLimit else {
        throw DatasetError.unsuitable(
          path: videosFolder, problem: "has more than \(Self.classLimit) different labels")
      }
    }
    var names = ClassLabels(classNames)
    let labels = try samples.map { place, sample -> Int? in
      guard let text = sample.label else { return nil }
      if areNumbers, let number = Int(text) {
        guard number < classNames.count else {
          throw place.error(
            "labels \(sample.video.name) with the class \(number), but the last one is \(classNames.count - 1)"
          )
        }
        return number
      }
      guard let label = names.label(of: text) else {
        throw place.error("labels \(sample.video.name) with the unknown class \(text)")
      }
      return label
    }
    for remark in names.remarks { self.remark(remark) }
    return labels
  }

  /// The videos of a shard, with their labels if they have any.
  private mutating func labeledMembers(ofShard path: String, at place: ListFile.Place) throws
    -> [LabeledMember]
  {
    let shard: Shard
    do {
      shard = try Shard(at: path)
    } catch let error as ShardError {
      throw DatasetError.unsuitable(path: error.path, problem: error.problem)
    }
    for remark in shard.remarks { self.remark(.partlyReadShard(remark.sentence(path))) }
    let labels = try LabelReader(shard.file)
    var found: [LabeledMember] = []
    var sample = WebDatasetSample(key: [])
    func finishSample() throws {
      guard let video = sample.video else { return }
      let member = ShardMember(
        shard: path, file: shard.file, name: String(path: video.name), offset: video.offset,
        size: video.size, isVideo: true)
      let label = try (sample.label ?? sample.text).map { range in
        try labels.text(range, of: member.name, at: place)
      }
      found.append(LabeledMember(video: member, label: label))
    }
    try shard.forEachMember { name, offset, size in
      let nameStart = name.lastIndex(of: slash).map { $0 + 1 } ?? name.startIndex
      let dot = name[nameStart...].firstIndex(of: UInt8(ascii: ".")) ?? name.endIndex
      if sample.key != name[..<dot] {
        try finishSample()
        sample = WebDatasetSample(key: Array(name[..<dot])[...])
      }
      switch String(decoding: name[dot...], as: UTF8.self).lowercased() {
      case ".cls": sample.label = offset..<(offset + size)
      case ".txt": sample.text = offset..<(offset + size)
      default:
        if sample.video == nil, name.withUnsafeBufferPointer({ MediaKind(path: $0) }) == .video {
          sample.video = (Array(name), offset, size)
        }
      }
    }
    try finishSample()
    return found
  }
}

/// The members in a row that have one key.
private struct WebDatasetSample {
  let key: ArraySlice<UInt8>
  var video: (name: [UInt8], offset: Int, size: Int)?
  /// Where the content of the members `cls` and `txt` lies.
  var label: Range<Int>?
  var text: Range<Int>?
}

private struct LabeledMember {
  let video: ShardMember
  /// The text of its label.
  let label: String?
}

/// Reads the labels in a shard.
private final class LabelReader {
  private let descriptor: Int32

  init(_ file: String) throws {
    descriptor = openFile(at: file, O_RDONLY)
    guard descriptor >= 0 else {
      throw DatasetError.unreadable(path: file, reason: String(cString: strerror(errno)))
    }
  }

  deinit { close(descriptor) }

  /// The text in these bytes, which is the label of the video `name`.
  func text(_ bytes: Range<Int>, of name: String, at place: ListFile.Place) throws -> String {
    guard bytes.count <= 1024 else {
      throw place.error("labels \(name) with \(bytes.count) bytes: a label has at most 1024")
    }
    var content = [UInt8](repeating: 0, count: bytes.count)
    let count = pread(descriptor, &content, bytes.count, off_t(bytes.lowerBound))
    guard let text = String(validating: content, as: UTF8.self), count == bytes.count else {
      throw place.error("labels \(name) with something else than UTF-8 text")
    }
    let label = try place.checkedText(String(trimmed(Substring(text.filter { !$0.isNewline }))))
    guard !label.isEmpty else { throw place.error("labels \(name) with an empty text") }
    return label
  }
}
