import CFFmpeg

extension Picture {
  /// Decodes a picture file in any format that FFmpeg reads (for animations, the first frame), in its EXIF orientation,
  /// with alpha composited on black.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - shortSide: The number of pixels of the short side after scaling with antialiasing. The long side keeps the
  ///     aspect ratio (rounded). Nil for no scaling.
  /// - Throws: `MediaError` if the file cannot be read, is not a picture, is damaged or truncated (partly decoded
  ///   pictures are rejected), has a side below 8 pixels, sides with a ratio above 32, or more than 200 million pixels
  ///   (JPEG) or 100 million pixels (other formats).
  public init(contentsOf path: String, shortSide: Int? = nil) throws(MediaError) {
    try self.init(contentsOf: MediaFile(path), shortSide: shortSide)
  }

  /// The same for a picture that may be a part of a file.
  ///
  /// - Throws: `MediaError`.
  public init(contentsOf file: MediaFile, shortSide: Int? = nil) throws(MediaError) {
    let path = file.path
    let packet = try PacketBuffer(contentsOf: file, limit: MediaLimits.pictureBytes)
    // The code that inspects the packet does not keep it alive.
    defer { withExtendedLifetime(packet) {} }
    if let content = HEIF(ByteReader(bytes: packet.bytes)) {
      self = try decodeHEIF(content, shortSide: shortSide, path: path)
    } else if let header = PictureHeader(packet.bytes, path: path) {
      self = try decode(packet, header: header, shortSide: shortSide, path: path)
        .turned(header.orientation)
    } else {
      let (frame, orientation) = try decodeFirstFrame(file)
      self = try FrameScaler().picture(frame, shortSide: shortSide, path: path).turned(orientation)
    }
  }
}

/// Decodes a file in memory whose codec is known; the picture is as stored, not rotated.
private func decode(
  _ packet: PacketBuffer, header: PictureHeader, shortSide: Int?, path: String
) throws(MediaError) -> Picture {
  if let reason = header.unsupported { throw MediaError(unsupported: path, "a JPEG", reason) }
  guard !header.isCutOff else { throw MediaError(decoding: path) }
  if let (width, height) = header.size {
    try checkSize(
      width: width, height: height, limit: header.limit, shortSide: shortSide, path: path)
  }
  if let animation = header.animation {
    return try animation.picture(shortSide: shortSide, path: path) { still throws(MediaError) in
      try decodeFrame(still, header: header, path: path)
    }
  }
  let frame: FrameBuffer
  if header.isForLibTIFF {
    frame = try decodeByLibTIFF(packet, shortSide: shortSide, path: path)
  } else {
    av_shrink_packet(packet.pointer, Int32(header.length))
    switch header.codec {
    case AV_CODEC_ID_TIFF: TIFFDirectory.keepOnlyDecodingTags(packet.mutableBytes)
    case AV_CODEC_ID_PNG:
      let length = keepOnlyDecodingChunks(
        ofPNG: packet.mutableBytes, transparency: header.transparentGray == nil)
      av_shrink_packet(packet.pointer, Int32(length))
    default: break
    }
    if let shortSide,
      let reduced = try Picture(
        reducing: packet, header: header, shortSide: shortSide, path: path)
    {
      return reduced
    }
    frame = try decodeFrame(packet, header: header, path: path)
  }
  return try FrameScaler().picture(frame, shortSide: shortSide, path: path)
}

private func decodeFrame(
  _ packet: PacketBuffer, header: PictureHeader, path: String
) throws(MediaError) -> FrameBuffer {
  let isJPEG = header.codec == AV_CODEC_ID_MJPEG
  let options = Decoder.Options(maxPixels: header.limit, isStrict: true)
  let decoder = try Decoder(header.codec, options: options, path: path)
  let frame = try decoder.picture(in: packet, path: path)
  // Unlike in a video of the same range, which FFmpeg does not report.
  if header.codec == AV_CODEC_ID_WEBP {
    frame.pointer.pointee.chroma_location = AVCHROMA_LOC_CENTER
  }
  if isJPEG, header.components == 4, !header.hasAdobeSegment { frame.takeAsInks() }
  if header.hasFillerForAlpha, frame.format == AV_PIX_FMT_BGRA {
    frame.pointer.pointee.format = AV_PIX_FMT_BGR0.rawValue
  }
  if let key = header.transparentGray { try frame.blacken(gray: key, path: path) }
  return frame
}

extension FrameBuffer {
  /// Makes pixels black whose gray is `gray`, in 0...255: FFmpeg compares the transparent gray of a PNG with less than 8
  /// bits to samples that are already expanded to 8 bits, or rejects it.
  fileprivate func blacken(gray: UInt8, path: String) throws(MediaError) {
    switch format {
    case AV_PIX_FMT_MONOBLACK where gray == 0: return
    case AV_PIX_FMT_MONOBLACK, AV_PIX_FMT_GRAY8: break
    default: throw MediaError(decoding: path)
    }
    let isBilevel = format == AV_PIX_FMT_MONOBLACK
    guard av_frame_make_writable(pointer) >= 0, let data = pointer.pointee.data.0 else {
      throw MediaError(outOfMemory: path, "decoded")
    }
    let stride = Int(pointer.pointee.linesize.0)
    for row in 0..<height {
      let line = data + row * stride
      for column in 0..<(isBilevel ? (width + 7) / 8 : width) {
        if isBilevel || line[column] == gray { line[column] = 0 }
      }
    }
  }

  /// Makes RGB of a JPEG with four components and no Adobe segment, which FFmpeg treats as YUV with alpha. The components
  /// are cyan, magenta, yellow and black, with 255 for no ink: like other programs, this assumes inverted inks with or
  /// without an Adobe segment.
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
        let light = black[column]
        let red = cyan[column].scaled(by: light)
        cyan[column] = magenta[column].scaled(by: light)  // the planes of GBRP
        magenta[column] = yellow[column].scaled(by: light)
        yellow[column] = red
      }
    }
    pointer.pointee.format = AV_PIX_FMT_GBRP.rawValue
    pointer.pointee.colorspace = AVCOL_SPC_RGB
  }
}

/// Decodes the first frame of formats that need a demuxer: GIF and rarer formats.
private func decodeFirstFrame(_ file: MediaFile) throws(MediaError) -> (FrameBuffer, Orientation) {
  let (input, path) = (try MediaInput(file), file.path)
  let decoder = try Decoder(
    input.parameters.pointee.codec_id, parameters: input.parameters,
    options: Decoder.Options(maxPixels: MediaLimits.stillPixels, isStrict: true), path: path)
  let packet = PacketBuffer()
  let frame = FrameBuffer()
  for _ in 0..<MediaLimits.fruitlessPackets {
    let isAtEnd = input.read(packet) < 0
    let status = decoder.send(isAtEnd ? nil : packet)
    guard status >= 0 || isAtEnd else {
      throw MediaError(decoding: path, status: status)
    }
    let received = decoder.receive(frame)
    if received >= 0 {
      guard !frame.isDamaged, decoder.complaints == 0 else { throw MediaError(decoding: path) }
      return (frame, input.orientation)
    }
    guard received == cff_error_again(), !isAtEnd else {
      throw MediaError(decoding: path, status: received)
    }
  }
  throw MediaError(decoding: path)
}
