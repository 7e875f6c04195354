import CFFmpeg

/// What the first look at a picture file tells, before any decoder sees it.
///
/// FFmpeg 5 to 7 differ in what they report of EXIF, and its decoders return pictures of which a part
/// is missing, so the four common formats are read here as far as their headers.
struct PictureHeader {
  var codec: AVCodecID
  /// The stored size in pixels; zero where the header does not tell.
  var width = 0
  var height = 0
  var orientation = Orientation.upright
  /// The file ends before the picture does.
  var isCutOff = false
  /// The number of bytes, from the file's first, that belong to the picture.
  var length: Int
  /// The number of colour components (JPEG only).
  var components = 0
  /// A JPEG says how its colours are coded in Adobe's segment.
  var hasAdobeSegment = false

  /// The header of a JPEG, PNG, WebP, TIFF or BMP file; nil for anything else.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let reader = ByteReader(bytes: bytes)
    if reader.uint32(at: 0) == 0x8950_4E47, reader.uint32(at: 4) == 0x0D0A_1A0A {
      self.init(png: reader)
    } else if reader.integer(at: 0, size: 3) == 0xFF_D8FF {
      self.init(jpeg: reader)
    } else if reader.has("RIFF", at: 0), reader.has("WEBP", at: 8) {
      self.init(webP: ByteReader(bytes: bytes, isBigEndian: false))
    } else if let directory = TIFFDirectory(reader) {
      self.init(tiff: directory, length: reader.count)
    } else if reader.has("BM", at: 0) {
      self.init(bmp: ByteReader(bytes: bytes, isBigEndian: false))
    } else {
      return nil
    }
  }

  private init(tiff: TIFFDirectory, length: Int) {
    codec = AV_CODEC_ID_TIFF
    self.length = length
    width = tiff.values[0x0100] ?? 0
    height = tiff.values[0x0101] ?? 0
    orientation = tiff.orientation
  }

  private init(bmp reader: ByteReader) {
    codec = AV_CODEC_ID_BMP
    length = reader.count
    guard let size = reader.uint32(at: 14), size >= 40 else { return }
    width = reader.uint32(at: 18) ?? 0
    // Negative where the rows go from top to bottom.
    height = Int(Int32(truncatingIfNeeded: reader.uint32(at: 22) ?? 0).magnitude)
  }

  private init(png reader: ByteReader) {
    codec = AV_CODEC_ID_PNG
    length = reader.count
    width = reader.uint32(at: 16) ?? 0
    height = reader.uint32(at: 20) ?? 0
    var offset = 8
    while let size = reader.uint32(at: offset), size <= reader.count - offset {
      if reader.has("IEND", at: offset + 4) { return }
      if reader.has("eXIf", at: offset + 4) {
        orientation = Orientation(exif: reader.part(from: offset + 8, length: size))
      }
      offset += size + 12
    }
    isCutOff = true
  }

  private init(webP reader: ByteReader) {
    codec = AV_CODEC_ID_WEBP
    length = reader.count
    let size = reader.uint32(at: 4) ?? 0
    isCutOff = size + 8 > reader.count
    var offset = 12
    while let size = reader.uint32(at: offset + 4) {
      let body = offset + 8
      if reader.has("VP8X", at: offset) {
        width = (reader.integer(at: body + 4, size: 3) ?? 0) + 1
        height = (reader.integer(at: body + 7, size: 3) ?? 0) + 1
      } else if reader.has("EXIF", at: offset) {
        let prefix = reader.has("Exif\0\0", at: body) ? 6 : 0
        orientation = Orientation(
          exif: reader.part(from: body + prefix, length: size - prefix))
      }
      offset = body + size + size % 2
    }
  }

  private init(jpeg reader: ByteReader) {
    codec = AV_CODEC_ID_MJPEG
    length = reader.count
    isCutOff = true
    var offset = 2
    while let marker = reader.nextMarker(&offset) {
      switch marker {
      case 0xD9:
        isCutOff = components == 0
        length = offset
        return
      case 0xD0...0xD8, 0x01:
        continue
      default:
        break
      }
      guard let size = reader.uint16(at: offset) else { return }
      switch marker {
      case 0xC4, 0xC8, 0xCC:
        break
      case 0xC0...0xCF:
        guard components == 0 else { break }
        height = reader.uint16(at: offset + 3) ?? 0
        width = reader.uint16(at: offset + 5) ?? 0
        components = reader.uint8(at: offset + 7) ?? 0
      case 0xE1:
        if reader.has("Exif\0\0", at: offset + 2), orientation == .upright {
          orientation = Orientation(exif: reader.part(from: offset + 8, length: size - 8))
        }
      case 0xEE:
        hasAdobeSegment = hasAdobeSegment || reader.has("Adobe", at: offset + 2)
      default:
        break
      }
      offset += max(size, 2)
    }
  }
}

extension ByteReader {
  /// The next JPEG marker at or after `offset`, which moves behind it. Coded samples are passed over:
  /// in them 0xFF is followed by zero or a restart marker.
  fileprivate func nextMarker(_ offset: inout Int) -> Int? {
    while offset + 1 < count {
      guard bytes[offset] == 0xFF else {
        offset += 1
        continue
      }
      let marker = bytes[offset + 1]
      switch marker {
      case 0xFF:
        offset += 1
      case 0x00:
        offset += 2
      default:
        offset += 2
        return Int(marker)
      }
    }
    return nil
  }
}

/// The first directory of a TIFF structure, which EXIF is too: its short and long numbers by tag.
struct TIFFDirectory {
  private(set) var values: [Int: Int] = [:]

  /// Nil unless the bytes begin as TIFF does.
  init?(_ bytes: ByteReader) {
    var reader = bytes
    switch reader.uint32(at: 0) {
    case 0x4949_2A00: reader.isBigEndian = false
    case 0x4D4D_002A: reader.isBigEndian = true
    default: return nil
    }
    guard let start = reader.uint32(at: 4), let count = reader.uint16(at: start) else { return }
    for index in 0..<count {
      let entry = start + 2 + index * 12
      guard let tag = reader.uint16(at: entry), let type = reader.uint16(at: entry + 2),
        let length = reader.uint32(at: entry + 4)
      else { return }
      guard length == 1 else { continue }
      switch type {
      case 3: values[tag] = reader.uint16(at: entry + 8)
      case 4: values[tag] = reader.uint32(at: entry + 8)
      default: break
      }
    }
  }

  /// Takes out of the first directory of a TIFF file, in place, what says nothing about the samples.
  ///
  /// FFmpeg's decoder, told to give up at errors, takes every tag for one that it does not know: the
  /// orientation, EXIF, resolution units and more, without which few files are made.
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

  /// Size, depth, compression, photometric interpretation, fill order, strips, components, planes, fax
  /// options, predictor, palette, tiles, subsampling of chroma, reference levels.
  private static let decodingTags: Set<Int> = [
    256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325,
    530, 532,
  ]

  var orientation: Orientation {
    values[0x0112].flatMap { Orientation(exif: $0) } ?? .upright
  }
}

extension Orientation {
  /// The orientation in an EXIF block; upright where it has none or makes no sense.
  init(exif bytes: ByteReader) {
    self = TIFFDirectory(bytes)?.orientation ?? .upright
  }
}
