import CFFmpeg

extension Picture {
  /// Decodes a picture file of any format that FFmpeg reads (of an animation the first frame),
  /// turned as its EXIF orientation says, alpha composited on black.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - shortSide: Scale, with antialiasing, so that the short side has so many pixels and the long
  ///     one keeps the aspect (rounded); nil keeps the size.
  /// - Throws: `MediaError` if the file cannot be read, is no picture, is damaged or cut off (a
  ///   picture of which only a part decodes is refused), has a side of less than 8 pixels, sides in
  ///   a ratio above 32, or more pixels than 200 million (JPEG) or 100 million (other formats).
  public init(contentsOf path: String, shortSide: Int? = nil) throws(MediaError) {
    let packet = try PacketBuffer(contentsOf: path, limit: MediaLimits.pictureBytes)
    let (frame, orientation) =
      if let header = PictureHeader(packet.bytes) {
        (
          try decode(packet, header: header, shortSide: shortSide, path: path), header.orientation
        )
      } else {
        try decodeFirstFrame(path)
      }
    guard !frame.isDamaged else { throw MediaError(.damaged, path, "is cut off or damaged") }
    self = try FrameScaler().picture(frame, shortSide: shortSide, path: path).turned(orientation)
  }
}

/// Decodes a file held in memory whose codec is known.
private func decode(
  _ packet: PacketBuffer, header: PictureHeader, shortSide: Int?, path: String
) throws(MediaError) -> FrameBuffer {
  guard !header.isCutOff else { throw MediaError(.damaged, path, "is cut off or damaged") }
  let isJPEG = header.codec == AV_CODEC_ID_MJPEG
  let limit = isJPEG ? MediaLimits.scalablePixels : MediaLimits.stillPixels
  guard header.width <= limit, header.height <= limit, header.width * header.height <= limit else {
    throw MediaError(
      .unsuitableSize, path,
      "is \(header.width)x\(header.height) pixels, more than the \(limit / 1_000_000) million "
        + "allowed; scale it down")
  }
  if header.width > 0 && header.height > 0 {
    // Before the work of decoding.
    _ = try scaledSize(
      width: header.width, height: header.height, shortSide: shortSide, path: path)
  }
  av_shrink_packet(packet.pointer, Int32(header.length))
  if header.codec == AV_CODEC_ID_TIFF { TIFFDirectory.keepOnlyDecodingTags(packet.mutableBytes) }
  var options = Decoder.Options(maxPixels: limit, isStrict: true)
  if isJPEG, header.components < 4, let shortSide {
    // Half the frequencies of a block make half the size: quick and small, but not free of aliases.
    // Scaling by four or more afterwards keeps the mean difference from the full decode below
    // 1/255 (at two it is above).
    while options.lowres < 3,
      min(header.width, header.height) >> (options.lowres + 1) >= 4 * shortSide
    {
      options.lowres += 1
    }
  }
  let decoder = try Decoder(header.codec, options: options, path: path)
  let frame = FrameBuffer()
  var status = decoder.send(packet)
  if status >= 0 {
    status = decoder.receive(frame)
    if status == cff_error_again() {
      _ = decoder.send(nil)
      status = decoder.receive(frame)
    }
  }
  guard status >= 0 else {
    throw MediaError(.damaged, path, "is cut off or damaged: \(ffmpegText(status))")
  }
  // Unlike in video of the same range, and FFmpeg does not say so.
  if header.codec == AV_CODEC_ID_WEBP {
    frame.pointer.pointee.chroma_location = AVCHROMA_LOC_CENTER
  }
  if isJPEG, header.components == 4, !header.hasAdobeSegment { frame.takeAsInks() }
  return frame
}

extension FrameBuffer {
  /// Makes RGB of a JPEG's four components without Adobe's segment, which FFmpeg takes for YUV with
  /// alpha. They are cyan, magenta, yellow and black, 255 for no ink: as everybody does, inverted
  /// inks are assumed whether Adobe's segment is there or not.
  fileprivate func takeAsInks() {
    guard format == AV_PIX_FMT_YUVA444P, av_frame_make_writable(pointer) >= 0,
      let first = pointer.pointee.data.0, let second = pointer.pointee.data.1,
      let third = pointer.pointee.data.2, let fourth = pointer.pointee.data.3
    else { return }
    let strides = pointer.pointee.linesize
    for row in 0..<height {
      let cyan = first + row * Int(strides.0)
      let magenta = second + row * Int(strides.1)
      let yellow = third + row * Int(strides.2)
      let black = fourth + row * Int(strides.3)
      for column in 0..<width {
        let light = UInt32(black[column])
        func level(_ ink: UInt8) -> UInt8 { UInt8((UInt32(ink) * light + 127) / 255) }
        let red = level(cyan[column])
        cyan[column] = level(magenta[column])  // the planes of GBRP
        magenta[column] = level(yellow[column])
        yellow[column] = red
      }
    }
    pointer.pointee.format = AV_PIX_FMT_GBRP.rawValue
    pointer.pointee.colorspace = AVCOL_SPC_RGB
  }
}

/// Decodes the first frame of what needs a demuxer: GIF, HEIF, AVIF and the rarer formats.
private func decodeFirstFrame(_ path: String) throws(MediaError) -> (FrameBuffer, Orientation) {
  let input = try MediaInput(path)
  let decoder = try Decoder(
    input.parameters.pointee.codec_id, parameters: input.parameters,
    options: Decoder.Options(maxPixels: MediaLimits.stillPixels, isStrict: true), path: path)
  let packet = PacketBuffer()
  let frame = FrameBuffer()
  for _ in 0..<MediaLimits.fruitlessPackets {
    let isAtEnd = input.read(packet) < 0
    let status = decoder.send(isAtEnd ? nil : packet)
    guard status >= 0 || isAtEnd else {
      throw MediaError(.damaged, path, "is cut off or damaged: \(ffmpegText(status))")
    }
    let received = decoder.receive(frame)
    if received >= 0 { return (frame, input.orientation) }
    guard received == cff_error_again(), !isAtEnd else {
      throw MediaError(.damaged, path, "is cut off or damaged: \(ffmpegText(received))")
    }
  }
  throw MediaError(.damaged, path, "is cut off or damaged")
}
