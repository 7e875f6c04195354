import CFFmpeg

/// Converts decoded frames in any pixel format to RGB pictures, scaled with antialiasing.
///
/// It reuses swscale's tables for frames of the same kind.
final class FrameScaler {
  private struct Shape: Equatable {
    var width: Int
    var height: Int
    var format: AVPixelFormat.RawValue
    var isFullRange = true
    var matrix = SWS_CS_ITU601
    var chromaX: Int32 = -513
    var chromaY: Int32 = -513

    init(_ width: Int, _ height: Int, _ format: AVPixelFormat) {
      self.width = width
      self.height = height
      self.format = format.rawValue
    }
  }

  private var context: OpaquePointer?
  private var shapes: (Shape, Shape)?

  deinit { sws_freeContext(context) }

  /// The picture in `frame`, scaled so that its short side has `shortSide` pixels (nil for no scaling) and its long side
  /// is rounded. Alpha is composited on black. Pixels are treated as square, even if the file specifies another shape.
  func picture(_ frame: FrameBuffer, shortSide: Int?, path: String) throws(MediaError) -> Picture {
    let size = try scaledSize(
      width: frame.width, height: frame.height, shortSide: shortSide, path: path)
    var source = frame
    if let colored = try frame.withNeutralChroma(path: path) {
      source = colored
    } else if hasAlpha(frame.format) {
      source = try convert(
        frame, to: Shape(frame.width, frame.height, AV_PIX_FMT_RGBA), path: path)
      source.multiplyByAlpha()
    }
    return try rgb(source, width: size.width, height: size.height, path: path).rgbPicture()
  }

  /// The part of the picture, scaled to `width` x `height` pixels regardless of its aspect ratio.
  func picture(_ part: Picture, width: Int, height: Int) throws(MediaError) -> Picture {
    guard part.width != width || part.height != height else { return part }
    guard let source = FrameBuffer(part, width: part.width, height: part.height) else {
      throw MediaError(outOfMemory: "a picture", "scaled")
    }
    return try rgb(source, width: width, height: height, path: "a picture").rgbPicture()
  }

  /// The picture, scaled so that its short side has `shortSide` pixels (nil for no scaling).
  func picture(_ picture: Picture, shortSide: Int?, path: String) throws(MediaError) -> Picture {
    let size = try scaledSize(
      width: picture.width, height: picture.height, shortSide: shortSide, path: path)
    return try self.picture(picture, width: size.width, height: size.height)
  }

  private func rgb(
    _ frame: FrameBuffer, width: Int, height: Int, path: String
  ) throws(MediaError) -> FrameBuffer {
    var source = frame
    // swscale's filters have at most 256 taps: scale by more than 64 in several steps.
    while max(source.width / width, source.height / height) >= 64 {
      let step = Shape(
        max(source.width / 32, width), max(source.height / 32, height), AV_PIX_FMT_RGB24)
      source = try convert(source, to: step, path: path)
    }
    return try convert(source, to: Shape(width, height, AV_PIX_FMT_RGB24), path: path)
  }

  /// The picture as a frame for video encoders: YUV 4:2:0 with limited range and the matrix `assumedMatrix` for its size.
  /// Both sides are made even by repeating the last row or column.
  func yuv420(_ picture: Picture, path: String) throws(MediaError) -> FrameBuffer {
    let (width, height) = (picture.width + picture.width % 2, picture.height + picture.height % 2)
    guard let source = FrameBuffer(picture, width: width, height: height) else {
      throw MediaError(outOfMemory: path, "encoded", .unwritable)
    }
    var target = Shape(width, height, AV_PIX_FMT_YUV420P)
    target.isFullRange = false
    target.matrix = assumedMatrix(width: width, height: height)
    target.chromaX = 0
    return try convert(source, to: target, path: path)
  }

  private func convert(
    _ frame: FrameBuffer, to target: Shape, path: String
  ) throws(MediaError) -> FrameBuffer {
    let source = shape(of: frame)
    if shapes.map({ $0 != source || $1 != target }) ?? true {
      try prepare(source, target, path: path)
    }
    guard
      let result = FrameBuffer(
        width: target.width, height: target.height, format: AVPixelFormat(rawValue: target.format))
    else {
      throw MediaError(outOfMemory: path, "scaled to \(target.width)x\(target.height)")
    }
    let status = sws_scale_frame(context, result.pointer, frame.pointer)
    guard status >= 0 else {
      throw MediaError(.damaged, path, "cannot be converted to RGB: \(ffmpegText(status))")
    }
    return result
  }

  private func prepare(_ source: Shape, _ target: Shape, path: String) throws(MediaError) {
    sws_freeContext(context)
    shapes = nil
    context = sws_alloc_context()
    guard let context else {
      throw MediaError(outOfMemory: path, "scaled")
    }
    let object = UnsafeMutableRawPointer(context)
    // If the size stays the same, swscale's bilinear filter takes the nearest row of chroma. The bicubic filter does not,
    // and leaves unscaled content unchanged as well.
    let staysInSize = source.width == target.width && source.height == target.height
    let filter = staysInSize ? SWS_BICUBIC : SWS_BILINEAR
    let flags =
      filter | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT
    let options: [(String, Int)] = [
      ("srcw", source.width), ("srch", source.height), ("src_format", Int(source.format)),
      ("dstw", target.width), ("dsth", target.height), ("dst_format", Int(target.format)),
      ("src_range", source.isFullRange ? 1 : 0), ("dst_range", target.isFullRange ? 1 : 0),
      ("sws_flags", Int(flags)),
      ("src_h_chr_pos", Int(source.chromaX)), ("src_v_chr_pos", Int(source.chromaY)),
      ("dst_h_chr_pos", Int(target.chromaX)), ("dst_v_chr_pos", Int(target.chromaY)),
    ]
    for (name, value) in options { av_opt_set_int(object, name, Int64(value), 0) }
    let status = sws_init_context(context, nil, nil)
    guard status >= 0 else {
      let name = av_get_pix_fmt_name(AVPixelFormat(rawValue: source.format))
      throw MediaError(
        .unrecognized, path,
        "has pixels of the format \(name.map { String(cString: $0) } ?? "unknown") in a size of "
          + "\(source.width)x\(source.height), which this FFmpeg cannot convert to RGB")
    }
    // This fails from RGB to RGB, which does not need it.
    _ = sws_setColorspaceDetails(
      context, sws_getCoefficients(source.matrix), source.isFullRange ? 1 : 0,
      sws_getCoefficients(target.matrix), target.isFullRange ? 1 : 0, 0, 1 << 16, 1 << 16)
    shapes = (source, target)
  }

  private func shape(of frame: FrameBuffer) -> Shape {
    let content = frame.pointer.pointee
    var shape = Shape(frame.width, frame.height, frame.format)
    let fullRangeFormats = [
      AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ440P,
      AV_PIX_FMT_YUVJ411P,
    ]
    let description = av_pix_fmt_desc_get(frame.format)?.pointee
    let isGray = description.map { $0.nb_components <= 2 } ?? false
    shape.isFullRange =
      fullRangeFormats.contains(frame.format) || content.color_range == AVCOL_RANGE_JPEG
      || (isGray && content.color_range != AVCOL_RANGE_MPEG)
    shape.matrix =
      switch content.colorspace {
      case AVCOL_SPC_BT709: SWS_CS_ITU709
      case AVCOL_SPC_FCC: SWS_CS_FCC
      case AVCOL_SPC_SMPTE240M: SWS_CS_SMPTE240M
      case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: SWS_CS_BT2020
      case AVCOL_SPC_UNSPECIFIED where !shape.isFullRange:
        assumedMatrix(width: frame.width, height: frame.height)
      default: SWS_CS_ITU601
      }
    // In units of 1/256 of a luma sample. swscale itself assumes the center of the block.
    if let description, description.log2_chroma_w > 0 {
      switch content.chroma_location {
      case AVCHROMA_LOC_LEFT, AVCHROMA_LOC_TOPLEFT, AVCHROMA_LOC_BOTTOMLEFT:
        shape.chromaX = 0
      case AVCHROMA_LOC_UNSPECIFIED where !shape.isFullRange:
        shape.chromaX = 0  // as in MPEG-2 and later formats
      default: break
      }
      if description.log2_chroma_h > 0 {
        switch content.chroma_location {
        case AVCHROMA_LOC_TOPLEFT, AVCHROMA_LOC_TOP: shape.chromaY = 0
        case AVCHROMA_LOC_BOTTOMLEFT, AVCHROMA_LOC_BOTTOM: shape.chromaY = 256
        default: break
        }
      }
    }
    return shape
  }
}

/// The matrix of YUV samples without a tag, by the convention of players.
func assumedMatrix(width: Int, height: Int) -> Int32 {
  width >= 1280 || height > 576 ? SWS_CS_ITU709 : SWS_CS_ITU601
}

/// Checks a size that a file claims before memory is allocated: the number of pixels, the sides, and the size after
/// scaling.
func checkSize(
  width: Int, height: Int, limit: Int, shortSide: Int?, path: String
) throws(MediaError) {
  guard width <= limit, height <= limit, width * height <= limit else {
    throw MediaError(oversized: path, width: width, height: height, limit: limit)
  }
  _ = try scaledSize(width: width, height: height, shortSide: shortSide, path: path)
}

/// The size of a picture after scaling its short side to `shortSide` pixels (nil for no scaling).
func scaledSize(width: Int, height: Int, shortSide: Int?, path: String) throws(MediaError)
  -> (width: Int, height: Int)
{
  let (short, long) = (min(width, height), max(width, height))
  guard short >= MediaLimits.shortSide else {
    throw MediaError(
      .unsuitableSize, path,
      "is \(width)x\(height) pixels; a picture needs at least \(MediaLimits.shortSide) each way")
  }
  guard long <= short * MediaLimits.aspectRatio else {
    throw MediaError(
      .unsuitableSize, path,
      "is \(width)x\(height) pixels, too elongated to be scaled: the long side may be "
        + "\(MediaLimits.aspectRatio) times the short one")
  }
  guard let shortSide else { return (width, height) }
  precondition(shortSide > 0, "shortSide must be positive, not \(shortSide)")
  let scaledLong = (long * shortSide * 2 + short) / (short * 2)
  guard shortSide * scaledLong <= MediaLimits.resultPixels else {
    throw MediaError(.unsuitableSize, path, "would be too large with a short side of \(shortSide)")
  }
  return width <= height ? (shortSide, scaledLong) : (scaledLong, shortSide)
}

extension UInt8 {
  /// The level times `share` / 255, rounded.
  func scaled(by share: UInt8) -> UInt8 { UInt8((UInt32(self) * UInt32(share) + 127) / 255) }
}

private func hasAlpha(_ format: AVPixelFormat) -> Bool {
  guard let description = av_pix_fmt_desc_get(format) else { return false }
  return description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 || format == AV_PIX_FMT_PAL8
}

extension FrameBuffer {
  /// The gray frame with neutral chroma, if its range is not the full one: swscale treats all gray as full range. Nil for
  /// other frames.
  fileprivate func withNeutralChroma(path: String) throws(MediaError) -> FrameBuffer? {
    guard pointer.pointee.color_range == AVCOL_RANGE_MPEG else { return nil }
    let format: AVPixelFormat
    switch self.format {
    case AV_PIX_FMT_GRAY8: format = AV_PIX_FMT_YUV420P
    case AV_PIX_FMT_GRAY10LE: format = AV_PIX_FMT_YUV420P10LE
    case AV_PIX_FMT_GRAY12LE: format = AV_PIX_FMT_YUV420P12LE
    default: return nil
    }
    guard let depth = av_pix_fmt_desc_get(format)?.pointee.comp.0.depth else { return nil }
    guard let result = FrameBuffer(width: width, height: height, format: format),
      let first = result.pointer.pointee.data.1, let second = result.pointer.pointee.data.2
    else { throw MediaError(outOfMemory: path, "converted to RGB") }
    result.pointer.pointee.color_range = AVCOL_RANGE_MPEG
    let sampleBytes = depth > 8 ? 2 : 1
    av_image_copy_plane(
      result.pointer.pointee.data.0, result.pointer.pointee.linesize.0, pointer.pointee.data.0,
      pointer.pointee.linesize.0, Int32(width * sampleBytes), Int32(height))
    let (columns, rows) = ((width + 1) / 2, (height + 1) / 2)
    for (plane, stride) in [
      (first, Int(result.pointer.pointee.linesize.1)),
      (second, Int(result.pointer.pointee.linesize.2)),
    ] {
      for row in 0..<rows {
        let line = plane + row * stride
        for column in 0..<columns {
          if depth > 8 {
            // This is 1 << (depth - 1), the low byte first.
            (line[2 * column], line[2 * column + 1]) = (0, UInt8(1 << (depth - 9)))
          } else {
            line[column] = 128
          }
        }
      }
    }
    return result
  }

  /// Composites RGBA on black. The alpha bytes are meaningless afterwards.
  fileprivate func multiplyByAlpha() {
    guard let data = pointer.pointee.data.0 else { return }
    let stride = Int(pointer.pointee.linesize.0)
    for row in 0..<height {
      let samples = data + row * stride
      for offset in Swift.stride(from: 0, to: width * 4, by: 4) {
        let alpha = samples[offset + 3]
        if alpha == 255 { continue }
        for channel in offset..<offset + 3 {
          samples[channel] = samples[channel].scaled(by: alpha)
        }
      }
    }
    pointer.pointee.format = AV_PIX_FMT_RGB0.rawValue
  }

  /// An RGB24 frame of a picture. Rows and columns beyond the picture repeat its last ones.
  convenience init?(_ picture: Picture, width: Int, height: Int) {
    self.init(width: width, height: height, format: AV_PIX_FMT_RGB24)
    guard let data = pointer.pointee.data.0 else { return nil }
    let rowBytes = Int(pointer.pointee.linesize.0)
    picture.pixels.withUnsafeBufferPointer { samples in
      for row in 0..<height {
        let (line, stored) = (data + row * rowBytes, picture.width * 3)
        let start = min(row, picture.height - 1) * stored
        line.update(from: samples.baseAddress! + start, count: min(stored, width * 3))
        for offset in stride(from: stored, to: width * 3, by: 1) { line[offset] = line[offset - 3] }
      }
    }
  }

  /// The samples of an RGB24 frame.
  fileprivate func rgbPicture() -> Picture {
    let rowBytes = width * 3
    let samples = [UInt8](unsafeUninitializedCapacity: rowBytes * height) { buffer, count in
      if let target = buffer.baseAddress {
        av_image_copy_plane(
          target, Int32(rowBytes), pointer.pointee.data.0, pointer.pointee.linesize.0,
          Int32(rowBytes), Int32(height))
      }
      count = rowBytes * height
    }
    return Picture(width: width, height: height, pixels: samples)
  }
}
