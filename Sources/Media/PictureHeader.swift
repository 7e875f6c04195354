import CFFmpeg

/// The information in the header of a picture file, read before any decoder sees it.
///
/// FFmpeg 5 to 7 report EXIF differently, and its decoders return incomplete pictures, so the headers of common formats
/// are read here.
struct PictureHeader {
  var codec: AVCodecID
  /// The stored size in pixels; zero if the header does not contain it.
  var width = 0
  var height = 0
  var orientation = Orientation.upright
  /// True if the file ends before the picture does.
  var isCutOff = false
  /// The number of bytes of the picture, from the beginning of the file.
  var length: Int
  /// The number of color components (JPEG only).
  var components = 0
  /// True if a JPEG has an Adobe segment, which specifies its color coding.
  var hasAdobeSegment = false
  /// True if the fourth sample of a pixel is unused although FFmpeg treats it as alpha.
  var hasFillerForAlpha = false
  /// The gray level, expanded to 0...255, that is transparent in a PNG with less than 8 bits.
  var transparentGray: UInt8?
  /// The first frame of an animation; nil for a still picture.
  var animation: WebPAnimation?
  /// Why a JPEG cannot be read; nil if it can.
  var unsupported: String?
  /// True for a TIFF that FFmpeg cannot read, or reads incorrectly.
  var isForLibTIFF = false

  /// The width and height; nil if the header does not contain them.
  var size: (width: Int, height: Int)? { width > 0 && height > 0 ? (width, height) : nil }

  /// The maximum number of pixels for this format.
  var limit: Int {
    codec == AV_CODEC_ID_MJPEG ? MediaLimits.scalablePixels : MediaLimits.stillPixels
  }

  /// The header of a JPEG, PNG, WebP, TIFF, BMP, PNM or TGA file; nil for other files.
  ///
  /// TGA is recognized by its name at `path`, unless the file ends like the newer version of the format.
  init?(_ bytes: UnsafeRawBufferPointer, path: String) {
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
    } else if let codec = PictureHeader.codec(pnm: reader) {
      self.init(codec: codec, length: reader.count)
    } else if let header = PictureHeader(
      targa: ByteReader(bytes: bytes, isBigEndian: false), path: path)
    {
      self = header
    } else {
      return nil
    }
  }

  private init(codec: AVCodecID, length: Int) {
    self.codec = codec
    self.length = length
  }

  private init(tiff: TIFFDirectory, length: Int) {
    codec = AV_CODEC_ID_TIFF
    self.length = length
    width = tiff.number(.imageWidth) ?? 0
    height = tiff.number(.imageLength) ?? 0
    orientation = tiff.orientation
    isForLibTIFF = !tiff.isSoundInFFmpeg
  }

  private init(bmp reader: ByteReader) {
    codec = AV_CODEC_ID_BMP
    length = reader.count
    guard let size = reader.uint32(at: 14), size >= 40 else { return }
    width = reader.uint32(at: 18) ?? 0
    // The height is negative if rows go from top to bottom.
    height = Int(Int32(truncatingIfNeeded: reader.uint32(at: 22) ?? 0).magnitude)
    // 32 bits per pixel without masks.
    hasFillerForAlpha = reader.uint16(at: 28) == 32 && reader.uint32(at: 30) == 0
  }

  private init?(targa reader: ByteReader, path: String) {
    let isSigned = reader.has("TRUEVISION-XFILE.\0", at: reader.count - 18)
    let isNamed = path.lowercased().hasSuffix(".tga")
    guard isSigned || isNamed, let palette = reader.uint8(at: 1), palette <= 1,
      let kind = reader.uint8(at: 2), [1, 2, 3, 9, 10, 11].contains(kind),
      let width = reader.uint16(at: 12), let height = reader.uint16(at: 14), width > 0, height > 0,
      let bits = reader.uint8(at: 16), [8, 15, 16, 24, 32].contains(bits),
      let description = reader.uint8(at: 17)
    else { return nil }
    codec = AV_CODEC_ID_TARGA
    length = reader.count
    self.width = width
    self.height = height
    hasFillerForAlpha = bits == 32 && description & 15 == 0
  }

  /// The codec of a PBM, PGM or PPM file in text or binary form; nil for other files.
  private static func codec(pnm reader: ByteReader) -> AVCodecID? {
    guard reader.uint8(at: 0) == 0x50, let digit = reader.uint8(at: 1),
      let space = reader.uint8(at: 2),
      [9, 10, 13, 32, 0x23].contains(space)
    else { return nil }
    switch digit {
    case 0x31, 0x34: return AV_CODEC_ID_PBM
    case 0x32, 0x35: return AV_CODEC_ID_PGM
    case 0x33, 0x36: return AV_CODEC_ID_PPM
    default: return nil
    }
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
      } else if reader.has("tRNS", at: offset + 4), size == 2, reader.uint8(at: 25) == 0,
        let bits = reader.uint8(at: 24), [1, 2, 4].contains(bits),
        let gray = reader.uint16(at: offset + 8)
      {
        // Only the low bits count. FFmpeg handles black correctly, which stays black.
        let highest = 1 << bits - 1
        if bits == 1 || gray & highest != 0 {
          transparentGray = UInt8((gray & highest) * (255 / highest))
        }
      }
      offset += size + 12
    }
    isCutOff = true
  }
}

/// Removes all chunks from a PNG, in place, that do not affect the samples; returns the remaining number of bytes.
///
/// With errors enabled, FFmpeg's decoder also fails for a damaged profile or comment. Of the chunks that may be skipped,
/// only transparency matters.
func keepOnlyDecodingChunks(ofPNG bytes: UnsafeMutableRawBufferPointer, transparency: Bool) -> Int {
  let reader = ByteReader(bytes: UnsafeRawBufferPointer(bytes))
  var (offset, kept) = (8, 8)
  while let size = reader.uint32(at: offset), size <= reader.count - offset - 12 {
    // A lower-case first letter marks an ancillary chunk.
    let isAncillary = bytes[offset + 4] & 0x20 != 0
    let isKept = !isAncillary || (transparency && reader.has("tRNS", at: offset + 4))
    let isLast = reader.has("IEND", at: offset + 4)
    if isKept {
      if kept != offset, let start = bytes.baseAddress {
        (start + kept).copyMemory(from: start + offset, byteCount: size + 12)
      }
      kept += size + 12
    }
    offset += size + 12
    if isLast { break }
  }
  return kept
}
