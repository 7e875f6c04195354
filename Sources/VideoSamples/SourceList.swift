import KeyedRandom
import SafeFiles

/// An ordered list of sources. They take the memory of their names in their folders and about ten bytes each: a million
/// of them with names of 25 letters take 35 MB.
///
/// Sources are made on request. Safe to share between threads.
public struct SourceList: RandomAccessCollection, Sendable {
  private let records: SourceRecords
  /// The indices of the list's records, in its order; nil for all records in their order.
  private let selection: [UInt32]?

  init(records: SourceRecords) {
    self.records = records
    selection = nil
  }

  private init(records: SourceRecords, selection: [UInt32]) {
    self.records = records
    self.selection = selection
  }

  /// A list of these sources in the same order.
  public init(_ sources: some Sequence<VideoSource>) {
    if let list = sources as? SourceList {
      self = list
      return
    }
    var builder = SourceListBuilder(skipsRepeated: false)
    for source in sources { builder.append(source) }
    self = builder.list
  }

  /// The index of the first source, 0.
  public var startIndex: Int { 0 }
  /// The number of sources.
  public var endIndex: Int { selection?.count ?? records.count }

  /// The source at `index`, from 0.
  public subscript(index: Int) -> VideoSource {
    records.source(at: record(index))
  }

  private func record(_ index: Int) -> Int { selection.map { Int($0[index]) } ?? index }

  /// The sources with these indices, in the order of the indices.
  public func selecting(_ indices: [UInt32]) -> SourceList {
    let chosen = selection.map { own in indices.map { own[Int($0)] } } ?? indices
    return SourceList(records: records, selection: chosen)
  }

  /// The sources that are not in `other`, regardless of how their paths are written.
  public func subtracting(_ other: SourceList) -> SourceList {
    var realPlaces = RealPlaces()
    let real = records.places.map { realPlaces.number(of: $0) }
    let otherReal = other.records.places.map { realPlaces.number(of: $0) }
    var identities = SourceIdentities()
    for index in other.indices {
      _ = identities.insert(other.record(index), of: other.records, real: otherReal)
    }
    var others: [UInt32] = []
    for index in indices {
      let isShared = records.withRecord(at: record(index)) { record in
        identities.contains(record, place: real[record.place], of: other.records, real: otherReal)
      }
      if !isShared { others.append(UInt32(index)) }
    }
    return selecting(others)
  }

  /// The number of each source's ``VideoSource/folder``, from 0 in the order of first occurrence; nil for a source without one.
  public var folderNumbers: [Int?] {
    var numbers: [String: Int] = [:]
    func number(_ folder: String?) -> Int? {
      guard let folder else { return nil }
      let number = numbers[folder, default: numbers.count]
      numbers[folder] = number
      return number
    }
    // Sources of the same folder are mostly consecutive.
    var last: (place: Int, number: Int?)?
    return indices.map { index in
      let place = records.withRecord(at: record(index)) { $0.place }
      // A shard holds several folders.
      if records.places[place].shardFile != nil { return number(self[index].folder) }
      if let last, last.place == place { return last.number }
      let found = number(self[index].folder)
      last = (place, found)
      return found
    }
  }

  /// Adds the UTF-8 of each source's description to `hash`, each followed by a zero.
  public func addDescriptions(to hash: inout FNV1a) {
    var text: [UInt8] = []
    for index in indices {
      text.removeAll(keepingCapacity: true)
      records.withRecord(at: record(index)) { record in
        // The name of a procedural video is not its description.
        guard record.form != .shapes else { return }
        text += records.places[record.place].prefix
        text += record.content.name
      }
      // In a description, other bytes are represented by other characters.
      let isPlain = text.allSatisfy { $0 < 0x80 && $0 != 0 } && !text.isEmpty
      if !isPlain { text = Array(self[index].description.utf8) }
      text.append(0)
      text.withUnsafeBufferPointer { hash.add($0) }
    }
  }
}

extension SourceList: Equatable {
  public static func == (left: SourceList, right: SourceList) -> Bool { left.elementsEqual(right) }
}

extension SourceList: ExpressibleByArrayLiteral {
  /// A list of these sources.
  public init(arrayLiteral sources: VideoSource...) { self.init(sources) }
}

/// Makes a ``SourceList``.
public struct SourceListBuilder {
  private var records = SourceRecords()
  private var numberOfPlace: [SourceRecords.Place: Int] = [:]
  private var lastPlace: (place: SourceRecords.Place, number: Int)?
  private let skipsRepeated: Bool
  private var identities = SourceIdentities()
  private var realPlaces = RealPlaces()
  /// The number of each place according to ``RealPlaces``.
  private var real: [Int] = []

  /// A shard whose members are appended.
  public struct ShardPlace: Sendable {
    fileprivate let number: Int
  }

  /// The kinds of files.
  public enum FileForm: Sendable {
    /// A picture or a video.
    case picture, video

    fileprivate var form: SourceRecords.Form { self == .picture ? .picture : .video }
    fileprivate var formInShard: SourceRecords.Form {
      self == .picture ? .shardPicture : .shardVideo
    }
  }

  /// An empty list.
  ///
  /// - Parameter skipsRepeated: true to skip sources that were appended before, regardless of how their paths are
  ///   written; a link to a file counts as a source of its own.
  public init(skipsRepeated: Bool) { self.skipsRepeated = skipsRepeated }

  /// The number of sources.
  public var count: Int { records.count }

  /// The sources appended so far.
  public var list: SourceList { SourceList(records: records) }

  /// Appends a source.
  public mutating func append(_ source: VideoSource) {
    switch source {
    case .picture(let path): append(.picture, path: path.pathBytes[...])
    case .video(let path): append(.video, path: path.pathBytes[...])
    case .frameFolder(let path, let rate):
      let bits = Int(bitPattern: UInt(rate.bitPattern))
      append(.frameFolder, path: path.pathBytes[...], numbers: [bits])
    case .shardMember(let member):
      append(
        member.isVideo ? .video : .picture, in: shard(at: member.shard, file: member.file),
        name: member.name.pathBytes[...], offset: member.offset, size: member.size)
    case .deadLeaves(let index):
      add(.deadLeaves, place: number(of: .init(prefix: [])), numbers: [index], name: [])
    case .shapes(let video):
      add(
        .shapes, place: number(of: .init(prefix: [])),
        numbers: [
          ShapeVideo.Level.allCases.firstIndex(of: video.level)!, video.seed,
          video.isRedrawn ? 1 : 0, video.index,
        ], name: (video.pictures ?? "").pathBytes[...])
    }
  }

  /// Appends the picture or video whose path consists of these bytes.
  public mutating func append(_ form: FileForm, path: ArraySlice<UInt8>) {
    append(form.form, path: path, numbers: [])
  }

  /// The shard at `path`, whose bytes lie in `file`.
  public mutating func shard(at path: String, file: String) -> ShardPlace {
    ShardPlace(number: number(of: .init(prefix: path.pathBytes + [slash], shardFile: file)))
  }

  /// Appends a picture or video in a shard: its name as bytes, where it begins in the file, and its size in bytes.
  public mutating func append(
    _ form: FileForm, in shard: ShardPlace, name: ArraySlice<UInt8>, offset: Int, size: Int
  ) {
    add(form.formInShard, place: shard.number, numbers: [offset, size], name: name)
  }

  private mutating func append(
    _ form: SourceRecords.Form, path: ArraySlice<UInt8>, numbers: [Int]
  ) {
    // A slash at the end does not separate a name from its folder.
    let named = path.lastIndex { $0 != slash } ?? path.startIndex
    let start = path[..<named].lastIndex(of: slash).map { $0 + 1 } ?? path.startIndex
    add(
      form, place: number(ofPrefix: path[..<start]), numbers: numbers, name: path[start...])
  }

  private mutating func number(ofPrefix prefix: ArraySlice<UInt8>) -> Int {
    if let last = lastPlace, last.place.shardFile == nil, last.place.prefix[...] == prefix {
      return last.number
    }
    return number(of: .init(prefix: Array(prefix)))
  }

  private mutating func number(of place: SourceRecords.Place) -> Int {
    if let last = lastPlace, last.place == place { return last.number }
    let number = numberOfPlace[place] ?? records.add(place)
    if number == numberOfPlace.count {
      numberOfPlace[place] = number
      if skipsRepeated { real.append(realPlaces.number(of: place)) }
    }
    lastPlace = (place, number)
    return number
  }

  private mutating func add(
    _ form: SourceRecords.Form, place: Int, numbers: [Int], name: ArraySlice<UInt8>
  ) {
    records.append(form, place: place, numbers: numbers, name: name)
    if skipsRepeated, !identities.insert(records.count - 1, of: records, real: real) {
      records.removeLast()
    }
  }
}

private let slash = UInt8(ascii: "/")

extension SourceRecords {
  /// The source of the record at `index`.
  fileprivate func source(at index: Int) -> VideoSource {
    withRecord(at: index) { record in
      let (numbers, name) = record.content
      let path = { String(path: places[record.place].prefix + name) }
      switch record.form {
      case .picture: return .picture(path: path())
      case .video: return .video(path: path())
      case .frameFolder:
        let rate = Double(bitPattern: UInt64(UInt(bitPattern: numbers[0])))
        return .frameFolder(path: path(), framesPerSecond: rate)
      case .deadLeaves: return .deadLeaves(index: numbers[0])
      case .shapes:
        return .shapes(
          ShapeVideo(
            ShapeVideo.Level.allCases[numbers[0]], index: numbers[3], seed: numbers[1],
            isRedrawn: numbers[2] == 1, pictures: name.isEmpty ? nil : path()))
      case .shardPicture, .shardVideo:
        let place = places[record.place]
        return .shardMember(
          ShardMember(
            shard: String(path: place.prefix.dropLast()), file: place.shardFile!,
            name: String(path: name), offset: numbers[0], size: numbers[1],
            isVideo: record.form == .shardVideo))
      }
    }
  }
}
