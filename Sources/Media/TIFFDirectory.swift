/// The first directory of a TIFF structure, which EXIF uses, too: the first few numbers of each tag.
struct TIFFDirectory {
  /// The number of a tag, named as in TIFF 6.0.
  struct Tag: Hashable {
    let number: Int

    static let imageWidth = Tag(number: 256)
    static let imageLength = Tag(number: 257)
    static let bitsPerSample = Tag(number: 258)
    static let compression = Tag(number: 259)
    static let photometric = Tag(number: 262)
    static let fillOrder = Tag(number: 266)
    static let orientation = Tag(number: 274)
    static let samplesPerPixel = Tag(number: 277)
    static let planarConfiguration = Tag(number: 284)
    static let predictor = Tag(number: 317)
    static let tileWidth = Tag(number: 322)
    static let extraSamples = Tag(number: 338)
    static let sampleFormat = Tag(number: 339)
  }

  private var values: [Tag: [Int]] = [:]
  /// True for 64-bit offsets.
  private let isBig: Bool

  /// Nil unless the bytes begin like TIFF or BigTIFF.
  init?(_ bytes: ByteReader) {
    var reader = bytes
    switch reader.uint32(at: 0) {
    case 0x4949_2A00, 0x4949_2B00: reader.isBigEndian = false
    case 0x4D4D_002A, 0x4D4D_002B: reader.isBigEndian = true
    default: return nil
    }
    isBig = reader.uint16(at: 2) == 43
    let word = isBig ? 8 : 4
    let countSize = isBig ? 8 : 2
    guard let start = reader.integer(at: isBig ? 8 : 4, size: word),
      let count = reader.integer(at: start, size: countSize)
    else { return }
    for index in 0..<max(min(count, 1 << 16), 0) {
      // Each value is checked when it is read, so that no sum of offsets overflows: they are within the bytes.
      let entry = start + countSize + index * (4 + 2 * word)
      guard let tag = reader.uint16(at: entry), let type = reader.uint16(at: entry + 2),
        let length = reader.integer(at: entry + 4, size: word)
      else { return }
      let sizes = [1: 1, 3: 2, 4: 4]
      guard let size = sizes[type], length > 0 else { continue }
      let known = min(length, TIFFDirectory.knownValues)
      let isInside = length <= word / size
      let place = isInside ? entry + 4 + word : reader.integer(at: entry + 4 + word, size: word)
      guard let place, place <= reader.count else { continue }
      values[Tag(number: tag)] = (0..<known).compactMap {
        reader.integer(at: place + $0 * size, size: size)
      }
    }
  }

  /// No supported picture has more samples per pixel.
  private static let knownValues = 8

  /// The first number of a tag.
  func number(_ tag: Tag) -> Int? { values[tag]?.first }

  var orientation: Orientation {
    number(.orientation).flatMap { Orientation(exif: $0) } ?? .upright
  }

  /// True if FFmpeg's decoder interprets the samples correctly.
  ///
  /// For JPEG in TIFF, planar inks, reversed bit order and more, it returns black or noise without an error; and it
  /// treats any fourth sample as straight alpha. So only the kinds are accepted that the tests compare with other
  /// readers.
  var isSoundInFFmpeg: Bool {
    let bits = values[.bitsPerSample] ?? [1]
    let channels = number(.samplesPerPixel) ?? 1
    let extra = values[.extraSamples] ?? []
    let compression = number(.compression) ?? 1
    let isFax = (2...4).contains(compression)
    guard !isBig, values[.tileWidth] == nil, let depth = bits.first,
      bits.allSatisfy({ $0 == depth }),
      values[.sampleFormat]?.allSatisfy({ $0 == 1 }) ?? true,
      // The values are none, LZW, Deflate (both numbers), PackBits and LZMA.
      isFax ? depth == 1 && channels == 1 : [1, 5, 8, 32946, 32773, 34925].contains(compression)
    else { return false }
    let photometric = number(.photometric) ?? 1
    let isKnown =
      switch (photometric, channels) {
      case (0, 1), (1, 1): [1, 2, 4, 8, 16].contains(depth)
      case (3, 1): [1, 2, 4, 8].contains(depth)
      case (2, 3): [8, 16].contains(depth)
      case (1, 2), (2, 4): [8, 16].contains(depth) && (extra.isEmpty || extra == [2])
      case (5, 4): depth == 8 && extra.isEmpty
      default: false
      }
    let isPlanar = number(.planarConfiguration) == 2 && channels > 1
    let isReversed = number(.fillOrder) == 2
    return isKnown && (number(.predictor) ?? 1 == 1 || depth >= 8)
      && (!isPlanar || (photometric == 2 && channels == 3 && depth == 8))
      && (!isReversed
        || (photometric != 3 && [1, 8, 16].contains(depth) && (compression == 1 || isFax)))
  }

  /// Removes tags from the first directory of a TIFF file, in place, that do not affect the samples.
  ///
  /// With errors enabled, FFmpeg's decoder fails for every tag that it does not know: orientation, EXIF, resolution units
  /// and others, which most files contain.
  static func keepOnlyDecodingTags(_ bytes: UnsafeMutableRawBufferPointer) {
    var reader = ByteReader(bytes: UnsafeRawBufferPointer(bytes))
    reader.isBigEndian = reader.uint16(at: 0) == 0x4D4D
    guard let start = reader.uint32(at: 4), let count = reader.uint16(at: start),
      start + 2 + count * 12 <= bytes.count
    else { return }
    var kept = 0
    for index in 0..<count {
      let entry = start + 2 + index * 12
      guard let tag = reader.uint16(at: entry), decodingTags.contains(tag) else { continue }
      for offset in 0..<12 { bytes[start + 2 + kept * 12 + offset] = bytes[entry + offset] }
      kept += 1
    }
    let (low, high) = (UInt8(kept & 255), UInt8(kept >> 8))
    (bytes[start], bytes[start + 1]) = reader.isBigEndian ? (high, low) : (low, high)
  }

  /// Size, depth, compression, photometric interpretation, fill order, strips, components, planes, fax options,
  /// predictor, palette, tiles, chroma subsampling, reference levels.
  private static let decodingTags: Set<Int> = [
    256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325,
    530, 532,
  ]
}

extension Orientation {
  /// The orientation in an EXIF block; upright if there is none or it is invalid.
  init(exif bytes: ByteReader) {
    self = TIFFDirectory(bytes)?.orientation ?? .upright
  }
}
