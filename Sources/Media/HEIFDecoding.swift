import CFFmpeg

/// Decodes the primary picture of an HEIF file with FFmpeg's decoders, composites it on black and applies its
/// orientation.
///
/// Unsupported properties that affect pixels are rejected, never ignored.
func decodeHEIF(
  _ file: HEIF, shortSide: Int?, path: String
) throws(MediaError) -> Picture {
  let reader = HEIFReader(file: file, path: path)
  let frame = try reader.frame(of: file.primary)
  let (crop, orientation) = try reader.transformations(of: file.primary)
  let scaler = FrameScaler()
  let alpha = file.alpha(of: file.primary)
  if alpha == nil, crop == nil {
    return try scaler.picture(frame, shortSide: shortSide, path: path).turned(orientation)
  }
  var picture = try scaler.picture(frame, shortSide: nil, path: path)
  if let alpha, !file.isMultiplied(file.primary) {
    let opacity = try scaler.picture(reader.frame(of: alpha), shortSide: nil, path: path)
    guard (opacity.width, opacity.height) == (picture.width, picture.height) else {
      throw MediaError(unsupported: path, "a picture", "its alpha is of another size")
    }
    picture.multiply(by: opacity)
  }
  if let crop {
    let (width, height) = (picture.width, picture.height)
    guard let part = crop.part(width: width, height: height) else {
      throw MediaError(unsupported: path, "a picture", "it is cut out beyond its edges")
    }
    picture = picture.cropped(
      left: part.left, top: part.top, width: part.width, height: part.height)
  }
  return try scaler.picture(picture, shortSide: shortSide, path: path).turned(orientation)
}

private struct HEIFReader {
  let file: HEIF
  let path: String

  private func damaged() -> MediaError { MediaError(decoding: path) }

  /// An item before cropping and rotation.
  func frame(of item: HEIF.ID) throws(MediaError) -> FrameBuffer {
    guard let kind = file.kind(of: item) else { throw damaged() }
    // Check the claimed size before allocating memory. The size that decoders find is checked again.
    for case .size(let width, let height) in file.properties(of: item) {
      try checkSize(
        width: width, height: height, limit: MediaLimits.stillPixels, shortSide: nil, path: path)
    }
    for case .unknown(let property) in file.properties(of: item) {
      throw MediaError(unsupported: path, "an HEIF", "it has the property '\(property)'")
    }
    switch kind {
    case "av01": return try decode(item, codec: AV_CODEC_ID_AV1)
    case "hvc1": return try decode(item, codec: AV_CODEC_ID_HEVC)
    case "grid": return try grid(item)
    default: throw MediaError(unsupported: path, "an HEIF", "it is coded as '\(kind)'")
    }
  }

  /// The cropping of an item, and then its orientation.
  func transformations(of item: HEIF.ID) throws(MediaError) -> (Crop?, Orientation) {
    var (crop, orientation) = (Crop?.none, Orientation.upright)
    for property in file.properties(of: item) {
      switch property {
      case .crop(let numbers):
        guard let wanted = Crop(numbers) else { throw damaged() }
        guard crop == nil, orientation == .upright else {
          throw MediaError(unsupported: path, "an HEIF", "it is cut out after it is turned")
        }
        crop = wanted
      case .rotation(let quarters):
        for _ in 0..<quarters { orientation = orientation.turnedLeft }
      case .mirror(let leftRight):
        if leftRight { orientation.mirrorsX.toggle() } else { orientation.mirrorsY.toggle() }
      default: break
      }
    }
    return (crop, orientation)
  }

  private func decode(_ item: HEIF.ID, codec: AVCodecID) throws(MediaError) -> FrameBuffer {
    guard let content = file.content(of: item, limit: MediaLimits.pictureBytes) else {
      throw damaged()
    }
    var parameters = avcodec_parameters_alloc()
    defer { avcodec_parameters_free(&parameters) }
    guard let parameters else {
      throw MediaError(outOfMemory: path, "decoded")
    }
    parameters.pointee.codec_type = AVMEDIA_TYPE_VIDEO
    parameters.pointee.codec_id = codec
    // AV1 repeats its configuration in the content.
    for case .configuration(let configuration) in file.properties(of: item)
    where codec == AV_CODEC_ID_HEVC {
      let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
      guard let copy = av_mallocz(configuration.count + padding) else {
        throw MediaError(outOfMemory: path, "decoded")
      }
      if let first = configuration.bytes.baseAddress {
        copy.copyMemory(from: first, byteCount: configuration.count)
      }
      av_freep(&parameters.pointee.extradata)
      parameters.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
      parameters.pointee.extradata_size = Int32(configuration.count)
    }
    let decoder = try Decoder(
      codec, parameters: parameters,
      options: Decoder.Options(maxPixels: MediaLimits.stillPixels, isStrict: true), path: path)
    let frame = try decoder.picture(in: PacketBuffer(content, path: path), path: path)
    for case .color(let matrix, let isFullRange) in file.properties(of: item) {
      // RGB follows from the samples' format; 2 means unspecified.
      if matrix != 0, matrix != 2 {
        frame.pointer.pointee.colorspace = AVColorSpace(rawValue: UInt32(matrix))
      }
      frame.pointer.pointee.color_range = isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    }
    // The default of ISO/IEC 23000-22, unlike that of video players.
    if frame.pointer.pointee.colorspace == AVCOL_SPC_UNSPECIFIED {
      frame.pointer.pointee.colorspace = AVCOL_SPC_SMPTE170M
    }
    // The value of the HEVC decoder is a default, too.
    if frame.pointer.pointee.chroma_location == AVCHROMA_LOC_UNSPECIFIED
      || codec == AV_CODEC_ID_HEVC
    {
      frame.pointer.pointee.chroma_location = AVCHROMA_LOC_CENTER
    }
    return frame
  }

  /// A picture composed of tiles of the same size.
  private func grid(_ item: HEIF.ID) throws(MediaError) -> FrameBuffer {
    guard let content = file.content(of: item, limit: 64) else { throw damaged() }
    let tiles = file.parts(of: item)
    guard let layout = content.withUnsafeBytes({ GridLayout(ByteReader(bytes: $0)) }),
      tiles.count == layout.rows * layout.columns, tiles.count <= MediaLimits.tiles
    else { throw damaged() }
    var whole: FrameBuffer?
    for (index, tile) in tiles.enumerated() {
      guard file.kind(of: tile) != "grid" else { throw damaged() }
      let (crop, orientation) = try transformations(of: tile)
      guard crop == nil, orientation == .upright else {
        throw MediaError(unsupported: path, "an HEIF", "its tiles are turned")
      }
      let part = try frame(of: tile)
      let (across, down) = (part.width * layout.columns, part.height * layout.rows)
      guard (1...across).contains(layout.width), (1...down).contains(layout.height) else {
        throw damaged()
      }
      guard across * down <= MediaLimits.stillPixels else {
        throw MediaError(
          oversized: path, width: across, height: down, limit: MediaLimits.stillPixels)
      }
      if whole == nil { whole = try part.canvas(width: across, height: down, path: path) }
      guard let whole, (across, down) == (whole.width, whole.height),
        whole.place(
          part, left: index % layout.columns * part.width,
          top: index / layout.columns * part.height)
      else {
        throw MediaError(unsupported: path, "an HEIF", "its tiles differ in kind")
      }
    }
    guard let whole else { throw damaged() }
    whole.pointer.pointee.width = Int32(layout.width)
    whole.pointer.pointee.height = Int32(layout.height)
    return whole
  }
}

/// The number of tiles of a picture, and the part that is shown, from the top left.
private struct GridLayout {
  let rows: Int
  let columns: Int
  let width: Int
  let height: Int

  init?(_ reader: ByteReader) {
    guard let flags = reader.uint8(at: 1), let rows = reader.uint8(at: 2),
      let columns = reader.uint8(at: 3)
    else { return nil }
    let size = flags & 1 == 0 ? 2 : 4
    guard let width = reader.integer(at: 4, size: size),
      let height = reader.integer(at: 4 + size, size: size)
    else { return nil }
    (self.rows, self.columns, self.width, self.height) = (rows + 1, columns + 1, width, height)
  }
}

/// A part of a picture, as numbers in a "clap" box.
private struct Crop {
  /// The numbers, each with its denominator.
  private let numbers: [Int]

  /// Nil for invalid numbers.
  init?(_ numbers: [Int]) {
    guard numbers.count == 8, stride(from: 1, to: 8, by: 2).allSatisfy({ numbers[$0] > 0 }),
      numbers[0] > 0, numbers[2] > 0
    else { return nil }
    self.numbers = numbers
  }

  /// The part in pixels; nil if it extends beyond the picture.
  func part(width: Int, height: Int) -> (left: Int, top: Int, width: Int, height: Int)? {
    func value(_ index: Int) -> Double { Double(numbers[index]) / Double(numbers[index + 1]) }
    let (newWidth, newHeight) = (value(0).rounded(), value(2).rounded())
    let left = ((Double(width) - newWidth) / 2 + value(4)).rounded()
    let top = ((Double(height) - newHeight) / 2 + value(6)).rounded()
    guard newWidth >= 1, newHeight >= 1, left >= 0, top >= 0, left + newWidth <= Double(width),
      top + newHeight <= Double(height)
    else { return nil }
    return (Int(left), Int(top), Int(newWidth), Int(newHeight))
  }
}

extension FrameBuffer {
  /// An empty frame of the same kind.
  fileprivate func canvas(width: Int, height: Int, path: String) throws(MediaError) -> FrameBuffer {
    guard let canvas = FrameBuffer(width: width, height: height, format: format) else {
      throw MediaError(outOfMemory: path, "decoded")
    }
    canvas.pointer.pointee.colorspace = pointer.pointee.colorspace
    canvas.pointer.pointee.color_range = pointer.pointee.color_range
    canvas.pointer.pointee.chroma_location = pointer.pointee.chroma_location
    return canvas
  }

  /// Copies a smaller frame into this one; returns false if that is impossible.
  fileprivate func place(_ part: FrameBuffer, left: Int, top: Int) -> Bool {
    guard part.format == format, part.pointer.pointee.colorspace == pointer.pointee.colorspace,
      part.pointer.pointee.color_range == pointer.pointee.color_range,
      left + part.width <= width, top + part.height <= height,
      let description = av_pix_fmt_desc_get(format)?.pointee, description.nb_components <= 3,
      description.flags & UInt64(AV_PIX_FMT_FLAG_PLANAR | AV_PIX_FMT_FLAG_BITSTREAM)
        == UInt64(AV_PIX_FMT_FLAG_PLANAR) || description.nb_components == 1
    else { return false }
    let sampleBytes = (Int(description.comp.0.depth) + 7) / 8
    let planes = [
      (
        pointer.pointee.data.0, pointer.pointee.linesize.0, part.pointer.pointee.data.0,
        part.pointer.pointee.linesize.0
      ),
      (
        pointer.pointee.data.1, pointer.pointee.linesize.1, part.pointer.pointee.data.1,
        part.pointer.pointee.linesize.1
      ),
      (
        pointer.pointee.data.2, pointer.pointee.linesize.2, part.pointer.pointee.data.2,
        part.pointer.pointee.linesize.2
      ),
    ]
    for (index, plane) in planes.prefix(Int(description.nb_components)).enumerated() {
      let isChroma = index > 0 && description.flags & UInt64(AV_PIX_FMT_FLAG_RGB) == 0
      let (shiftX, shiftY) =
        isChroma ? (Int(description.log2_chroma_w), Int(description.log2_chroma_h)) : (0, 0)
      // The chroma of a tile must begin at a sample of its own.
      guard left & (1 << shiftX - 1) == 0, top & (1 << shiftY - 1) == 0, let target = plane.0,
        let source = plane.2
      else { return false }
      let columns = (part.width + 1 << shiftX - 1) >> shiftX
      let rows = (part.height + 1 << shiftY - 1) >> shiftY
      av_image_copy_plane(
        target + (top >> shiftY) * Int(plane.1) + (left >> shiftX) * sampleBytes, plane.1, source,
        plane.3, Int32(columns * sampleBytes), Int32(rows))
    }
    return true
  }
}

extension Picture {
  /// Composites the picture on black. White in `opacity`, which has the same size, keeps a pixel.
  fileprivate mutating func multiply(by opacity: Picture) {
    for index in pixels.indices {
      pixels[index] = pixels[index].scaled(by: opacity.pixels[index])
    }
  }
}
