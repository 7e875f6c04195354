/// The structure of an HEIF file (ISO/IEC 23008-12), AVIF or HEIC: where the coded pictures are and how they form the
/// primary picture. Decoders handle their content.
///
/// FFmpeg 5 supports neither HEIC nor the rotation of AVIF; later versions return the first tile of a grid as the whole
/// picture.
struct HEIF {
  typealias ID = Int

  /// The maximum number of pieces of an item's content.
  private static let mostExtents = 1024

  /// A property of a picture.
  enum Property {
    case size(width: Int, height: Int)
    /// The configuration of the decoder: av1C or hvcC.
    case configuration(ByteReader)
    /// The color codes of ISO/IEC 23091-2.
    case color(matrix: Int, isFullRange: Bool)
    /// The type of an auxiliary picture.
    case auxiliary(String)
    /// A counterclockwise rotation in quarter turns.
    case rotation(quarters: Int)
    /// Mirroring left to right, or else top to bottom.
    case mirror(leftRight: Bool)
    /// Width, height, and the offsets of the center from that of the picture, each with numerator and denominator.
    case crop([Int])
    /// A property that does not affect the pixels.
    case other
    /// An unsupported property that must not be ignored.
    case unknown(String)
  }

  let primary: ID
  private let file: ByteReader
  private var kinds: [ID: String] = [:]
  private var extents: [ID: [(offset: Int, length: Int)]] = [:]
  private var properties: [ID: [Property]] = [:]
  private var references: [(kind: String, from: ID, to: [ID])] = []

  /// Nil if the file is not an HEIF file or contains only image sequences.
  init?(_ file: ByteReader) {
    guard file.has("ftyp", at: 4) else { return nil }
    self.file = file
    var meta: ByteReader?
    file.forEachBox { kind, body in
      // A full box begins with version and flags.
      if kind == "meta" { meta = meta ?? body.part(from: 4, length: .max) }
    }
    guard let meta else { return nil }
    var boxes: [String: ByteReader] = [:]
    meta.forEachBox { kind, body in boxes[kind] = boxes[kind] ?? body }
    guard boxes["hdlr"]?.has("pict", at: 8) == true, let primaryBox = boxes["pitm"],
      let primary = primaryBox.integer(at: 4, size: primaryBox.uint8(at: 0) == 0 ? 2 : 4)
    else { return nil }
    self.primary = primary
    if let box = boxes["iinf"] { readKinds(box) }
    if let box = boxes["iloc"] { readLocations(box, data: boxes["idat"]) }
    if let box = boxes["iref"] { readReferences(box) }
    if let box = boxes["iprp"] { readProperties(box) }
  }

  /// The type of an item, four letters such as av01, hvc1 or grid; nil if there is no such item.
  func kind(of item: ID) -> String? { kinds[item] }

  func properties(of item: ID) -> [Property] { properties[item] ?? [] }

  /// The content of an item; nil if it is outside the file or larger than `limit`.
  func content(of item: ID, limit: Int) -> [UInt8]? {
    guard let parts = extents[item] else { return nil }
    var content: [UInt8] = []
    for part in parts {
      // Zero means everything up to the end.
      let length = part.length == 0 ? file.count - part.offset : part.length
      guard part.offset >= 0, length > 0, part.offset <= file.count - length,
        content.count <= limit - length
      else { return nil }
      content += file.part(from: part.offset, length: length).bytes
    }
    return content.isEmpty ? nil : content
  }

  /// The items that `item` consists of, in order.
  func parts(of item: ID) -> [ID] {
    references.first { $0.kind == "dimg" && $0.from == item }?.to ?? []
  }

  /// The item with the alpha channel of `item`.
  func alpha(of item: ID) -> ID? {
    let kinds = [
      "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1",
    ]
    return references.first { reference in
      reference.kind == "auxl" && reference.to.contains(item)
        && properties(of: reference.from).contains {
          if case .auxiliary(let kind) = $0 { kinds.contains(kind) } else { false }
        }
    }?.from
  }

  /// True if the colors of `item` are premultiplied by its alpha.
  func isMultiplied(_ item: ID) -> Bool {
    references.contains { $0.kind == "prem" && $0.from == item }
  }

  private mutating func readKinds(_ box: ByteReader) {
    let wide = box.uint8(at: 0) != 0
    box.part(from: wide ? 8 : 6, length: .max).forEachBox { kind, body in
      guard kind == "infe", let version = body.uint8(at: 0), version >= 2 else { return }
      let size = version == 2 ? 2 : 4
      guard let item = body.integer(at: 4, size: size), let kind = body.text(at: 6 + size) else {
        return
      }
      kinds[item] = kind
    }
  }

  private mutating func readLocations(_ box: ByteReader, data: ByteReader?) {
    guard let version = box.uint8(at: 0), version <= 2, let sizes = box.uint16(at: 4) else {
      return
    }
    let (offsetSize, lengthSize) = (sizes >> 12, sizes >> 8 & 15)
    let (baseSize, indexSize) = (sizes >> 4 & 15, version == 0 ? 0 : sizes & 15)
    guard [offsetSize, lengthSize, baseSize, indexSize].allSatisfy({ [0, 4, 8].contains($0) })
    else { return }
    let idSize = version < 2 ? 2 : 4
    var reader = BoxCursor(box, at: 6)
    guard let count = reader.next(idSize) else { return }
    for _ in 0..<count {
      guard let item = reader.next(idSize), let method = version == 0 ? 0 : reader.next(2),
        reader.next(2) != nil, let base = reader.next(baseSize), let parts = reader.next(2),
        // Extents without bytes in the box would consume memory but no space in the file.
        parts <= HEIF.mostExtents, parts < 2 || offsetSize + lengthSize > 0
      else { return }
      var found: [(Int, Int)]? = []
      for _ in 0..<parts {
        guard reader.next(indexSize) != nil, let offset = reader.next(offsetSize),
          let length = reader.next(lengthSize)
        else { return }
        let (start, overflows) = base.addingReportingOverflow(offset)
        switch method & 15 {
        case 0 where !overflows: found?.append((start, length))
        case 1 where !overflows:
          // The position is relative to the box "idat", which is in the file.
          guard let data, start <= data.count, length <= data.count - start else {
            found = nil
            break
          }
          found?.append((data.start(in: file) + start, length == 0 ? data.count - start : length))
        default: found = nil
        }
      }
      extents[item] = found
    }
  }

  private mutating func readReferences(_ box: ByteReader) {
    let size = box.uint8(at: 0) == 0 ? 2 : 4
    box.part(from: 4, length: .max).forEachBox { kind, body in
      var reader = BoxCursor(body, at: 0)
      guard let from = reader.next(size), let count = reader.next(2) else { return }
      var to: [ID] = []
      while to.count < count, let item = reader.next(size) { to.append(item) }
      references.append((kind, from, to))
    }
  }

  private mutating func readProperties(_ box: ByteReader) {
    var all: [Property] = []
    var associations: [ByteReader] = []
    box.forEachBox { kind, body in
      if kind == "ipco" { body.forEachBox { all.append(Property(kind: $0, body: $1)) } }
      if kind == "ipma" { associations.append(body) }
    }
    for box in associations {
      guard let head = box.uint32(at: 0) else { continue }
      let isWide = head & 1 != 0
      var reader = BoxCursor(box, at: 4)
      guard let count = reader.next(4) else { continue }
      for _ in 0..<count {
        guard let item = reader.next(head >> 24 == 0 ? 2 : 4), let linked = reader.next(1) else {
          break
        }
        for _ in 0..<linked {
          guard let word = reader.next(isWide ? 2 : 1) else { return }
          let isEssential = word >> (isWide ? 15 : 7) != 0
          let index = word & (isWide ? 0x7FFF : 0x7F)
          guard all.indices.contains(index - 1) else { continue }
          if case .unknown = all[index - 1], !isEssential { continue }
          properties[item, default: []].append(all[index - 1])
        }
      }
    }
  }
}

extension HEIF.Property {
  fileprivate init(kind: String, body: ByteReader) {
    switch kind {
    case "ispe":
      self = .size(width: body.uint32(at: 4) ?? 0, height: body.uint32(at: 8) ?? 0)
    case "av1C", "hvcC":
      self = .configuration(body)
    case "colr":
      // Other kinds of "colr" boxes are color profiles.
      if body.has("nclx", at: 0), let matrix = body.uint16(at: 8), let range = body.uint8(at: 10) {
        self = .color(matrix: matrix, isFullRange: range >> 7 == 1)
      } else {
        self = .other
      }
    case "auxC":
      self = .auxiliary(body.text(from: 4))
    case "pixi", "pasp", "clli", "mdcv", "cclv", "amve", "udes", "altt":
      self = .other
    case "irot":
      self = .rotation(quarters: (body.uint8(at: 0) ?? 0) & 3)
    case "imir":
      self = .mirror(leftRight: (body.uint8(at: 0) ?? 0) & 1 == 1)
    case "clap":
      self = .crop((0..<8).compactMap { body.int32(at: 4 * $0) })
    default:
      self = .unknown(kind)
    }
  }
}

/// Reads consecutive numbers.
private struct BoxCursor {
  let bytes: ByteReader
  var offset: Int

  init(_ bytes: ByteReader, at offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  /// The next number of `size` bytes (zero if `size` is 0); nil beyond the end.
  mutating func next(_ size: Int) -> Int? {
    guard let value = bytes.integer(at: offset, size: size), value >= 0 else { return nil }
    offset += size
    return value
  }
}

extension ByteReader {
  /// Calls `body` with the type and the content of each box.
  fileprivate func forEachBox(_ body: (String, ByteReader) -> Void) {
    var offset = 0
    while let short = uint32(at: offset), let kind = text(at: offset + 4) {
      var (head, size) = (8, short)
      if short == 1 {
        guard let long = integer(at: offset + 8, size: 8) else { return }
        (head, size) = (16, long)
      } else if short == 0 {
        size = count - offset
      }
      guard size >= head, size <= count - offset else { return }
      body(kind, part(from: offset + head, length: size - head))
      offset += size
    }
  }

  /// Four letters.
  fileprivate func text(at offset: Int) -> String? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    return String(decoding: bytes[offset..<offset + 4], as: UTF8.self)
  }

  /// The text up to the first zero.
  fileprivate func text(from offset: Int) -> String {
    guard offset <= count else { return "" }
    return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
  }

  fileprivate func int32(at offset: Int) -> Int? {
    uint32(at: offset).map { Int(Int32(truncatingIfNeeded: $0)) }
  }

  /// The offset of these bytes, which are a part of `file`, in the file.
  fileprivate func start(in file: ByteReader) -> Int {
    guard let here = bytes.baseAddress, let first = file.bytes.baseAddress else { return 0 }
    return here - first
  }
}
