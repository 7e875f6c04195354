import SafeFiles

/// Stores many sources compactly: their names, and a few more bytes each.
///
/// Each source is a record: a byte for its form, the number of its place, numbers for some forms, and the name in its
/// place. A place is shared by many sources: their folder or their shard. Records are stored in blocks, so that adding
/// some does not copy others.
struct SourceRecords: Sendable {
  /// The kind of source; the raw value is the first byte of a record.
  enum Form: UInt8 {
    case picture, video, frameFolder, deadLeaves, shardPicture, shardVideo, shapes

    /// The number of numbers between the place and the name.
    var numberCount: Int {
      switch self {
      case .picture, .video: 0
      // The frame rate; the index.
      case .frameFolder, .deadLeaves: 1
      // Where the bytes begin, and how many there are.
      case .shardPicture, .shardVideo: 2
      // The level's number, the seed, 1 if it is redrawn, the index. The path of its pictures takes the place of a name.
      case .shapes: 4
      }
    }
  }

  /// The part of the path that the sources of a folder or shard share.
  struct Place: Hashable {
    /// The bytes of their paths up to the last slash, or up to the names in the shard, and that slash; empty if there is
    /// none.
    var prefix: [UInt8]
    /// The file in which they lie if this is a shard.
    var shardFile: String?
  }

  private struct Block {
    var bytes: [UInt8] = []
    /// The end of each record in `bytes`.
    var ends: [UInt32] = []
  }

  private static let blockSize = 4096

  private(set) var count = 0
  private(set) var places: [Place] = []
  private var blocks: [Block] = []

  /// Adds a place and returns its number.
  mutating func add(_ place: Place) -> Int {
    places.append(place)
    return places.count - 1
  }

  /// Adds a record.
  ///
  /// - Parameters:
  ///   - form: the form.
  ///   - place: the number of the place.
  ///   - numbers: the numbers that the form needs, not negative.
  ///   - name: the bytes of the name in the place.
  mutating func append(_ form: Form, place: Int, numbers: [Int], name: ArraySlice<UInt8>) {
    if count % Self.blockSize == 0 {
      if let last = blocks.indices.last { blocks[last].bytes = blocks[last].bytes.exact }
      blocks.append(Block())
      blocks[blocks.count - 1].ends.reserveCapacity(Self.blockSize)
    }
    let last = blocks.count - 1
    blocks[last].bytes.append(form.rawValue)
    blocks[last].bytes.appendNumber(place)
    for number in numbers { blocks[last].bytes.appendNumber(number) }
    blocks[last].bytes.append(contentsOf: name)
    blocks[last].ends.append(UInt32(blocks[last].bytes.count))
    count += 1
  }

  mutating func removeLast() {
    let last = blocks.count - 1
    let end = blocks[last].ends.dropLast().last ?? 0
    blocks[last].bytes.removeLast(blocks[last].bytes.count - Int(end))
    blocks[last].ends.removeLast()
    if blocks[last].ends.isEmpty { blocks.removeLast() }
    count -= 1
  }

  /// Calls `body` with the record at `index`, in 0 ..< ``count``.
  func withRecord<Result>(at index: Int, _ body: (Record) -> Result) -> Result {
    let (number, offset) = index.quotientAndRemainder(dividingBy: Self.blockSize)
    let start = offset == 0 ? 0 : Int(blocks[number].ends[offset - 1])
    let end = Int(blocks[number].ends[offset])
    return blocks[number].bytes.withUnsafeBufferPointer { bytes in
      body(Record(UnsafeBufferPointer(rebasing: bytes[start..<end])))
    }
  }

  /// The parts of a record.
  struct Record {
    let form: Form
    let place: Int
    /// The bytes after the place: the form's numbers and the name.
    let rest: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
      form = Form(rawValue: bytes[0])!
      var index = 1
      place = bytes.number(at: &index)
      rest = UnsafeBufferPointer(rebasing: bytes[index...])
    }

    /// The form's numbers, and the bytes of the name in the place.
    var content: (numbers: [Int], name: UnsafeBufferPointer<UInt8>) {
      var index = 0
      let numbers = (0..<form.numberCount).map { _ in rest.number(at: &index) }
      return (numbers, UnsafeBufferPointer(rebasing: rest[index...]))
    }
  }
}

extension [UInt8] {
  /// The same bytes without spare capacity.
  fileprivate var exact: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, count in
      count = buffer.initialize(fromContentsOf: self)
    }
  }

  /// Appends `number`, which is not negative, with seven bits per byte, the low ones first.
  fileprivate mutating func appendNumber(_ number: Int) {
    var rest = UInt(bitPattern: number)
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The number at `index`, which is moved past it.
  fileprivate func number(at index: inout Int) -> Int {
    var (value, shift): (UInt, UInt) = (0, 0)
    while true {
      let byte = self[index]
      index += 1
      value |= UInt(byte & 0x7F) << shift
      if byte < 0x80 { return Int(bitPattern: value) }
      shift += 7
    }
  }
}
